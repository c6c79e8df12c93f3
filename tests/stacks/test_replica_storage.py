import json
from typing import Any

import pytest

from tests.stacks.synthesized import Template, one_of

REGIONS = {"eu-west-1": "eu-central-1", "eu-central-1": "eu-west-1"}


@pytest.fixture(scope="session", params=list(REGIONS))
def region(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture(scope="session")
def template(templates: dict[str, Template], region: str) -> Template:
    return templates[f"ReplicaStorage-{region}"]


def statements(template: Template) -> dict[str, dict[str, Any]]:
    policy = one_of(template, "AWS::S3::BucketPolicy")["PolicyDocument"]
    return {one["Sid"]: one for one in policy["Statement"] if "Sid" in one}


def test_the_copy_of_the_other_regions_files_is_read_here(template: Template, region: str) -> None:
    assert region in json.dumps(one_of(template, "AWS::S3::Bucket")["BucketName"])
    reading = statements(template)["Edge"]
    assert reading["Principal"] == {"Service": "cloudfront.amazonaws.com"}
    assert reading["Action"] == "s3:GetObject"


def test_nobody_deletes_a_copy_in_its_first_seven_days(template: Template) -> None:
    bucket = one_of(template, "AWS::S3::Bucket")
    assert bucket["ObjectLockEnabled"] is True
    assert bucket["ObjectLockConfiguration"]["Rule"] == {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 7}}


def test_nobody_lifts_the_lock_without_changing_the_policy_first(template: Template) -> None:
    lock = statements(template)["Lock"]
    assert (lock["Effect"], lock["Principal"], lock["Action"]) == ("Deny", "*", "s3:BypassGovernanceRetention")
    assert "Condition" not in lock


def test_what_is_deleted_here_is_kept_for_90_days(template: Template) -> None:
    rules = one_of(template, "AWS::S3::Bucket")["LifecycleConfiguration"]["Rules"]
    assert [rule["NoncurrentVersionExpiration"] for rule in rules if "NoncurrentVersionExpiration" in rule] == [
        {"NoncurrentDays": 90}
    ]
    assert not [rule for rule in rules if "ExpirationInDays" in rule]


def test_a_stack_that_is_deleted_or_replaces_the_bucket_leaves_the_copies_behind(template: Template) -> None:
    [bucket] = [one for one in template["Resources"].values() if one["Type"] == "AWS::S3::Bucket"]
    assert bucket["DeletionPolicy"] == bucket["UpdateReplacePolicy"] == "Retain"


def test_only_the_role_that_copies_for_the_peer_writes_here(template: Template, region: str) -> None:
    writing = [
        one
        for one in one_of(template, "AWS::S3::BucketPolicy")["PolicyDocument"]["Statement"]
        if one["Effect"] == "Allow" and one["Action"] != "s3:GetObject"
    ]
    assert [one["Sid"] for one in writing] == ["CopiesOfThePeer"]
    role = json.dumps(writing[0]["Condition"]["ArnEquals"]["aws:PrincipalArn"])
    assert f":role/clouddrive-replication-{REGIONS[region]}" in role


def test_the_bucket_can_be_made_before_the_role_that_copies_into_it(template: Template) -> None:
    """S3 refuses a policy that names a role which is not there yet."""
    principal = json.dumps(statements(template)["CopiesOfThePeer"]["Principal"])
    assert ":root" in principal
    assert ":role/" not in principal


def test_arriving_copies_are_told_to_eventbridge(template: Template) -> None:
    configuration = one_of(template, "AWS::S3::Bucket")["NotificationConfiguration"]
    assert configuration == {"EventBridgeConfiguration": {"EventBridgeEnabled": True}}


def test_the_copy_has_a_key_of_its_own(template: Template) -> None:
    encryption = json.dumps(one_of(template, "AWS::S3::Bucket")["BucketEncryption"])
    assert "alias/clouddrive-replica" in encryption
