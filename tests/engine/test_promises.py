"""Objectives by path and by tag, groups switched on and off, thresholds and severities, as the command applies them."""

import json
from pathlib import Path
from typing import Any

import pytest
from seawall.cli import main

from tests.command import check
from tests.designs import bucket, table, tags

REGIONAL = "SEA_SINGLE_REGION_TABLE"


def put(folder: Path, name: str, resources: dict[str, Any], **more: Any) -> Path:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"Resources": resources, **more}, indent=1))
    return file


def configured(folder: Path, text: str) -> None:
    (folder / "seawall.yaml").write_text(text)


def judged_for(folder: Path, policy: str, *arguments: str | Path) -> set[str]:
    """The resources about which a policy says anything."""
    report = check(folder, *arguments)[1]
    return {finding["resource"] for finding in report["findings"] if finding["policy"] == policy}


def test_an_objective_holds_for_the_paths_that_fit(tmp_path: Path) -> None:
    put(tmp_path, "checkout/orders.json", {"Orders": table()})
    put(tmp_path, "blog/posts.json", {"Posts": table()})
    configured(tmp_path, "objectives:\n  - {paths: [checkout/**], objective: multi-region}\n")
    assert judged_for(tmp_path, REGIONAL) == {"Orders"}
    assert judged_for(tmp_path / "blog", REGIONAL) == set()
    assert judged_for(tmp_path / "checkout" / "orders.json", REGIONAL) == {"Orders"}


def test_an_objective_holds_for_the_tags_that_fit(tmp_path: Path) -> None:
    resources = {
        "Orders": table(Tags=tags(tier="critical", team="shop")),
        "Posts": table(Tags=tags(tier="low", team="shop")),
        "Notes": table(Tags=tags(tier="critical")),
        "Drafts": table(),
        "Later": table(Tags=tags(tier={"Ref": "Tier"}, team="shop")),
    }
    put(tmp_path, "tables.json", resources, Parameters={"Tier": {"Type": "String"}})
    configured(tmp_path, "objectives:\n  - {tags: {tier: [critical, high], team: '*'}, objective: multi-region}\n")
    assert judged_for(tmp_path, REGIONAL) == {"Orders"}
    assert judged_for(tmp_path, REGIONAL, "--parameter", "Tier=high") == {"Orders", "Later"}


def test_the_first_rule_that_fits_counts(tmp_path: Path) -> None:
    put(tmp_path, "checkout/orders.json", {"Orders": table(), "Scratch": table(Tags=tags(scratch=True))})
    rules = [
        "  - {paths: [checkout], tags: {scratch: true}, objective: multi-az}",
        "  - {paths: [checkout], objective: multi-region}",
    ]
    configured(tmp_path, "\n".join(["objectives:", *rules]))
    assert judged_for(tmp_path, REGIONAL) == {"Orders"}


def test_a_resource_s_own_tag_wins_over_the_file_and_the_command_over_both(tmp_path: Path) -> None:
    resources = {
        "Orders": table(Tags=tags(**{"seawall:objective": "multi-region"})),
        "Posts": table(),
    }
    put(tmp_path, "tables.json", resources)
    assert judged_for(tmp_path, REGIONAL) == {"Orders"}
    configured(tmp_path, "objective: multi-region\n")
    put(tmp_path, "scratch.json", {"Scratch": table(Tags=tags(**{"seawall:objective": "multi-az"}))})
    assert judged_for(tmp_path, REGIONAL) == {"Orders", "Posts"}
    assert judged_for(tmp_path, REGIONAL, "--objective", "multi-az") == set()
    assert judged_for(tmp_path, REGIONAL, "--objective", "multi-region") == {"Orders", "Posts", "Scratch"}


