"""Somebody hears, nothing starves, and what is running is enough when a zone is gone."""

import json
from collections.abc import Iterator
from typing import Any

from stacks.capacity import UNRESERVED, needed, region_capacity
from stacks.settings import Tier
from tests.matrix.conftest import Drive

READS = ("Get", "List", "Describe", "Batch", "Query", "Scan", "Head", "Select", "View")

WRITES_THAT_NAME_NOTHING = {
    # AWS gives these no resource to be narrowed by (Service Authorization Reference).
    "backup:PutRestoreValidationResult",
    "cloudwatch:PutMetricData",
    "logs:CreateLogDelivery",
    "ecr:GetAuthorizationToken",
    "xray:PutTraceSegments",
    "xray:PutTelemetryRecords",
}


def actions(drive: Drive) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every statement of every policy that a role carries."""
    for stack, name, resource in drive.resources("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::IAM::Role"):
        properties = resource["Properties"]
        documents = [properties["PolicyDocument"]] if "PolicyDocument" in properties else []
        documents += [policy["PolicyDocument"] for policy in properties.get("Policies", [])]
        for document in documents:
            for statement in document["Statement"]:
                yield f"{stack}/{name}", statement


def test_every_alarm_tells_somebody_and_says_what_to_do(drive: Drive) -> None:
    alarms = drive.resources("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm")
    assert alarms
    for stack, name, resource in alarms:
        properties = resource["Properties"]
        assert properties.get("AlarmActions"), (stack, name)
        # What starts more workers is nobody's business at night.
        if ":sns:" in json.dumps(properties["AlarmActions"]):
            assert "docs/runbooks.md#" in json.dumps(properties["AlarmDescription"]), (stack, name)


def test_every_experiment_stops_at_an_alarm(drive: Drive) -> None:
    experiments = drive.resources("AWS::FIS::ExperimentTemplate")
    assert experiments
    for stack, name, resource in experiments:
        conditions = resource["Properties"]["StopConditions"]
        assert conditions, (stack, name)
        assert all(one["Source"] == "aws:cloudwatch:alarm" for one in conditions), (stack, name)


def test_functions_leave_room_for_each_other(drive: Drive) -> None:
    for region in {*drive.settings.regions.data}:
        reserved = [
            resource["Properties"].get("ReservedConcurrentExecutions", 0)
            for stack, _, resource in drive.resources("AWS::Lambda::Function")
            if drive.regions[stack] == region
        ]
        assert sum(reserved) <= drive.settings.quotas.function_concurrency - UNRESERVED


def test_what_runs_suffices_when_a_zone_is_gone(drive: Drive) -> None:
    """In a region that carries the traffic; a standby runs what the tier table says."""
    capacity = drive.settings.capacity
    enough = needed(capacity.peak_requests_per_second, capacity.peak_bundles_per_minute)
    assert enough.bundlers * 2 / 3 >= capacity.peak_bundles_per_minute / 60 * 20 / 4
    for region in drive.settings.regions.data:
        running = region_capacity(drive.settings, region).running
        least = sorted(
            resource["Properties"]["MinCapacity"]
            for stack, _, resource in drive.resources("AWS::ApplicationAutoScaling::ScalableTarget")
            if drive.regions[stack] == region
        )
        assert least == sorted([*running.functions.values(), running.bundlers])
        if region == drive.settings.regions.primary or drive.settings.tier is Tier.ACTIVE_ACTIVE:
            assert running == enough


def test_nothing_may_write_to_everything(drive: Drive) -> None:
    for where, statement in actions(drive):
        resources = statement.get("Resource", [])
        if statement["Effect"] != "Allow" or "*" not in (resources if isinstance(resources, list) else [resources]):
            continue
        if "NotAction" in statement:
            assert "Boundary" in where  # which grants nothing by itself
            continue
        listed = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        writes = [one for one in listed if not one.split(":")[1].startswith(READS)]
        if "Condition" in statement:
            continue
        assert set(writes) <= WRITES_THAT_NAME_NOTHING, where


def test_no_role_may_do_everything(drive: Drive) -> None:
    for where, statement in actions(drive):
        listed = statement.get("Action", [])
        assert not (statement["Effect"] == "Allow" and listed in ("*", ["*"])), where


NAMED = {
    "AWS::S3::Bucket": "BucketName",
    "AWS::DynamoDB::GlobalTable": "TableName",
    "AWS::SQS::Queue": "QueueName",
    "AWS::SNS::Topic": "TopicName",
    "AWS::Lambda::Function": "FunctionName",
    "AWS::IAM::Role": "RoleName",
    "AWS::CloudWatch::Alarm": "AlarmName",
    "AWS::CloudWatch::CompositeAlarm": "AlarmName",
    "AWS::CloudWatch::Dashboard": "DashboardName",
    "AWS::Backup::BackupVault": "BackupVaultName",
    "AWS::ECS::Cluster": "ClusterName",
    "AWS::KMS::Alias": "AliasName",
    "AWS::ApiGateway::RestApi": "Name",
}


def test_every_name_is_the_deployments_own(drive: Drive) -> None:
    """All names come from stacks/names.py and begin with the prefix, so that two deployments can share an account."""
    prefix = drive.settings.prefix
    for stack, name, resource in drive.resources(*NAMED):
        given = resource["Properties"].get(NAMED[resource["Type"]])
        if given is None:
            continue
        flat = given if isinstance(given, str) else "".join(str(part) for part in given["Fn::Join"][1])
        assert flat.removeprefix("alias/").startswith(f"{prefix}-"), (stack, name)


def test_the_operator_is_denied_the_control_planes(drive: Drive) -> None:
    """tests/stacks/test_recovery.py evaluates the role call by call; here: it is there whatever the settings."""
    denied = [
        statement
        for where, statement in actions(drive)
        if where.startswith("Recovery/") and statement["Effect"] == "Deny"
    ]
    text = json.dumps(denied)
    for family in ("route53:", "iam:", "cloudfront:", "cloudformation:", "ecs:", "lambda:", "dynamodb:", "s3:"):
        assert f'"{family}' in text
