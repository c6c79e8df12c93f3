"""Which backups, copies and locks cover a resource."""

import json
from typing import Any

import pytest
from seawall.arns import meet
from seawall.design import Design, Resource
from seawall.protection import (
    backup_coverage,
    emptied_on_delete,
    is_primary_data,
    kept_on_delete,
    replication_destinations,
    table_replicas,
    volume_coverage,
)
from seawall.sources.cloudformation import parse, template_of
from seawall.stack import Template
from seawall.values import Answer, Unknown

PLAN = {
    "Type": "AWS::Backup::BackupPlan",
    "Properties": {
        "BackupPlan": {
            "BackupPlanName": "nightly",
            "BackupPlanRule": [
                {
                    "RuleName": "nightly",
                    "TargetBackupVault": "vault",
                    "ScheduleExpression": "cron(0 3 * * ? *)",
                    "Lifecycle": {"DeleteAfterDays": 35},
                    "CopyActions": [
                        {"DestinationBackupVaultArn": "arn:aws:backup:eu-west-1:1:backup-vault:far"}
                    ],
                }
            ],
        }
    },
}


def template(resources: dict[str, Any], name: str = "", region: str | None = None, **more: Any) -> Template:
    text = json.dumps({"Resources": resources, **more})
    read = template_of(parse("template.json", text, []), name)
    read.region = region
    return read


def design(resources: dict[str, Any], **more: Any) -> Design:
    return Design([template(resources, **more)])


def resource(kind: str, **properties: Any) -> dict[str, Any]:
    return {"Type": kind, "Properties": properties}


def table(**properties: Any) -> dict[str, Any]:
    return resource("AWS::DynamoDB::Table", **properties)


def bucket(**properties: Any) -> dict[str, Any]:
    return resource("AWS::S3::Bucket", **properties)


def tags(**values: Any) -> list[dict[str, Any]]:
    return [{"Key": key, "Value": value} for key, value in values.items()]


def selection(**chosen: Any) -> dict[str, Any]:
    return resource(
        "AWS::Backup::BackupSelection",
        BackupPlanId={"Ref": "Plan"},
        BackupSelection={"SelectionName": "s", **chosen},
    )


def tag_entry(key: str, value: Any) -> dict[str, Any]:
    return {"ConditionType": "STRINGEQUALS", "ConditionKey": key, "ConditionValue": value}


def condition(key: str, value: str) -> list[dict[str, str]]:
    return [{"ConditionKey": f"aws:ResourceTag/{key}", "ConditionValue": value}]


def one(found: Design, logical_id: str, stack: str = "") -> Resource:
    return found.all[stack, logical_id]


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
def test_conditions_compare_tags(operator: str, pattern: str, value: str, expected: bool) -> None:  # noqa: FBT001
    chosen = {"Resources": ["*"], "Conditions": {operator: condition("stage", pattern)}}
    assert selected(table(Tags=tags(stage=value)), **chosen) is expected


def test_a_missing_tag_passes_only_the_negated_conditions() -> None:
    assert (
        selected(table(), Resources=["*"], Conditions={"StringNotEquals": condition("stage", "test")}) is True
    )
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
    return resource(
        "AWS::DLM::LifecyclePolicy", **{"State": "ENABLED", "PolicyDetails": details, **properties}
    )


@pytest.mark.parametrize(("state", "expected"), [("ENABLED", True), ("DISABLED", False)])
def test_only_an_enabled_snapshot_policy_makes_snapshots(state: str, expected: bool) -> None:  # noqa: FBT001
    volume = resource("AWS::EC2::Volume", Tags=tags(snapshots="daily"))
    found = design({"Disk": volume, "Policy": snapshot_policy(State=state)})
    assert volume_coverage(one(found, "Disk"), found).answer is expected


def test_the_backup_of_an_instance_holds_its_attached_volumes() -> None:
    found = design(
        {
            "Disk": resource("AWS::EC2::Volume"),
            "Server": resource("AWS::EC2::Instance", Tags=tags(backup="daily")),
            "Attached": resource(
                "AWS::EC2::VolumeAttachment", VolumeId={"Ref": "Disk"}, InstanceId={"Ref": "Server"}
            ),
            "Plan": PLAN,
            "Selection": selection(ListOfTags=[tag_entry("backup", "daily")]),
        }
    )
    assert volume_coverage(one(found, "Disk"), found).answer is True