def test_a_tag_in_terraform_counts_too(tmp_path: Path) -> None:
    pytest.importorskip("checkov")
    (tmp_path / "main.tf").write_text(
        'resource "aws_dynamodb_table" "orders" {\n  name = "orders"\n'
        '  tags = { "seawall:objective" = "multi-region" }\n}\n'
        'resource "aws_dynamodb_table" "posts" {\n  name = "posts"\n}\n'
    )
    assert judged_for(tmp_path, REGIONAL) == {"aws_dynamodb_table.orders"}


def test_a_tag_of_a_terraform_provider_counts_for_all_that_it_makes(tmp_path: Path) -> None:
    pytest.importorskip("checkov")
    (tmp_path / "main.tf").write_text('resource "aws_dynamodb_table" "orders" {\n  name = "orders"\n}\n')
    (tmp_path / "provider.tf").write_text(
        'provider "aws" {\n  region = "eu-west-1"\n  default_tags {\n'
        '    tags = { "seawall:objective" = "multi-region" }\n  }\n}\n'
    )
    assert judged_for(tmp_path, REGIONAL) == {"aws_dynamodb_table.orders"}


def test_a_tag_that_names_no_objective_is_reported_and_the_rest_is_judged(tmp_path: Path) -> None:
    put(tmp_path, "tables.json", {"Orders": table(Tags=tags(**{"seawall:objective": "moon"}))})
    code, report = check(tmp_path)
    assert code == 2
    (unread,) = report["unread"]
    assert unread["reason"] == "tag seawall:objective of Orders is multi-az or multi-region, not 'moon'"
    assert unread["line"]
    assert report["summary"]["flagged"]


def test_the_report_names_every_objective_that_was_judged(tmp_path: Path) -> None:
    put(tmp_path, "tables.json", {"Orders": table(Tags=tags(**{"seawall:objective": "multi-region"})), "P": table()})
    assert check(tmp_path)[1]["summary"]["objectives"] == ["multi-az", "multi-region"]


def test_a_group_is_switched_off_and_on_whatever_the_objective(tmp_path: Path) -> None:
    put(tmp_path, "tables.json", {"Orders": table()})
    configured(tmp_path, "groups: {delete: off, region: on}\n")
    groups = {finding["group"] for finding in check(tmp_path)[1]["findings"]}
    assert {"backup", "region"} <= groups
    assert "delete" not in groups
    assert judged_for(tmp_path, "SEA_DELETABLE_TABLE") == set()
    assert judged_for(tmp_path, "SEA_DELETABLE_TABLE", "--policy", "deletable_table") == {"Orders"}
    configured(tmp_path, "objective: multi-region\ngroups: {region: off}\n")
    assert judged_for(tmp_path, REGIONAL) == set()


def test_switching_everything_off_is_refused(tmp_path: Path) -> None:
    put(tmp_path, "tables.json", {"Orders": table()})
    configured(tmp_path, "groups: {zone: no, backup: no, delete: no, surge: no}\n")
    assert main(["check", str(tmp_path)]) == 2


@pytest.mark.parametrize(("severity", "code"), [("error", 1), ("warning", 0), ("note", 0)])
def test_only_errors_make_the_exit_code_1(tmp_path: Path, severity: str, code: int) -> None:
    put(tmp_path, "tables.json", {"Orders": table(DeletionProtectionEnabled=True)})
    configured(tmp_path, f"severity: {{backup: {severity}}}\n")
    found, report = check(tmp_path, "--policy", "table_without_recovery", "--policy", "deletable_table")
    assert found == code
    assert {item["severity"] for item in report["findings"] if item["group"] == "backup"} == {severity}
    assert {item["severity"] for item in report["findings"] if item["group"] == "delete"} == {"error"}


def test_what_could_not_be_read_ends_with_2_whatever_the_severity(tmp_path: Path) -> None:
    put(tmp_path, "tables.json", {"Orders": table()})
    (tmp_path / "broken.yaml").write_text("Resources:\n\tA:\n")
    configured(tmp_path, "severity: {backup: note, delete: note}\n")
    assert check(tmp_path)[0] == 2


