"""What ``seawall.yaml`` says holds inside checkov and inside ``cdk synth`` as it does for the command."""

import json
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App, Environment, Stack, Tags, Validations
from aws_cdk import aws_dynamodb as dynamodb
from seawall.cdk_host import SeawallPlugin
from seawall.cli import main
from seawall.configuration import Misuse

from tests.designs import resource, table, tags
from tests.engine.test_joining import ZONAL, network, service
from tests.engine.test_promises import put
from tests.hosts.test_checkov_host import Run, checkov
from tests.hosts.test_hosts_agree import command

CONFIGURATION = """\
objectives:
  - {paths: ["regional/**"], objective: multi-region}
  - {tags: {tier: critical}, objective: multi-region}
groups: {surge: off}
assume:
  backup_plans: [{tags: {backup: daily}, copies_to: [eu-west-1]}]
designs:
  - templates: [network.json, service.json]
baseline: seawall-baseline.json
"""
DATABASE = resource("AWS::RDS::DBInstance", Engine="mysql", MultiAZ=False)


@pytest.fixture(scope="module")
def configured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which every key of the configuration changes a verdict."""
    folder = tmp_path_factory.mktemp("configured") / "infra"
    put(folder, "network.json", **network(0, 0))
    put(folder, "service.json", service("net-0", "net-1"))
    put(folder, "regional/tables.json", {"Regional": table()})
    put(folder, "tables.json", {
        "Critical": table(Tags=tags(tier="critical")),
        "Own": table(Tags=tags(**{"seawall:objective": "multi-region"})),
        "Plain": table(),
        "Covered": table(Tags=tags(backup="daily", tier="critical")),
        "Work": resource("AWS::SQS::Queue"),
    })  # fmt: skip
    put(folder, "known.json", {"Known": DATABASE})
    (folder / "seawall.yaml").write_text(CONFIGURATION)
    assert main(["baseline", str(folder / "known.json")]) == 0
    put(folder, "known.json", {"Known": DATABASE, "New": DATABASE})
    return folder


@pytest.fixture(scope="module")
def run(configured: Path, repository: Path) -> Run:
    """One run of checkov over the folder."""
    arguments = ("--external-checks-dir", str(repository / "policies"), "--check", "SEA_*")
    return checkov(configured, *arguments, "--framework", "cloudformation")


def test_the_command_judges_as_the_configuration_says(configured: Path) -> None:
    said = {(one.policy, one.resource): one.verdict for one in command(configured)}
    regional = {name: verdict for (policy, name), verdict in said.items() if policy == "SEA_SINGLE_REGION_TABLE"}
    assert regional == {"Critical": "flagged", "Own": "flagged", "Regional": "flagged", "Covered": "accepted"}
    assert said["SEA_TABLE_WITHOUT_RECOVERY", "Covered"] == "accepted"
    assert said[ZONAL, "Orders"] == "flagged"
    assert said["SEA_SINGLE_AZ_DATABASE", "Known"] == "skipped"
    assert said["SEA_SINGLE_AZ_DATABASE", "New"] == "flagged"
    assert not [one for one in said if "QUEUE" in one[0]]


def test_checkov_judges_the_same(configured: Path, run: Run) -> None:
    own = {(one.policy, one.resource, one.verdict) for one in command(configured)}
    words = {"failed_checks": "flagged", "passed_checks": "accepted"}
    host = {
        (entry["check_id"], entry["resource"].rpartition(".")[2], words[section])
        for result in run.results
        for section, entries in result["results"].items()
        if section in words
        for entry in entries
    }
    # What the baseline knows is neither passed nor failed there.
    assert host == {said for said in own if said[2] != "skipped"}
    assert "ERROR" not in run.log


def test_a_mistake_in_the_configuration_ends_checkov_with_2(tmp_path: Path, repository: Path) -> None:
    put(tmp_path / "infra", "tables.json", {"Orders": table()})
    (tmp_path / "infra" / "seawall.yaml").write_text("objective: moon\n")
    run = checkov(
        tmp_path / "infra", "--external-checks-dir", str(repository / "policies"), "--framework", "cloudformation"
    )
    assert run.code == 2
    assert "seawall.yaml:1: objective is multi-az or multi-region, not 'moon'" in run.log


# Inside cdk synth


def violations(folder: Path, monkeypatch: pytest.MonkeyPatch, **options: Any) -> tuple[bool, dict[str, set[str]]]:
    """Whether a small app is synthesized, and each violation's severities by rule."""
    monkeypatch.chdir(folder)
    app = App(outdir=str(folder / "cdk.out"))
    stack = Stack(app, "Shop", env=Environment(region="eu-central-1"))
    for name in ("Orders", "Posts"):
        key = dynamodb.CfnTable.KeySchemaProperty(attribute_name="k", key_type="HASH")
        made = dynamodb.CfnTable(stack, name, key_schema=[key], deletion_protection_enabled=True)
        if name == "Orders":
            Tags.of(made).add("backup", "daily")
    Validations.of(app).add_plugins(SeawallPlugin(**options))
    try:
        app.synth()
    except RuntimeError:
        passed = False
    else:
        passed = True
    file = folder / "cdk.out" / "validation-report.json"
    found: dict[str, set[str]] = {}
    for report in json.loads(file.read_text())["pluginReports"] if file.exists() else []:
        for entry in report["violations"] if report["pluginName"] == "seawall" else []:
            names = {place["cloudFormationResource"]["logicalId"] for place in entry["violatingConstructs"]}
            found.setdefault(f"{entry['ruleName']} {entry['severity']}", set()).update(names)
    return passed, found


def test_cdk_follows_the_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    passed, found = violations(tmp_path, monkeypatch)
    assert not passed
    assert found["SEA_TABLE_WITHOUT_RECOVERY error"] == {"Orders", "Posts"}
    (tmp_path / "seawall.yaml").write_text(
        "groups: {zone: off, delete: off, surge: off}\nseverity: {backup: warning}\n"
        "assume: {backup_plans: [{tags: {backup: daily}}]}\n"
    )
    passed, found = violations(tmp_path, monkeypatch)
    assert passed
    assert found["SEA_TABLE_WITHOUT_RECOVERY warning"] == {"Posts"}


def test_cdk_knows_the_baseline_and_a_named_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    violations(tmp_path, monkeypatch)
    (tmp_path / "ours.yaml").write_text("baseline: known.json\n")
    assert main(["baseline", "cdk.out", "--config", "ours.yaml"]) == 0
    passed, found = violations(tmp_path, monkeypatch, config="ours.yaml")
    assert passed
    assert not any(rule.endswith("error") for rule in found)


def test_a_mistake_in_the_configuration_is_refused_by_cdk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "seawall.yaml").write_text("severity: {zones: note}\n")
    with pytest.raises(Misuse, match=r"seawall\.yaml:1: no group is called 'zones'"):
        SeawallPlugin()
