"""What buckets and tables promise."""

import pytest
from aws_cdk import App, Environment, Stack
from aws_cdk.aws_kms import Key
from aws_cdk.aws_s3 import CfnBucket

from seawall_constructs.resilient_bucket import ResilientBucket
from seawall_constructs.resilient_table import ResilientTable, text
from tests.constructs.conftest import Made
from tests.constructs.every_construct import COPIER, ELSEWHERE, HOME

BUCKET = "AWS::S3::Bucket"
TABLE = "AWS::DynamoDB::GlobalTable"


def flat(value: object) -> str:
    """A text, with an x for what CloudFormation fills in."""
    if isinstance(value, dict):
        return "".join(part if isinstance(part, str) else "x" for part in value["Fn::Join"][1])
    return str(value)


def test_nobody_can_make_a_bucket_public(service: Made) -> None:
    bucket = service.one(BUCKET, "Files")
    assert all(bucket["PublicAccessBlockConfiguration"].values())
    assert len(bucket["PublicAccessBlockConfiguration"]) == 4
    assert bucket["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]


def test_a_bucket_is_encrypted_and_spoken_to_over_tls_only(service: Made) -> None:
    assert "BucketEncryption" in service.one(BUCKET, "Files")
    statements = service.one("AWS::S3::BucketPolicy", "Files")["PolicyDocument"]["Statement"]
    denied = [one["Condition"] for one in statements if one["Effect"] == "Deny"]
    assert {"Bool": {"aws:SecureTransport": "false"}} in denied
    assert {"NumericLessThan": {"s3:TlsVersion": 1.2}} in denied


def test_what_was_deleted_or_overwritten_is_kept_for_30_days(service: Made) -> None:
    bucket = service.one(BUCKET, "Files")
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    [days] = [
        rule["NoncurrentVersionExpiration"]["NoncurrentDays"]
        for rule in bucket["LifecycleConfiguration"]["Rules"]
        if "NoncurrentVersionExpiration" in rule
    ]
    assert days == 30


def test_parts_of_unfinished_uploads_are_removed_after_a_week(service: Made) -> None:
    rules = service.one(BUCKET, "Files")["LifecycleConfiguration"]["Rules"]
    [days] = [
        rule["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"]
        for rule in rules
        if "AbortIncompleteMultipartUpload" in rule
    ]
    assert days == 7


def test_objects_are_copied_within_15_minutes_and_their_deletions_are_not(service: Made) -> None:
    replication = service.one(BUCKET, "Files")["ReplicationConfiguration"]
    [rule] = replication["Rules"]
    assert rule["Status"] == "Enabled"
    assert rule["DeleteMarkerReplication"] == {"Status": "Disabled"}
    assert flat(rule["Destination"]["Bucket"]).endswith(f":s3:::shop-replica-x-{ELSEWHERE}")
    assert rule["Destination"]["ReplicationTime"] == {"Status": "Enabled", "Time": {"Minutes": 15}}
    assert replication["Role"] == {"Fn::GetAtt": [service.id_of("AWS::IAM::Role", "FilesCopier"), "Arn"]}


def test_the_copier_reads_one_bucket_and_writes_the_other(service: Made) -> None:
    assert service.one("AWS::IAM::Role", "FilesCopier")["RoleName"] == COPIER
    granted = service.one("AWS::IAM::Policy", "FilesCopier")["PolicyDocument"]["Statement"]
    writing = [one for one in granted if "s3:ReplicateObject" in one["Action"]]
    assert [flat(one["Resource"]).split(":::")[1] for one in writing] == [f"shop-replica-x-{ELSEWHERE}/*"]
    reading = [one for one in granted if "s3:GetObjectVersionForReplication" in one["Action"]]
    assert [flat(one["Resource"]).split(":::")[1] for one in reading] == [f"shop-files-x-{HOME}/*"]


def test_a_locked_copy_cannot_be_removed_and_nobody_lifts_the_lock(elsewhere: Made) -> None:
    bucket = elsewhere.one(BUCKET, "Replica")
    assert bucket["ObjectLockEnabled"] is True
    assert bucket["ObjectLockConfiguration"]["Rule"]["DefaultRetention"] == {"Days": 7, "Mode": "GOVERNANCE"}
    statements = elsewhere.one("AWS::S3::BucketPolicy", "Replica")["PolicyDocument"]["Statement"]
    [lock] = [one for one in statements if one["Action"] == "s3:BypassGovernanceRetention"]
    assert (lock["Effect"], lock["Principal"]) == ("Deny", "*")


def test_a_copy_is_taken_from_the_copier_only(elsewhere: Made) -> None:
    statements = elsewhere.one("AWS::S3::BucketPolicy", "Replica")["PolicyDocument"]["Statement"]
    [copies] = [one for one in statements if "s3:ReplicateObject" in one["Action"]]
    assert flat(copies["Condition"]["ArnEquals"]["aws:PrincipalArn"]).endswith(f":role/{COPIER}")


def test_a_bucket_tells_of_its_objects(service: Made) -> None:
    told = service.one(BUCKET, "Files")["NotificationConfiguration"]
    assert told == {"EventBridgeConfiguration": {"EventBridgeEnabled": True}}


def test_stores_outlive_their_stack_and_are_locked(service: Made) -> None:
    for kind in (BUCKET, TABLE):
        for store in service.resources(kind):
            assert (store["DeletionPolicy"], store["UpdateReplacePolicy"]) == ("Retain", "Retain")
    for replica in service.one(TABLE, "Orders")["Replicas"]:
        assert replica["DeletionProtectionEnabled"] is True


def test_a_sandbox_takes_its_stores_along(sandbox: Made) -> None:
    for kind in (BUCKET, TABLE):
        assert {store["DeletionPolicy"] for store in sandbox.resources(kind)} == {"Delete"}
    for replica in sandbox.one(TABLE, "Orders")["Replicas"]:
        assert not replica.get("DeletionProtectionEnabled")


def test_every_region_of_a_table_can_be_restored_to_any_second_of_35_days(service: Made) -> None:
    replicas = service.one(TABLE, "Orders")["Replicas"]
    assert {replica["Region"] for replica in replicas} == {HOME, ELSEWHERE}
    for replica in replicas:
        assert replica["PointInTimeRecoverySpecification"] == {
            "PointInTimeRecoveryEnabled": True,
            "RecoveryPeriodInDays": 35,
        }


def test_a_table_follows_its_requests_and_notes_its_hot_keys(service: Made) -> None:
    table = service.one(TABLE, "Orders")
    assert table["BillingMode"] == "PAY_PER_REQUEST"
    for replica in table["Replicas"]:
        assert replica["ContributorInsightsSpecification"] == {"Enabled": True, "Mode": "THROTTLED_KEYS"}


def test_a_sparse_index_holds_what_has_its_key(service: Made) -> None:
    [index] = service.one(TABLE, "Orders")["GlobalSecondaryIndexes"]
    assert index["IndexName"] == "open-orders"
    assert [key["AttributeName"] for key in index["KeySchema"]] == ["open", "accepted_at"]


def test_primary_data_is_marked_for_the_backup_plan(service: Made) -> None:
    tags = {"seawall:data": "primary", "seawall:backup": "daily"}
    assert tags.items() <= {tag["Key"]: tag["Value"] for tag in service.one(BUCKET, "Files")["Tags"]}.items()
    for replica in service.one(TABLE, "Orders")["Replicas"]:
        assert tags.items() <= {tag["Key"]: tag["Value"] for tag in replica["Tags"]}.items()


def test_derived_data_is_not(elsewhere: Made) -> None:
    tags = {tag["Key"]: tag["Value"] for tag in elsewhere.one(BUCKET, "Replica")["Tags"]}
    assert tags == {"seawall:data": "derived"}


def small_stack() -> Stack:
    return Stack(App(), "Small", env=Environment(region=HOME))


@pytest.mark.parametrize(("name", "versions"), [(None, True), ("shop", False)])
def test_a_bucket_that_cannot_be_copied_is_refused(name: str | None, versions: bool) -> None:
    with pytest.raises(ValueError, match="S3 copies buckets that have versions"):
        ResilientBucket(small_stack(), "Files", copies_to="other", bucket_name=name, versions=versions)


def test_a_bucket_with_a_key_of_its_own_says_which_keys_to_copy_with() -> None:
    stack = small_stack()
    with pytest.raises(ValueError, match="which keys S3 copies with"):
        ResilientBucket(stack, "Files", copies_to="other", bucket_name="shop", encryption_key=Key(stack, "Key"))


def test_a_table_that_dynamodb_does_not_have_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot have items that expire by themselves"):
        ResilientTable(
            small_stack(), "Orders", partition_key=text("id"), replicas=[ELSEWHERE], witness="eu-west-2", expiry="at"
        )


def test_stores_need_no_arguments_but_the_key() -> None:
    stack = small_stack()
    ResilientTable(stack, "Orders", partition_key=text("id"))
    bucket = ResilientBucket(stack, "Files", logs_to="shop-logs")
    found = bucket.node.default_child
    assert isinstance(found, CfnBucket)
    logging = found.logging_configuration
    assert isinstance(logging, CfnBucket.LoggingConfigurationProperty)
    assert (logging.destination_bucket_name, logging.log_file_prefix) == ("shop-logs", "Files/")
