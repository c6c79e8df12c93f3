import json
from typing import Any

import pytest

from services.drive import limits
from stacks.storage import REPLICATION_RULE, Storage
from tests.stacks.synthesized import Template, all_of, synthesized

REGIONS = {"eu-west-1": "eu-central-1", "eu-central-1": "eu-west-1"}


@pytest.fixture(scope="session", params=list(REGIONS))
def region(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture(scope="session")
def template(templates: dict[str, Template], region: str) -> Template:
    return templates[f"Storage-{region}"]


def bucket(template: Template, role: str) -> dict[str, Any]:
    """The whole resource."""
    [found] = [
        resource
        for resource in template["Resources"].values()
        if resource["Type"] == "AWS::S3::Bucket"
        and f"clouddrive-{role}-" in json.dumps(resource["Properties"]["BucketName"])
    ]
    return dict(found)


def files(template: Template) -> dict[str, Any]:
    return dict(bucket(template, "files")["Properties"])


def replication(template: Template) -> dict[str, Any]:
    [rule] = files(template)["ReplicationConfiguration"]["Rules"]
    return dict(rule)


def actions_on(template: Template, resource: str) -> set[str]:
    """What the replication role may do with a resource whose ARN contains this text."""
    return {
        action
        for policy in all_of(template, "AWS::IAM::Policy").values()
        for one in policy["PolicyDocument"]["Statement"]
        if resource in json.dumps(one["Resource"])
        for action in ([one["Action"]] if isinstance(one["Action"], str) else one["Action"])
    }


def test_every_new_file_is_copied_to_the_peer_within_15_minutes(template: Template, region: str) -> None:
    rule = replication(template)
    assert rule["Status"] == "Enabled"
    assert rule["Filter"] == {"Prefix": ""}
    assert "clouddrive-replica-" in json.dumps(rule["Destination"]["Bucket"])
    assert REGIONS[region] in json.dumps(rule["Destination"]["Bucket"])
    assert rule["Destination"]["ReplicationTime"] == {"Status": "Enabled", "Time": {"Minutes": 15}}
    assert rule["Destination"]["Metrics"]["Status"] == "Enabled"
    assert rule["Id"] == REPLICATION_RULE


def test_encrypted_files_are_copied_too_and_encrypted_with_the_peers_key(template: Template, region: str) -> None:
    rule = replication(template)
    assert rule["SourceSelectionCriteria"]["SseKmsEncryptedObjects"]["Status"] == "Enabled"
    key = json.dumps(rule["Destination"]["EncryptionConfiguration"]["ReplicaKmsKeyID"])
    assert f":kms:{REGIONS[region]}:" in key
    assert ":alias/clouddrive-replica" in key


def test_deletions_are_not_repeated_on_the_copy(template: Template) -> None:
    assert replication(template)["DeleteMarkerReplication"] == {"Status": "Disabled"}
    assert not [action for action in actions_on(template, "replica") if "Delete" in action]


def test_the_copy_is_made_by_a_role_that_can_do_just_that(template: Template, region: str) -> None:
    assert actions_on(template, "clouddrive-replica-") == {"s3:ReplicateObject", "s3:ReplicateTags"}
    assert actions_on(template, f":kms:{REGIONS[region]}:") == {"kms:Encrypt", "kms:GenerateDataKey"}
    assert actions_on(template, f":kms:{region}:") == {"kms:Decrypt"}
    assert "s3:GetObjectVersionForReplication" in actions_on(template, "clouddrive-files-")


def test_keys_are_granted_by_their_alias_and_never_named_by_it_as_a_resource(template: Template) -> None:
    for policy in all_of(template, "AWS::IAM::Policy").values():
        for one in policy["PolicyDocument"]["Statement"]:
            assert "alias/" not in json.dumps(one["Resource"])
            if "kms:" in json.dumps(one["Action"]):
                assert "kms:ResourceAliases" in one["Condition"]["ForAnyValue:StringEquals"]


def test_a_deleted_or_overwritten_file_can_be_had_back_for_30_days(template: Template) -> None:
    properties = files(template)
    assert properties["VersioningConfiguration"] == {"Status": "Enabled"}
    rules = {rule["Id"]: rule for rule in properties["LifecycleConfiguration"]["Rules"]}
    assert rules["undelete"]["NoncurrentVersionExpiration"] == {"NoncurrentDays": limits.UNDELETE_DAYS}
    assert limits.UNDELETE_DAYS == 30
    assert not [rule for rule in rules.values() if "ExpirationInDays" in rule]


def test_parts_of_uploads_that_nobody_finishes_are_removed_after_three_days(template: Template) -> None:
    for role in ("files", "bundles", "golden"):
        rules = bucket(template, role)["Properties"]["LifecycleConfiguration"]["Rules"]
        [days] = [rule["AbortIncompleteMultipartUpload"] for rule in rules if "AbortIncompleteMultipartUpload" in rule]
        assert days == {"DaysAfterInitiation": 3}


def test_a_stack_that_is_deleted_or_replaces_a_bucket_leaves_the_files_behind(template: Template) -> None:
    for role in ("files", "golden", "bundles"):
        assert bucket(template, role)["DeletionPolicy"] == "Retain"
        assert bucket(template, role)["UpdateReplacePolicy"] == "Retain"


def test_every_bucket_is_private_encrypted_with_our_key_logged_and_reached_over_tls(template: Template) -> None:
    buckets = all_of(template, "AWS::S3::Bucket")
    assert len(buckets) == 3
    for properties in buckets.values():
        assert set(properties["PublicAccessBlockConfiguration"].values()) == {True}
        [rule] = properties["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        assert rule["BucketKeyEnabled"] is True
        assert "alias/clouddrive-files" in json.dumps(rule["ServerSideEncryptionByDefault"]["KMSMasterKeyID"])
        assert "clouddrive-logs-" in json.dumps(properties["LoggingConfiguration"]["DestinationBucketName"])
    for policy in all_of(template, "AWS::S3::BucketPolicy").values():
        conditions = [one["Condition"] for one in policy["PolicyDocument"]["Statement"] if one["Effect"] == "Deny"]
        assert {"Bool": {"aws:SecureTransport": "false"}} in conditions
        assert {"NumericLessThan": {"s3:TlsVersion": 1.2}} in conditions


def test_new_files_are_told_to_eventbridge_without_a_function_in_between(template: Template) -> None:
    configuration = files(template)["NotificationConfiguration"]["EventBridgeConfiguration"]
    assert configuration == {"EventBridgeEnabled": True}
    assert not all_of(template, "AWS::Lambda::Function")


def test_a_browser_can_upload_parts_and_learn_their_checksums(template: Template) -> None:
    [rule] = files(template)["CorsConfiguration"]["CorsRules"]
    assert "PUT" in rule["AllowedMethods"]
    assert {"ETag", "x-amz-checksum-sha256"} <= set(rule["ExposedHeaders"])


def test_bundles_live_for_a_week_and_are_marked_as_made_again_when_lost(template: Template) -> None:
    properties = bucket(template, "bundles")["Properties"]
    rules = {rule["Id"]: rule for rule in properties["LifecycleConfiguration"]["Rules"]}
    assert rules["bundles"]["ExpirationInDays"] == limits.BUNDLE_LIFE_DAYS
    assert {"Key": "seawall:data", "Value": "derived"} in properties["Tags"]


def test_files_and_the_golden_bucket_are_backed_up(template: Template) -> None:
    for role in ("files", "golden"):
        tags = bucket(template, role)["Properties"]["Tags"]
        assert {"Key": "seawall:data", "Value": "primary"} in tags
        assert {"Key": "seawall:backup", "Value": "drive"} in tags


def test_only_distributions_of_this_account_read_without_a_role(template: Template) -> None:
    for policy in all_of(template, "AWS::S3::BucketPolicy").values():
        for one in policy["PolicyDocument"]["Statement"]:
            if one["Effect"] == "Allow":
                assert one["Principal"] == {"Service": "cloudfront.amazonaws.com"}
                assert one["Action"] == "s3:GetObject"
                source = json.dumps(one["Condition"]["ArnLike"]["AWS:SourceArn"])
                assert ':cloudfront::", {"Ref": "AWS::AccountId"}, ":distribution/*"' in source


def test_nothing_of_the_peer_is_needed_but_where_copies_go(template: Template, region: str) -> None:
    peer = REGIONS[region]
    for name, resource in template["Resources"].items():
        if peer in json.dumps(resource):
            assert resource["Type"] in {"AWS::IAM::Policy", "AWS::S3::Bucket"}, name
    elsewhere = {name: value for name, value in files(template).items() if peer in json.dumps(value)}
    assert set(elsewhere) == {"ReplicationConfiguration"}
    assert "Fn::ImportValue" not in json.dumps(template)


def test_a_sandbox_can_be_thrown_away() -> None:
    template = synthesized(Storage, region="eu-west-1", peer="eu-central-1", disposable=True)
    assert bucket(template, "files")["DeletionPolicy"] == "Delete"
