"""CDK prints its report from Node.js, so it is read where CDK writes it: validation-report.json."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import (
    Acknowledgment,
    App,
    CfnDeletionPolicy,
    CfnParameter,
    CfnResource,
    Environment,
    NestedStack,
    Stack,
    Stage,
    Validations,
)
from aws_cdk import aws_rds as rds
from aws_cdk import aws_sns as sns
from constructs import Construct
from seawall.cdk_host import UNREAD, SeawallPlugin
from seawall.configuration import Misuse

Synthesize = Callable[..., list[dict[str, Any]]]
BUILD = Callable[[App], None]


@pytest.fixture
def synthesize(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Synthesize:
    """Synthesizes an app under the plugin; returns Seawall's violations, after a failure under ``fails``."""
    monkeypatch.chdir(tmp_path)

    def run(build: BUILD, *, fails: bool = False, **options: Any) -> list[dict[str, Any]]:
        app = App(outdir=str(tmp_path / "cdk.out"))
        build(app)
        Validations.of(app).add_plugins(SeawallPlugin(**options))
        if fails:
            with pytest.raises(RuntimeError, match="ValidationFailed"):
                app.synth()
        else:
            app.synth()
        return violations(tmp_path / "cdk.out" / "validation-report.json")

    return run


def violations(file: Path) -> list[dict[str, Any]]:
    reports = json.loads(file.read_text())["pluginReports"] if file.exists() else []
    return [entry for report in reports if report["pluginName"] == "seawall" for entry in report["violations"]]


def rules(found: list[dict[str, Any]]) -> set[str]:
    return {violation["ruleName"] for violation in found}


def database(scope: Construct, name: str = "Orders", *, spread: bool = True) -> rds.CfnDBInstance:
    """A database that survives everything, but for its zone where ``spread`` is false."""
    instance = rds.CfnDBInstance(
        scope,
        name,
        engine="postgres",
        multi_az=spread,
        backup_retention_period=14,
        deletion_protection=True,
        max_allocated_storage=100,
    )
    instance.cfn_options.deletion_policy = CfnDeletionPolicy.SNAPSHOT
    instance.cfn_options.update_replace_policy = CfnDeletionPolicy.SNAPSHOT
    return instance


def ireland(app: Construct) -> Stack:
    return Stack(app, "Shop", env=Environment(region="eu-west-1"))


def test_a_design_that_survives_is_synthesized(synthesize: Synthesize) -> None:
    assert synthesize(lambda app: database(ireland(app))) == []


def test_a_design_that_does_not_survive_fails_the_synthesis_with_path_line_and_fix(
    synthesize: Synthesize,
) -> None:
    found = synthesize(lambda app: database(ireland(app), spread=False), fails=True)
    (violation,) = [entry for entry in found if entry["ruleName"] == "SEA_SINGLE_AZ_DATABASE"]
    assert violation["severity"] == "error"
    assert violation["description"].startswith("Database runs in a single availability zone: ")
    assert "MultiAZ" in violation["suggestedFix"]
    assert "seawall explain SEA_SINGLE_AZ_DATABASE" in violation["suggestedFix"]
    (place,) = violation["violatingConstructs"]
    assert place["constructPath"] == "Shop/Orders"
    assert place["cloudFormationResource"]["logicalId"] == "Orders"
    assert place["cloudFormationResource"]["propertyPaths"] == ["Properties/MultiAZ"]


def test_stages_and_nested_stacks_are_judged(synthesize: Synthesize) -> None:
    def build(app: App) -> None:
        database(NestedStack(ireland(app), "Nested"), spread=False)
        database(Stack(Stage(app, "Production", env=Environment(region="us-east-1")), "Shop"), spread=False)

    found = synthesize(build, fails=True)
    paths = {place["constructPath"] for entry in found for place in entry["violatingConstructs"]}
    assert paths == {"Shop/Nested/Orders", "Production/Shop/Orders"}


def test_undecided_is_shown_and_does_not_fail(synthesize: Synthesize) -> None:
    def build(app: App) -> None:
        stack = ireland(app)
        spread = CfnParameter(stack, "Spread", type="String")
        database(stack).add_property_override("MultiAZ", {"Ref": spread.logical_id})

    (violation,) = synthesize(build)
    assert violation["severity"] == "info"
    assert "undecided: MultiAZ depends on parameter Spread" in violation["description"]


def test_a_parameter_value_decides(synthesize: Synthesize) -> None:
    def build(app: App) -> None:
        stack = ireland(app)
        spread = CfnParameter(stack, "Spread", type="String")
        database(stack).add_property_override("MultiAZ", {"Ref": spread.logical_id})

    assert synthesize(build, parameters={"Spread": "true"}) == []


def test_what_is_acknowledged_with_a_reason_does_not_fail(synthesize: Synthesize) -> None:
    def build(app: App) -> None:
        scratch = database(ireland(app), spread=False)
        acknowledgment = Acknowledgment(id="seawall::SEA_SINGLE_AZ_DATABASE", reason="test data")
        Validations.of(scratch).acknowledge(acknowledgment)

    assert synthesize(build) == []


def test_an_exception_in_the_metadata_does_not_fail(synthesize: Synthesize) -> None:
    def build(app: App) -> None:
        skip = [{"id": "SEA_SINGLE_AZ_DATABASE", "reason": "test data"}]
        database(ireland(app), spread=False).add_metadata("seawall", {"skip": skip})

    assert synthesize(build) == []


def test_the_objective_is_the_given_one_or_that_of_seawall_yaml(
    synthesize: Synthesize, own_policies: Path, tmp_path: Path
) -> None:
    def build(app: App) -> None:
        sns.CfnTopic(ireland(app), "News")

    options: dict[str, Any] = {"policies": [own_policies], "fails": True}
    assert rules(synthesize(build, **options)) == {"SEA_NAMELESS_TOPIC"}
    (tmp_path / "seawall.yaml").write_text("objective: multi-region\n")
    assert rules(synthesize(build, **options)) == {"SEA_NAMELESS_TOPIC", "SEA_REGIONAL_TOPIC"}
    assert rules(synthesize(build, objective="multi-az", **options)) == {"SEA_NAMELESS_TOPIC"}


def test_an_unknown_objective_is_refused() -> None:
    with pytest.raises(Misuse, match="objective is multi-az or multi-region, not 'moon'"):
        SeawallPlugin(objective="moon")


def test_a_broken_policy_fails_clearly_and_the_others_judge(synthesize: Synthesize, own_policies: Path) -> None:
    (own_policies / "naming" / "broken.py").write_text("import nothing_called_so\n")

    def build(app: App) -> None:
        CfnResource(ireland(app), "News", type="AWS::SNS::Topic")

    found = synthesize(build, policies=[own_policies], fails=True)
    (unread,) = [entry for entry in found if entry["ruleName"] == UNREAD]
    assert unread["severity"] == "fatal"
    assert "broken.py could not be read or judged: ModuleNotFoundError" in unread["description"]
    assert "SEA_NAMELESS_TOPIC" in rules(found)


def test_the_plugin_names_its_rules_and_version() -> None:
    plugin = SeawallPlugin()
    assert plugin.name == "seawall"
    assert "SEA_SINGLE_AZ_DATABASE" in plugin.rule_ids


def test_no_other_module_of_the_engine_imports_cdk(repository: Path) -> None:
    engine = repository / "policies" / "seawall"
    imports = re.compile(r"^\s*(import|from) aws_cdk", re.MULTILINE)
    assert [file.name for file in engine.rglob("*.py") if imports.search(file.read_text())] == ["cdk_host.py"]
