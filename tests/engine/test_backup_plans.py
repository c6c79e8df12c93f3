"""Which backup plans and snapshot policies select a resource."""

from typing import Any

import pytest
from seawall.arns import meet
from seawall.design import Design
from seawall.plan_reach import Reach, reach_of
from seawall.protection import backup_coverage, table_replicas, volume_coverage
from seawall.values import Answer, Unknown

from tests.designs import PLAN, condition, design, one, resource, selection, table, tag_entry, tags, template


def selected(subject: dict[str, Any], **chosen: Any) -> Answer:
    """Whether a plan with this selection covers the subject, which is called ``It``."""
    found = design(
        {"It": subject, "Plan": PLAN, "Selection": selection(**chosen)},
        Parameters={"Any": {"Type": "String"}},
    )
    return backup_coverage(one(found, "It"), found).answer


def test_a_tag_selects_the_resources_that_carry_it() -> None:
    assert selected(table(Tags=tags(backup="daily")), ListOfTags=[tag_entry("backup", "daily")]) is True
    assert selected(table(Tags=tags(other="daily")), ListOfTags=[tag_entry("backup", "daily")]) is False


@pytest.mark.parametrize("own", [{"backup": "Daily"}, {"Backup": "daily"}])
def test_tags_are_case_sensitive(own: dict[str, str]) -> None:
    assert selected(table(Tags=tags(**own)), ListOfTags=[tag_entry("backup", "daily")]) is False


def test_one_of_the_listed_tags_is_enough() -> None:
    listed = [tag_entry("backup", "daily"), tag_entry("tier", "gold")]
    assert selected(table(Tags=tags(tier="gold")), ListOfTags=listed) is True


def test_a_listed_tag_adds_to_the_listed_resources() -> None:
    chosen = {"Resources": ["arn:aws:dynamodb:*:*:table/*"], "ListOfTags": [tag_entry("backup", "daily")]}
    assert selected(table(), **chosen) is True


def test_every_condition_has_to_hold() -> None:
    chosen = {
        "Resources": ["*"],
        "Conditions": {"StringEquals": condition("stage", "prod") + condition("backup", "daily")},
    }
    assert selected(table(Tags=tags(stage="prod", backup="daily")), **chosen) is True
    assert selected(table(Tags=tags(stage="prod")), **chosen) is False


@pytest.mark.parametrize(
    ("operator", "pattern", "value", "expected"),
    [
        ("StringLike", "prod*", "production", True),
        ("StringLike", "*rod*", "production", True),
        ("StringLike", "*test", "production", False),
        ("StringNotLike", "test*", "production", True),
        ("StringNotLike", "prod*", "production", False),
        ("StringNotEquals", "test", "production", True),
        ("StringNotEquals", "production", "production", False),
    ],
)
def test_conditions_compare_tags(operator: str, pattern: str, value: str, expected: bool) -> None:
    chosen = {"Resources": ["*"], "Conditions": {operator: condition("stage", pattern)}}
    assert selected(table(Tags=tags(stage=value)), **chosen) is expected


def test_a_missing_tag_passes_only_the_negated_conditions() -> None:
    assert selected(table(), Resources=["*"], Conditions={"StringNotEquals": condition("stage", "test")}) is True
    assert selected(table(), Resources=["*"], Conditions={"StringLike": condition("stage", "*")}) is False


def test_what_is_excluded_is_not_backed_up() -> None:
    chosen = {"Resources": ["*"], "NotResources": [{"Fn::GetAtt": ["It", "Arn"]}]}
    assert selected(table(), **chosen) is False


@pytest.mark.parametrize(
    ("kind", "pattern"),
    [
        ("AWS::DynamoDB::Table", {"Fn::GetAtt": ["It", "Arn"]}),
        ("AWS::EC2::Volume", {"Fn::Sub": "arn:aws:ec2:${AWS::Region}:${AWS::AccountId}:volume/${It}"}),
        (
            "AWS::EFS::FileSystem",
            {"Fn::Join": [":", ["arn:aws:elasticfilesystem:*:*", {"Fn::Sub": "file-system/${It}"}]]},
        ),
        ("AWS::RDS::DBInstance", "arn:aws:rds:*:*:db:*"),
        ("AWS::DocDB::DBCluster", "arn:aws:rds:*:*:cluster:*"),
        ("AWS::S3::Bucket", "arn:aws:s3:::*"),
        ("AWS::DynamoDB::Table", {"Fn::Sub": "arn:aws:dynamodb:*:*:table/${AWS::StackName}-*"}),
    ],
)
def test_an_arn_is_recognised_however_it_is_written(kind: str, pattern: Any) -> None:
    assert selected(resource(kind), Resources=[pattern]) is True