def test_recovery_of_a_global_table_is_told_for_each_replica() -> None:
    recovery = {"PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True}}
    replicas = [{"Region": "eu-central-1", **recovery}, {"Region": "eu-west-1"}]
    found = design({"Orders": resource("AWS::DynamoDB::GlobalTable", Replicas=replicas)})
    answers = table_replicas(one(found, "Orders"), found)
    assert isinstance(answers, list)
    assert [replica.answer for replica in answers] == [True, False]


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


@pytest.mark.parametrize(
    ("kind", "properties", "policy", "expected"),
    [
        ("AWS::RDS::DBInstance", {}, None, True),
        ("AWS::RDS::DBCluster", {}, None, True),
        ("AWS::DocDB::DBCluster", {}, None, False),
        ("AWS::Neptune::DBCluster", {}, "Snapshot", True),
        ("AWS::DynamoDB::Table", {}, None, False),
        ("AWS::DynamoDB::Table", {}, "Snapshot", False),
        ("AWS::DynamoDB::Table", {"DeletionProtectionEnabled": "true"}, "Delete", True),
        ("AWS::EFS::FileSystem", {}, "RetainExceptOnCreate", True),
        ("AWS::RDS::DBInstance", {}, "Delete", False),
    ],
)
def test_what_a_deleted_stack_leaves_behind(
    kind: str,
    properties: dict[str, Any],
    policy: str | None,
    expected: bool,  # noqa: FBT001
) -> None:
    declared = resource(kind, **properties) | ({"DeletionPolicy": policy} if policy else {})
    found = design({"It": declared})
    assert kept_on_delete(one(found, "It")).answer is expected


@pytest.mark.parametrize(
    "sender",
    [
        bucket(LoggingConfiguration={"DestinationBucketName": {"Ref": "Receiver"}}),
        resource(
            "AWS::CodePipeline::Pipeline", ArtifactStore={"Type": "S3", "Location": {"Ref": "Receiver"}}
        ),
        resource(
            "AWS::CloudFront::Distribution",
            DistributionConfig={"Logging": {"Bucket": {"Fn::GetAtt": ["Receiver", "DomainName"]}}},
        ),
        resource(
            "AWS::CloudFront::Distribution",
            DistributionConfig={"Logging": {"Bucket": {"Fn::Sub": "${Receiver}.s3.amazonaws.com"}}},
        ),
        resource(
            "AWS::ElasticLoadBalancingV2::LoadBalancer",
            LoadBalancerAttributes=[{"Key": "access_logs.s3.bucket", "Value": {"Ref": "Receiver"}}],
        ),
        resource("AWS::EC2::FlowLog", LogDestination={"Fn::GetAtt": ["Receiver", "Arn"]}),
    ],
)
def test_a_bucket_that_only_receives_logs_or_artefacts_is_no_primary_data(sender: dict[str, Any]) -> None:
    found = design({"Sender": sender, "Receiver": bucket(), "Uploads": bucket()})
    assert not is_primary_data(one(found, "Receiver"), found)
    assert is_primary_data(one(found, "Uploads"), found)


def test_a_name_alone_makes_no_log_bucket() -> None:
    found = design({"AccessLogs": bucket(BucketName="access-logs")})
    assert is_primary_data(one(found, "AccessLogs"), found)


def replicating(target: Any, **destination: Any) -> dict[str, Any]:
    rule = {"Status": "Enabled", "Destination": {"Bucket": target, **destination}}
    return bucket(ReplicationConfiguration={"Role": "r", "Rules": [rule]})


def test_a_copy_in_the_same_stack_is_in_the_same_region() -> None:
    found = design({"Source": replicating({"Fn::GetAtt": ["Copy", "Arn"]}), "Copy": bucket()})
    (destination,) = replication_destinations(one(found, "Source"), found)
    assert destination.resource is one(found, "Copy")
    assert destination.region == one(found, "Source").region
    assert not is_primary_data(one(found, "Copy"), found)


def test_the_region_of_a_copy_in_another_stack_is_known_by_its_name() -> None:
    near = template({"Source": replicating("arn:aws:s3:::far-away")}, "near", "eu-central-1")
    far = template({"Copy": bucket(BucketName="far-away")}, "far", "eu-west-1")
    found = Design([near, far])
    (destination,) = replication_destinations(one(found, "Source", "near"), found)
    assert destination.region == "eu-west-1"


def test_the_key_of_a_copy_tells_its_region() -> None:
    key = {"ReplicaKmsKeyID": "arn:aws:kms:eu-west-1:1:key/k"}
    found = design({"Source": replicating("arn:aws:s3:::elsewhere", EncryptionConfiguration=key)})
    (destination,) = replication_destinations(one(found, "Source"), found)
    assert destination.region == "eu-west-1"


def test_a_name_made_of_the_source_is_not_the_source() -> None:
    found = design({"Source": replicating({"Fn::Sub": "arn:aws:s3:::${Source}-copy"})})
    (destination,) = replication_destinations(one(found, "Source"), found)
    assert destination.resource is None
    assert isinstance(destination.region, Unknown)


def test_two_buckets_that_replicate_to_each_other_are_both_primary_data() -> None:
    found = design(
        {"A": replicating({"Fn::GetAtt": ["B", "Arn"]}), "B": replicating({"Fn::GetAtt": ["A", "Arn"]})}
    )
    assert is_primary_data(one(found, "A"), found)
    assert is_primary_data(one(found, "B"), found)


def test_a_custom_resource_that_only_configures_a_bucket_does_not_empty_it() -> None:
    code = {"ZipFile": "def handler(event, context):\n    s3.put_bucket_notification_configuration()"}
    found = design(
        {
            "Uploads": bucket(),
            "Notify": resource(
                "Custom::S3Cleanup", ServiceToken={"Fn::GetAtt": ["F", "Arn"]}, BucketName={"Ref": "Uploads"}
            ),
            "F": resource("AWS::Lambda::Function", Code=code),
        }
    )
    assert emptied_on_delete(one(found, "Uploads"), found).answer is False


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
    ],
)
def test_patterns_meet_where_some_text_matches_both(left: str, right: str, expected: bool) -> None:  # noqa: FBT001
    assert meet(left, right) is expected
    assert meet(right, left) is expected
