import ast
import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator  # type: ignore[import-untyped]

from services.drive import limits
from stacks.foundation import Foundation
from stacks.settings import Settings
from tests.stacks.synthesized import Template, all_of, one_of, settings, synthesized

DATA_REGIONS = ("eu-west-1", "eu-central-1")
OBSERVER = "eu-north-1"
SALE = {
    "name": "sale",
    "start": "2026-11-27T08:00:00Z",
    "end": "2026-11-28T08:00:00Z",
    "peak_requests_per_second": 200,
}


@pytest.fixture(scope="session", params=[*DATA_REGIONS, OBSERVER])
def region(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture(scope="session")
def template(templates: dict[str, Template], region: str) -> Template:
    return templates[f"Foundation-{region}"]


@pytest.fixture(scope="session")
def data_region(templates: dict[str, Template]) -> Template:
    return templates[f"Foundation-{DATA_REGIONS[0]}"]


@pytest.fixture(scope="session")
def frozen() -> tuple[Settings, Template]:
    """Settings with a planned event, and what Foundation makes of them."""
    planned = settings(events=[SALE])
    template = synthesized(
        Foundation, region="eu-west-1", peers=["eu-central-1"], events=planned.events, holds_data=True
    )
    return planned, template


def statements(template: Template, kind: str, document: str) -> list[dict[str, Any]]:
    return [one for found in all_of(template, kind).values() for one in found[document]["Statement"]]


def allowed(found: list[dict[str, Any]], service: str) -> list[dict[str, Any]]:
    """Those statements that let a service of AWS do something."""
    return [one for one in found if one["Effect"] == "Allow" and one["Principal"] == {"Service": service}]


def test_every_key_is_this_regions_own_and_turns_over_by_itself(template: Template) -> None:
    keys = all_of(template, "AWS::KMS::Key")
    assert keys
    for key in keys.values():
        assert key["EnableKeyRotation"] is True
        assert not key.get("MultiRegion")


def test_a_key_is_found_by_the_same_alias_in_both_data_regions(templates: dict[str, Template]) -> None:
    for region in DATA_REGIONS:
        aliases = all_of(templates[f"Foundation-{region}"], "AWS::KMS::Alias").values()
        assert {one["AliasName"] for one in aliases} == {
            f"alias/clouddrive-{role}" for role in ("files", "replica", "topics")
        }


def test_the_observer_holds_no_key_to_data(templates: dict[str, Template]) -> None:
    aliases = all_of(templates[f"Foundation-{OBSERVER}"], "AWS::KMS::Alias").values()
    assert [one["AliasName"] for one in aliases] == ["alias/clouddrive-topics"]


def test_keys_and_logs_outlive_the_stack(template: Template) -> None:
    for resource in template["Resources"].values():
        if resource["Type"] in {"AWS::KMS::Key", "AWS::S3::Bucket"}:
            assert resource["DeletionPolicy"] == "Retain"
            assert resource["UpdateReplacePolicy"] == "Retain"


def test_alarms_can_publish_to_the_encrypted_topics(template: Template) -> None:
    found = all_of(template, "AWS::SNS::Topic").values()
    assert {topic["TopicName"] for topic in found} == {"clouddrive-page", "clouddrive-ticket"}
    assert all("KmsMasterKeyId" in topic for topic in found)
    for service in ("cloudwatch.amazonaws.com", "events.amazonaws.com"):
        topics = allowed(statements(template, "AWS::SNS::TopicPolicy", "PolicyDocument"), service)
        assert [one["Action"] for one in topics] == ["sns:Publish"] * 2
        keys = allowed(statements(template, "AWS::KMS::Key", "KeyPolicy"), service)
        assert [one["Action"] for one in keys] == [["kms:Decrypt", "kms:GenerateDataKey*"]]


def test_rules_encrypt_without_a_condition_that_eventbridge_cannot_meet(template: Template) -> None:
    [encrypting] = allowed(statements(template, "AWS::KMS::Key", "KeyPolicy"), "events.amazonaws.com")
    assert "Condition" not in encrypting


def test_nobody_publishes_or_logs_over_an_unencrypted_connection(template: Template) -> None:
    policies = all_of(template, "AWS::SNS::TopicPolicy") | all_of(template, "AWS::S3::BucketPolicy")
    assert len(policies) == 3
    for policy in policies.values():
        denials = [one for one in policy["PolicyDocument"]["Statement"] if one["Effect"] == "Deny"]
        assert {"Bool": {"aws:SecureTransport": "false"}} in [one["Condition"] for one in denials]


def test_the_bucket_of_logs_takes_them_from_this_account_only(template: Template) -> None:
    taking = [
        one
        for one in statements(template, "AWS::S3::BucketPolicy", "PolicyDocument")
        if one["Effect"] == "Allow" and one["Action"] == "s3:PutObject"
    ]
    assert {one["Principal"]["Service"] for one in taking} == {
        "logging.s3.amazonaws.com",
        "delivery.logs.amazonaws.com",
    }
    for one in taking:
        assert one["Condition"]["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}


def test_no_role_can_take_off_what_protects_the_data(template: Template) -> None:
    boundary = one_of(template, "AWS::IAM::ManagedPolicy")
    denied = {
        action
        for one in boundary["PolicyDocument"]["Statement"]
        if one["Effect"] == "Deny" and "Action" in one
        for action in one["Action"]
    }
    assert denied >= {
        "s3:BypassGovernanceRetention",
        "s3:PutBucketVersioning",
        "s3:PutLifecycleConfiguration",
        "dynamodb:DeleteTable",
        "kms:ScheduleKeyDeletion",
        "backup:DeleteRecoveryPoint",
    }


def test_no_role_can_make_another_role(template: Template) -> None:
    boundary = one_of(template, "AWS::IAM::ManagedPolicy")
    [granting] = [one for one in boundary["PolicyDocument"]["Statement"] if one["Effect"] == "Allow"]
    assert "iam:*" in granting["NotAction"]


def test_no_role_can_leave_the_regions_of_the_drive(template: Template) -> None:
    boundary = one_of(template, "AWS::IAM::ManagedPolicy")
    [elsewhere] = [one for one in boundary["PolicyDocument"]["Statement"] if one.get("Sid") == "NowhereElse"]
    assert elsewhere["Effect"] == "Deny"
    assert elsewhere["Condition"] == {
        "StringNotEquals": {"aws:RequestedRegion": sorted([*DATA_REGIONS, OBSERVER, "us-east-1"])}
    }


def test_every_role_here_keeps_within_the_boundary(template: Template, region: str) -> None:
    for role in all_of(template, "AWS::IAM::Role").values():
        assert f"policy/clouddrive-boundary-{region}" in json.dumps(role["PermissionsBoundary"])


def test_the_calendar_is_open_where_nothing_is_planned(template: Template) -> None:
    calendar = one_of(template, "AWS::SSM::Document")
    assert calendar["Name"] == "clouddrive-freeze"
    assert calendar["DocumentType"] == "ChangeCalendar"
    assert "X-CALENDAR-TYPE:DEFAULT_OPEN" in calendar["Content"]
    assert "BEGIN:VEVENT" not in calendar["Content"]


def test_the_calendar_closes_when_the_settings_forbid_a_deployment(frozen: tuple[Settings, Template]) -> None:
    planned, template = frozen
    content = one_of(template, "AWS::SSM::Document")["Content"]
    closes, opens = (
        datetime.strptime(re.search(rf"{edge}:(\w+)", content)[1], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)  # type: ignore[index]
        for edge in ("DTSTART", "DTEND")
    )
    moment = timedelta(seconds=1)
    assert planned.frozen_at(closes)
    assert planned.frozen_at(opens)
    assert not planned.frozen_at(closes - moment)
    assert not planned.frozen_at(opens + moment)


def test_an_event_that_does_not_freeze_leaves_the_calendar_open() -> None:
    planned = settings(events=[SALE | {"freeze_deploys": False}])
    template = synthesized(Foundation, region="eu-west-1", peers=[], events=planned.events, holds_data=True)
    assert "BEGIN:VEVENT" not in one_of(template, "AWS::SSM::Document")["Content"]


def profiles(template: Template) -> dict[str, tuple[dict[str, Any], dict[str, Any]]]:
    """The schema and the first content of each profile by name."""
    schemas = {
        name: (one["Name"], json.loads(one["Validators"][0]["Content"]))
        for name, one in all_of(template, "AWS::AppConfig::ConfigurationProfile").items()
    }
    return {
        schemas[one["ConfigurationProfileId"]["Ref"]][0]: (
            schemas[one["ConfigurationProfileId"]["Ref"]][1],
            json.loads(one["Content"]),
        )
        for one in all_of(template, "AWS::AppConfig::HostedConfigurationVersion").values()
    }


def test_levers_and_identity_keys_are_where_the_services_look(data_region: Template) -> None:
    assert set(profiles(data_region)) == {"levers", "identity"}
    assert one_of(data_region, "AWS::AppConfig::Application")["Name"] == "clouddrive-drive"
    assert one_of(data_region, "AWS::AppConfig::Environment")["Name"] == "clouddrive-live"


def test_levers_stand_at_first_where_the_services_start(data_region: Template, repository: Path) -> None:
    """Read, not imported: the services have an environment of their own."""
    module = ast.parse((repository / "services/drive/levers.py").read_text())
    [levers] = [one for one in module.body if isinstance(one, ast.ClassDef) and one.name == "Levers"]
    normal = {
        ast.unparse(one.target): eval(ast.unparse(one.value), dict(vars(limits)))  # noqa: S307
        for one in levers.body
        if isinstance(one, ast.AnnAssign) and one.value
    }
    _, first = profiles(data_region)["levers"]
    assert first == normal


@pytest.mark.parametrize(
    ("profile", "content", "valid"),
    [
        ("levers", {"admit_percent": 50}, True),
        ("levers", {"admit_percent": 101}, False),
        ("levers", {"admit_percent": "50"}, False),
        ("levers", {"accept_upload": False}, False),
        ("levers", {"bundle_slots": 0}, False),
        ("identity", {"keys": []}, True),
        ("identity", {"keys": [{"kid": "a", "kty": "RSA", "n": "…", "e": "AQAB"}]}, True),
        ("identity", {"keys": [{"kid": "a", "kty": "RSA", "n": "…", "e": "AQAB", "d": "private"}]}, False),
        ("identity", {"keys": [{"kty": "RSA"}]}, False),
        ("identity", {}, False),
    ],
)
def test_a_lever_that_is_not_valid_is_refused(data_region: Template, profile: str, content: Any, valid: bool) -> None:
    schema, first = profiles(data_region)[profile]
    assert Draft7Validator(schema).is_valid(first)
    assert Draft7Validator(schema).is_valid(content) is valid


def test_a_lever_that_is_moved_carefully_is_moved_back_when_requests_fail(data_region: Template) -> None:
    strategies = {one["Name"]: one for one in all_of(data_region, "AWS::AppConfig::DeploymentStrategy").values()}
    careful = strategies["clouddrive-carefully"]
    assert careful["GrowthFactor"] < 100
    assert careful["FinalBakeTimeInMinutes"] >= 10
    [monitor] = one_of(data_region, "AWS::AppConfig::Environment")["Monitors"]
    alarm = all_of(data_region, "AWS::CloudWatch::Alarm")[monitor["AlarmArn"]["Fn::GetAtt"][0]]
    assert alarm["MetricName"] == "5XXError"


def test_a_lever_that_is_moved_in_an_emergency_stays_whatever_the_alarms_say(data_region: Template) -> None:
    strategies = {one["Name"]: one for one in all_of(data_region, "AWS::AppConfig::DeploymentStrategy").values()}
    at_once = strategies["clouddrive-at-once"]
    assert at_once["GrowthFactor"] == 100
    assert at_once["DeploymentDurationInMinutes"] == at_once["FinalBakeTimeInMinutes"] == 0


def test_two_profiles_are_not_deployed_at_once_which_appconfig_refuses(data_region: Template) -> None:
    deployments = {
        name: resource
        for name, resource in data_region["Resources"].items()
        if resource["Type"] == "AWS::AppConfig::Deployment"
    }
    assert len(deployments) == 2
    waiting = [one for one in deployments.values() if set(one.get("DependsOn", [])) & set(deployments)]
    assert len(waiting) == 1


def test_the_two_data_regions_differ_in_names_of_regions_only(templates: dict[str, Template]) -> None:
    first, second = (
        re.sub("|".join(DATA_REGIONS), "(region)", json.dumps(templates[f"Foundation-{region}"]["Resources"]))
        for region in DATA_REGIONS
    )
    assert first == second