@pytest.mark.parametrize(
    "pattern",
    ["arn:aws:rds:*:*:db:*", "arn:aws:dynamodb:*:*:table/other", "arn:aws:dynamodb:*:*:index/*", "table/*"],
)
def test_an_arn_of_something_else_selects_nothing(pattern: str) -> None:
    assert selected(table(TableName="orders"), Resources=[pattern]) is False


def test_a_literal_arn_finds_the_physical_name() -> None:
    arn = "arn:aws:dynamodb:eu-central-1:123456789012:table/orders"
    assert selected(table(TableName="orders"), Resources=[arn]) is True
    assert selected(table(TableName="order"), Resources=[arn]) is False
    assert selected(table(), Resources=[arn]) is False


def test_a_name_made_of_a_parameter_is_found_by_the_same_parameter() -> None:
    name = {"Fn::Sub": "${Any}-orders"}
    same = {"Fn::Sub": "arn:aws:dynamodb:*:*:table/${Any}-orders"}
    assert selected(table(TableName=name), Resources=[same]) is True
    other = selected(table(TableName=name), Resources=["arn:aws:dynamodb:*:*:table/shop-orders"])
    assert isinstance(other, Unknown)
    assert other.because == ("parameter Any",)


def test_a_parameter_in_a_tag_decides() -> None:
    answer = selected(table(Tags=tags(backup={"Ref": "Any"})), ListOfTags=[tag_entry("backup", "daily")])
    assert isinstance(answer, Unknown)
    assert answer.because == ("parameter Any",)
    both = selected(table(Tags=tags(backup={"Ref": "Any"})), ListOfTags=[tag_entry("backup", {"Ref": "Any"})])
    assert both is True


def test_a_list_of_arns_from_a_parameter_decides() -> None:
    assert isinstance(selected(table(), Resources={"Ref": "Any"}), Unknown)


def test_the_tags_of_a_file_system_have_their_own_property() -> None:
    subject = resource("AWS::EFS::FileSystem", FileSystemTags=tags(backup="daily"))
    assert selected(subject, ListOfTags=[tag_entry("backup", "daily")]) is True


def test_the_tags_that_cloudformation_adds_count() -> None:
    assert selected(table(), ListOfTags=[tag_entry("aws:cloudformation:logical-id", "It")]) is True


def test_a_selection_in_another_stack_counts_in_the_same_region_only() -> None:
    plan = {"Plan": PLAN, "Selection": selection(ListOfTags=[tag_entry("backup", "daily")])}
    data = {"Orders": table(Tags=tags(backup="daily"))}
    for region, expected in (("eu-central-1", True), ("eu-west-1", False)):
        found = Design([template(data, "data", "eu-central-1"), template(plan, "plans", region)])
        assert backup_coverage(one(found, "Orders", "data"), found).answer is expected


def test_the_tags_of_a_stack_are_the_tags_of_its_resources() -> None:
    plan = {"Plan": PLAN, "Selection": selection(ListOfTags=[tag_entry("backup", "daily")])}
    tagged = template({"Orders": table()}, "data")
    tagged.tags = {"backup": "daily"}
    found = Design([tagged, template(plan, "plans")])
    assert backup_coverage(one(found, "Orders", "data"), found).answer is True


def test_the_coverage_tells_rules_copies_and_the_chain() -> None:
    found = design(
        {
            "Orders": table(Tags=tags(backup="daily")),
            "Plan": PLAN,
            "Selection": selection(ListOfTags=[tag_entry("backup", "daily")]),
        }
    )
    coverage = backup_coverage(one(found, "Orders"), found)
    (rule,) = coverage.plans[0].rules
    assert (rule.schedule, rule.delete_after_days) == ("cron(0 3 * * ? *)", 35)
    assert rule.copies[0].vault == "arn:aws:backup:eu-west-1:1:backup-vault:far"
    assert coverage.evidence == ("Plan → Selection → tag backup=daily → Orders",)


def test_a_plan_without_rules_backs_nothing_up() -> None:
    empty = resource("AWS::Backup::BackupPlan", BackupPlan={"BackupPlanName": "empty", "BackupPlanRule": []})
    found = design({"It": table(), "Plan": empty, "Selection": selection(Resources=["*"])})
    assert backup_coverage(one(found, "It"), found).answer is False


def test_a_selection_for_a_plan_elsewhere_still_covers() -> None:
    chosen = selection(Resources=["*"])
    chosen["Properties"]["BackupPlanId"] = {"Fn::ImportValue": "plan"}
    found = design({"It": table(), "Selection": chosen})
    coverage = backup_coverage(one(found, "It"), found)
    assert coverage.answer is True
    assert coverage.plans[0].plan is None