def test_reports_follow_the_severity(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(tmp_path, "tables.json", {"Orders": table(), "Files": bucket()})
    configured(tmp_path, "severity: {backup: warning, delete: note}\n")

    chosen = ["table_without_recovery", "bucket_without_versions", "deletable_table", "single_az_database"]

    def printed(form: str) -> str:
        options = [part for name in chosen for part in ("--policy", name)]
        assert main(["check", str(tmp_path), "--format", form, *options]) == 0
        return capsys.readouterr().out

    levels = {result["ruleId"]: result["level"] for result in json.loads(printed("sarif"))["runs"][0]["results"]}
    assert levels["SEA_TABLE_WITHOUT_RECOVERY"] == "warning"
    assert levels["SEA_DELETABLE_TABLE"] == "note"
    rules = {rule["id"]: rule for rule in json.loads(printed("sarif"))["runs"][0]["tool"]["driver"]["rules"]}
    assert rules["SEA_TABLE_WITHOUT_RECOVERY"]["defaultConfiguration"]["level"] == "warning"
    assert rules["SEA_SINGLE_AZ_DATABASE"]["defaultConfiguration"]["level"] == "error"
    github = printed("github")
    assert "::warning file=" in github
    assert "::notice file=" in github
    assert "::error" not in github
    assert 'failures="0"' in printed("junit").splitlines()[1]
    assert "SEA\\_DELETABLE\\_TABLE, note" in printed("markdown")
    assert "3 flagged (2 warnings and 1 note)" in printed("text")


OWN_POLICY = '''"""A team's own policy."""

from seawall.design import Design, Resource
from seawall.policy import Verdict, flagged, policy


@policy(applies_to="AWS::DynamoDB::Table")
def demanded(table: Resource, design: Design) -> Verdict:
    """Table says what is demanded."""
    numbers = design.thresholds
    message = f"{numbers.minimum_retention_days} {numbers.rpo_minutes} {numbers.minimum_zones}"
    return flagged(message, fix="none", at="TableName")
'''


def test_thresholds_reach_the_policies_in_every_scenario(tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "demanded.py").write_text(OWN_POLICY)
    conditional = {**table(), "Condition": "Production"}
    put(
        tmp_path, "shop/tables.json", {"Orders": table(), "Later": conditional},
        Parameters={"Stage": {"Type": "String", "Default": "dev"}},
        Conditions={"Production": {"Fn::Equals": [{"Ref": "Stage"}, "prod"]}},
    )  # fmt: skip
    arguments = ("--policies", tmp_path / "own", "--policy", "demanded")

    def messages() -> set[str]:
        return {finding["message"] for finding in check(tmp_path / "shop", *arguments)[1]["findings"]}

    assert messages() == {"7 None 2"}
    configured(tmp_path, "thresholds: {minimum_retention_days: 30, rpo_minutes: 15, minimum_zones: 3}\n")
    assert messages() == {"30 15 3"}


def test_a_named_configuration_counts_instead_of_the_nearest(tmp_path: Path) -> None:
    put(tmp_path, "tables.json", {"Orders": table()})
    configured(tmp_path, "groups: {delete: off}\n")
    (tmp_path / "other.yaml").write_text("objective: multi-region\n")
    assert judged_for(tmp_path, REGIONAL, "--config", tmp_path / "other.yaml") == {"Orders"}
    assert judged_for(tmp_path, "SEA_DELETABLE_TABLE", "--config", tmp_path / "other.yaml") == {"Orders"}


def test_many_files_are_judged_alike_in_several_processes(tmp_path: Path) -> None:
    for number in range(70):
        put(tmp_path, f"shop/t{number}.json", {f"Table{number}": table()})
    configured(
        tmp_path, "objectives:\n  - {paths: ['shop/t1*.json'], objective: multi-region}\nseverity: {region: note}\n"
    )
    one, two = (check(tmp_path, "--jobs", jobs)[1]["findings"] for jobs in ("1", "2"))
    assert one == two
    assert sum(finding["policy"] == REGIONAL and finding["severity"] == "note" for finding in one) == 11
