"""Which backups, copies and locks cover a resource."""

from typing import Any

import pytest
from seawall.design import Design
from seawall.protection import (
    automated_backups,
    emptied_on_delete,
    is_member_or_replica,
    kept_on_delete,
    replication_destinations,
    secondary_use,
    table_replicas,
)
from seawall.values import Unknown

from tests.designs import bucket, design, one, resource, template


def test_recovery_of_a_global_table_is_told_for_each_replica() -> None:
    recovery = {"PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True}}
    replicas = [{"Region": "eu-central-1", **recovery}, {"Region": "eu-west-1"}]
    found = design({"Orders": resource("AWS::DynamoDB::GlobalTable", Replicas=replicas)})
    answers = table_replicas(one(found, "Orders"), found)
    assert isinstance(answers, list)
    assert [replica.answer for replica in answers] == [True, False]


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
    expected: bool,
) -> None:
    declared = resource(kind, **properties) | ({"DeletionPolicy": policy} if policy else {})
    found = design({"It": declared})
    assert kept_on_delete(one(found, "It")).answer is expected


@pytest.mark.parametrize(
    "sender",
    [
        bucket(LoggingConfiguration={"DestinationBucketName": {"Ref": "Receiver"}}),
        resource("AWS::CodePipeline::Pipeline", ArtifactStore={"Type": "S3", "Location": {"Ref": "Receiver"}}),
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
    assert secondary_use(one(found, "Receiver"), found)
    assert not secondary_use(one(found, "Uploads"), found)


def test_a_name_alone_makes_no_log_bucket() -> None:
    found = design({"AccessLogs": bucket(BucketName="access-logs")})
    assert not secondary_use(one(found, "AccessLogs"), found)


def replicating(target: Any, **destination: Any) -> dict[str, Any]:
    rule = {"Status": "Enabled", "Destination": {"Bucket": target, **destination}}
    return bucket(ReplicationConfiguration={"Role": "r", "Rules": [rule]})


def test_a_copy_in_the_same_stack_is_in_the_same_region() -> None:
    found = design({"Source": replicating({"Fn::GetAtt": ["Copy", "Arn"]}), "Copy": bucket()})
    (destination,) = replication_destinations(one(found, "Source"), found)
    assert destination.resource is one(found, "Copy")
    assert destination.region == one(found, "Source").region
    assert secondary_use(one(found, "Copy"), found)


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
    found = design({"A": replicating({"Fn::GetAtt": ["B", "Arn"]}), "B": replicating({"Fn::GetAtt": ["A", "Arn"]})})
    assert not secondary_use(one(found, "A"), found)
    assert not secondary_use(one(found, "B"), found)


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
    ("type_name", "logical_id", "expected"),
    [
        ("Custom::S3AutoDeleteObjects", "Helper", True),
        ("Custom::EmptyBucket", "Helper", True),
        ("AWS::CloudFormation::CustomResource", "PurgeUploads", True),
        ("Custom::Tagger", "Helper", False),
    ],
)
def test_a_helper_whose_code_is_elsewhere_is_known_by_what_it_is_called(
    type_name: str,
    logical_id: str,
    expected: bool,
) -> None:
    helper = resource(type_name, ServiceToken="arn:aws:lambda:x:1:function:f", BucketName={"Ref": "Uploads"})
    found = design({"Uploads": bucket(), logical_id: helper})
    assert emptied_on_delete(one(found, "Uploads"), found).answer is expected


def test_a_helper_that_cleans_something_up_leaves_it_undecided() -> None:
    helper = resource("Custom::Cleanup", ServiceToken="arn:aws:lambda:x:1:function:f", Bucket={"Ref": "Uploads"})
    found = design({"Uploads": bucket(), "Helper": helper})
    assert isinstance(emptied_on_delete(one(found, "Uploads"), found).answer, Unknown)


def test_a_bucket_that_only_build_roles_may_use_holds_artefacts() -> None:
    trust = {"Statement": [{"Effect": "Allow", "Principal": {"Service": "codebuild.amazonaws.com"}}]}
    allow = {"Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": {"Fn::GetAtt": ["Builds", "Arn"]}}]}
    role = resource("AWS::IAM::Role", AssumeRolePolicyDocument=trust, Policies=[{"PolicyDocument": allow}])
    found = design({"Builds": bucket(), "Role": role})
    assert secondary_use(one(found, "Builds"), found)


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ({"BackupRetentionPeriod": 0}, False),
        ({"BackupRetentionPeriod": "7"}, True),
        ({}, True),
    ],
)
def test_an_instance_keeps_one_day_of_backups_unless_told_otherwise(
    properties: dict[str, Any],
    expected: bool,
) -> None:
    found = design({"Database": resource("AWS::RDS::DBInstance", **properties)})
    assert automated_backups(one(found, "Database")).answer is expected


def test_a_restored_instance_keeps_what_its_source_had() -> None:
    found = design({"Database": resource("AWS::RDS::DBInstance", DBSnapshotIdentifier="before")})
    assert isinstance(automated_backups(one(found, "Database")).answer, Unknown)


def test_a_restored_instance_is_no_replica() -> None:
    source = {"SourceDBInstanceIdentifier": "old"}
    replica = design({"Database": resource("AWS::RDS::DBInstance", **source)})
    assert is_member_or_replica(one(replica, "Database"))
    restored = design({"Database": resource("AWS::RDS::DBInstance", **source, UseLatestRestorableTime=True)})
    assert not is_member_or_replica(one(restored, "Database"))