def snapshot_policy(**properties: Any) -> dict[str, Any]:
    details = {"ResourceTypes": ["VOLUME"], "TargetTags": tags(snapshots="daily"), "Schedules": []}
    return resource("AWS::DLM::LifecyclePolicy", **{"State": "ENABLED", "PolicyDetails": details, **properties})


@pytest.mark.parametrize(("state", "expected"), [("ENABLED", True), ("DISABLED", False)])
def test_only_an_enabled_snapshot_policy_makes_snapshots(state: str, expected: bool) -> None:
    volume = resource("AWS::EC2::Volume", Tags=tags(snapshots="daily"))
    found = design({"Disk": volume, "Policy": snapshot_policy(State=state)})
    assert volume_coverage(one(found, "Disk"), found).answer is expected


def test_the_backup_of_an_instance_holds_its_attached_volumes() -> None:
    found = design(
        {
            "Disk": resource("AWS::EC2::Volume"),
            "Server": resource("AWS::EC2::Instance", Tags=tags(backup="daily")),
            "Attached": resource("AWS::EC2::VolumeAttachment", VolumeId={"Ref": "Disk"}, InstanceId={"Ref": "Server"}),
            "Plan": PLAN,
            "Selection": selection(ListOfTags=[tag_entry("backup", "daily")]),
        }
    )
    assert volume_coverage(one(found, "Disk"), found).answer is True


def test_a_plan_covers_only_the_replica_of_its_own_region() -> None:
    replicas = [{"Region": "eu-central-1"}, {"Region": "eu-west-1"}]
    resources = {
        "Orders": resource("AWS::DynamoDB::GlobalTable", Replicas=replicas),
        "Plan": PLAN,
        "Selection": selection(Resources=["*"]),
    }
    found = Design([template(resources, region="eu-west-1")])
    answers = table_replicas(one(found, "Orders"), found)
    assert isinstance(answers, list)
    assert [replica.answer for replica in answers] == [False, True]


def reach(chosen: dict[str, Any] | None, **others: dict[str, Any]) -> Reach:
    resources = {"Plan": PLAN, **others, **({"Selection": selection(**chosen)} if chosen is not None else {})}
    found = design(resources)
    return reach_of(one(found, "Plan"), found)


def test_a_plan_without_selection_is_barren() -> None:
    assert reach(None).barren
    assert reach({}).barren


def test_a_plan_whose_tag_nothing_here_carries_may_serve_others() -> None:
    undecided = reach({"ListOfTags": [tag_entry("backup", "daily")]}, It=table())
    assert not undecided.barren
    assert undecided.because


def test_a_plan_is_barren_where_the_condition_fails_for_all_it_names() -> None:
    chosen = {
        "Resources": [{"Fn::GetAtt": ["It", "Arn"]}],
        "Conditions": {"StringEquals": condition("a", "b")},
    }
    assert "It" in reach(chosen, It=table()).barren


def test_a_plan_is_barren_where_it_names_what_has_no_backups() -> None:
    chosen = {"Resources": [{"Fn::GetAtt": ["Queue", "Arn"]}]}
    assert "Queue" in reach(chosen, Queue=resource("AWS::SQS::Queue")).barren


def test_a_plan_that_is_handed_on_may_be_given_a_selection_elsewhere() -> None:
    found = design({"Plan": PLAN}, Outputs={"PlanId": {"Value": {"Ref": "Plan"}}})
    assert not reach_of(one(found, "Plan"), found).barren


def test_the_tags_of_a_nested_stack_are_the_tags_of_its_resources() -> None:
    parent = template(
        {
            "Nested": resource("AWS::CloudFormation::Stack", TemplateURL="nested.json", Tags=tags(backup="daily")),
            "Plan": PLAN,
            "Selection": selection(ListOfTags=[tag_entry("backup", "daily")]),
        }
    )
    nested = template({"Orders": table()}, "Nested")
    nested.parent, parent.nested = "", {"Nested": "Nested"}
    found = Design([parent, nested])
    assert backup_coverage(one(found, "Orders", "Nested"), found).answer is True


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ("arn:x", "arn:x", True),
        ("arn:x", "arn:*", True),
        ("arn:x", "*x", True),
        ("arn:x", "arn:?", True),
        ("arn:xy", "arn:?", False),
        ("a*c", "ab*", True),
        ("a*c", "b*", False),
        ("", "*", True),
        ("a", "", False),
        ("a" * 200, "*" * 20_000 + "b", False),
    ],
)
def test_patterns_meet_where_some_text_matches_both(left: str, right: str, expected: bool) -> None:
    assert meet(left, right) is expected
    assert meet(right, left) is expected
