"""Backup plans outside the templates, as ``assume`` of ``seawall.yaml`` declares them."""

from pathlib import Path
from typing import Any

import pytest
from seawall.assumptions import AssumedPlan
from seawall.backup_plans import backup_coverage
from seawall.coverage import Coverage
from seawall.design import Design
from seawall.protection import volume_coverage
from seawall.values import Unknown

from tests.command import check
from tests.designs import design, one, resource, table, tags

DAILY = AssumedPlan("organisation-daily", "seawall.yaml", tags=(("backup", ("daily",)),), copies_to=("eu-west-1",))


def assuming(found: Design, *plans: AssumedPlan) -> Design:
    found.assumed = plans
    return found


def covered(resources: dict[str, Any], name: str, *plans: AssumedPlan, **more: Any) -> Coverage:
    found = assuming(design(resources, **more), *plans)
    return backup_coverage(one(found, name), found)


def test_an_assumed_plan_covers_what_bears_its_tags_and_says_that_it_is_assumed() -> None:
    found = covered({"Orders": table(Tags=tags(backup="daily"))}, "Orders", DAILY)
    assert found.answer is True
    assert found.plans[0].name == "organisation-daily (assumed in seawall.yaml)"
    assert found.evidence == ("organisation-daily (assumed in seawall.yaml) → tag backup=daily → Orders",)
    (rule,) = found.plans[0].rules
    assert [copy.region for copy in rule.copies] == ["eu-west-1"]
    assert isinstance(rule.delete_after_days, Unknown)
    assert isinstance(rule.schedule, Unknown)


@pytest.mark.parametrize("written", [tags(backup="Daily"), tags(Backup="daily"), [], tags(backup="weekly")])
def test_an_assumed_plan_does_not_cover_what_bears_other_tags(written: list[dict[str, Any]]) -> None:
    assert covered({"Orders": table(Tags=written)}, "Orders", DAILY).answer is False


def test_all_tags_of_a_plan_have_to_be_there_each_with_one_of_its_values() -> None:
    plan = AssumedPlan(
        "p", "seawall.yaml", tags=(("backup", ("daily", "hourly")), ("team", ("*",)), ("copy", ("true",)))
    )
    sound = {"Tags": tags(backup="hourly", team="shop", copy=True)}
    assert covered({"Orders": table(**sound)}, "Orders", plan).answer is True
    assert covered({"Orders": table(Tags=tags(backup="hourly", copy=True))}, "Orders", plan).answer is False


def test_a_tag_from_a_parameter_leaves_it_open_and_names_the_parameter() -> None:
    resources = {"Orders": table(Tags=tags(backup={"Ref": "Backup"}))}
    found = covered(resources, "Orders", DAILY, Parameters={"Backup": {"Type": "String"}})
    assert isinstance(found.answer, Unknown)
    assert "parameter Backup" in str(found.answer)


@pytest.mark.parametrize(
    ("types", "answer"),
    [
        (("AWS::DynamoDB::*",), True),
        (("*",), True),
        (("AWS::RDS::*", "AWS::DynamoDB::Table"), True),
        (("AWS::S3::*",), False),
    ],
)
def test_a_plan_may_take_types(types: tuple[str, ...], *, answer: bool) -> None:
    plan = AssumedPlan("p", "seawall.yaml", types=types, retention_days=35, schedule="rate(1 hour)")
    found = covered({"Orders": table()}, "Orders", plan)
    assert found.answer is answer
    if answer:
        (rule,) = found.plans[0].rules
        assert (rule.delete_after_days, rule.schedule) == (35.0, "rate(1 hour)")


def test_a_volume_is_covered_by_the_plan_that_takes_its_instance() -> None:
    resources = {
        "Server": resource("AWS::EC2::Instance", Tags=tags(backup="daily"), Volumes=[{"VolumeId": {"Ref": "Disk"}}]),
        "Disk": resource("AWS::EC2::Volume"),
    }
    found = assuming(design(resources), DAILY)
    assert volume_coverage(one(found, "Disk"), found).answer is True


def test_an_assumption_holds_in_every_scenario() -> None:
    found = assuming(design({"Orders": table()}), DAILY)
    assert found.under({}, "elsewhere").assumed == (DAILY,)


def test_a_plan_of_the_design_is_named_before_an_assumed_one() -> None:
    from tests.designs import PLAN, selection, tag_entry

    resources = {
        "Orders": table(Tags=tags(backup="daily")),
        "Plan": PLAN,
        "Selection": selection(ListOfTags=[tag_entry("backup", "daily")]),
    }
    assert [plan.name for plan in covered(resources, "Orders", DAILY).plans] == [
        "Plan",
        "organisation-daily (assumed in seawall.yaml)",
    ]


TEMPLATE = """\
Resources:
  Orders:
    Type: AWS::DynamoDB::Table
    Properties:
      DeletionProtectionEnabled: true
      Tags: [{Key: backup, Value: daily}]
"""
SOURCE = """\
resource "aws_dynamodb_table" "orders" {
  name                        = "orders"
  deletion_protection_enabled = true
  tags                        = { backup = "daily" }
}
"""


@pytest.mark.parametrize(("name", "text"), [("orders.yaml", TEMPLATE), ("main.tf", SOURCE)])
def test_policies_of_both_groups_see_the_assumed_plan_in_either_language(tmp_path: Path, name: str, text: str) -> None:
    if name.endswith(".tf"):
        pytest.importorskip("checkov")
    (tmp_path / name).write_text(text)
    (tmp_path / "seawall.yaml").write_text("objective: multi-region\n")
    chosen = ("--policy", "table_without_recovery", "--policy", "single_region_table")
    assert check(tmp_path, *chosen)[0] == 1
    (tmp_path / "seawall.yaml").write_text(
        "objective: multi-region\nassume: {backup_plans: [{tags: {backup: daily}, copies_to: [eu-west-1]}]}\n"
    )
    code, report = check(tmp_path, *chosen)
    assert code == 0
    told = {item["policy"]: item["evidence"] + [item["message"]] for item in report["findings"]}
    for policy in ("SEA_TABLE_WITHOUT_RECOVERY", "SEA_SINGLE_REGION_TABLE"):
        assert any("backup=daily (assumed in seawall.yaml)" in step for step in told[policy])
