import json
from typing import Any

import pytest

from seawall_constructs.zones import ZONES
from services.drive.limits import OFFSITE_VISIBILITY
from stacks.offsite import OFFSITE, Offsite
from stacks.queues import DAY
from tests.stacks.synthesized import Template, all_of, one_of, synthesized

REGION = "eu-central-1"
ADDRESS = "https://s3.example.net:9000/drive-copies"


@pytest.fixture(scope="session")
def template() -> Template:
    """It is off in cdk.json, so made here."""
    return synthesized(Offsite, region=REGION, address=ADDRESS)


def named(template: Template, kind: str, name: str, value: str) -> dict[str, Any]:
    [found] = [one for one in all_of(template, kind).values() if one[name] == value]
    return dict(found)


def variables(template: Template) -> dict[str, Any]:
    [container] = one_of(template, "AWS::ECS::TaskDefinition")["ContainerDefinitions"]
    return {one["Name"]: one["Value"] for one in container["Environment"]}


def granted(template: Template) -> list[dict[str, Any]]:
    return [
        one for policy in all_of(template, "AWS::IAM::Policy").values() for one in policy["PolicyDocument"]["Statement"]
    ]


def test_every_new_file_of_the_region_is_put_in_the_queue_its_own_and_the_peers(template: Template) -> None:
    rule = one_of(template, "AWS::Events::Rule")
    assert rule["State"] == "ENABLED"
    assert rule["EventPattern"]["detail-type"] == ["Object Created"]
    buckets = json.dumps(rule["EventPattern"]["detail"]["bucket"]["name"])
    assert "clouddrive-replica-" in buckets
    assert "clouddrive-files-" in buckets
    [target] = rule["Targets"]
    assert "DeadLetterConfig" in target


def test_the_table_is_exported_every_night(template: Template) -> None:
    schedule = one_of(template, "AWS::Scheduler::Schedule")
    assert "DeadLetterConfig" in schedule["Target"]
    assert schedule["State"] == "ENABLED"
    assert schedule["ScheduleExpression"] == "cron(0 2 * * ? *)"
    assert schedule["ScheduleExpressionTimezone"] == "Etc/UTC"
    [exporting] = [one for one in granted(template) if one["Action"] == "dynamodb:ExportTableToPointInTime"]
    assert f":dynamodb:{REGION}:" in json.dumps(exporting["Resource"])
    assert ":table/clouddrive-drive" in json.dumps(exporting["Resource"])


def test_a_store_that_is_down_for_a_day_costs_nobody_any_work(template: Template) -> None:
    queue = named(template, "AWS::SQS::Queue", "QueueName", "clouddrive-offsite")
    assert queue["RedrivePolicy"]["maxReceiveCount"] * queue["VisibilityTimeout"] > DAY
    assert queue["VisibilityTimeout"] == OFFSITE_VISIBILITY


def test_what_could_not_be_copied_is_kept_for_14_days(template: Template) -> None:
    queue = named(template, "AWS::SQS::Queue", "QueueName", "clouddrive-offsite")
    dead = named(template, "AWS::SQS::Queue", "QueueName", "clouddrive-offsite-dead-letters")
    assert dead["MessageRetentionPeriod"] == 14 * DAY
    assert dead["MessageRetentionPeriod"] > queue["MessageRetentionPeriod"]


def test_somebody_hears_when_a_day_passed_without_a_copy(template: Template) -> None:
    page = named(template, "AWS::CloudWatch::Alarm", "AlarmName", "clouddrive-offsite-late-page")
    assert page["Threshold"] == DAY
    assert OFFSITE.page_age <= OFFSITE.retention_days * DAY / 10
    for alarm in all_of(template, "AWS::CloudWatch::Alarm").values():
        assert alarm["AlarmActions"]


def test_a_store_that_is_down_is_noticed_though_its_messages_hide_from_the_queues_age(template: Template) -> None:
    alarm = named(template, "AWS::CloudWatch::Alarm", "AlarmName", "clouddrive-offsite-stuck")
    [condition] = [one["Expression"] for one in alarm["Metrics"] if "Expression" in one]
    assert condition == "IF(waiting + trying > 0 AND copied == 0, 1, 0)"
    assert alarm["EvaluationPeriods"] * 3600 < DAY


def test_the_copiers_run_in_three_zones_and_one_lost_leaves_one(template: Template) -> None:
    service = one_of(template, "AWS::ECS::Service")
    network = service["NetworkConfiguration"]["AwsvpcConfiguration"]
    subnets = all_of(template, "AWS::EC2::Subnet")
    assert {one["Ref"] for one in network["Subnets"]} == set(subnets)
    assert [one["AvailabilityZone"]["Fn::Select"][0] for one in subnets.values()] == list(range(ZONES))
    assert service["DesiredCount"] >= 2
    assert service["AvailabilityZoneRebalancing"] == "ENABLED"


def test_no_zones_way_out_leads_through_another(template: Template) -> None:
    assert not all_of(template, "AWS::EC2::NatGateway")
    ways = [one for one in all_of(template, "AWS::EC2::Route").values() if one["DestinationCidrBlock"] == "0.0.0.0/0"]
    assert len(ways) == ZONES
    assert all("GatewayId" in one for one in ways)
    assert one_of(template, "AWS::ECS::Service")["NetworkConfiguration"]["AwsvpcConfiguration"]["AssignPublicIp"] == (
        "ENABLED"
    )


def test_nobody_can_call_a_copier_and_it_calls_https_and_the_stores_port_only(template: Template) -> None:
    group = one_of(template, "AWS::EC2::SecurityGroup")
    assert "SecurityGroupIngress" not in group
    assert not all_of(template, "AWS::EC2::SecurityGroupIngress")
    assert [(rule["FromPort"], rule["ToPort"]) for rule in group["SecurityGroupEgress"]] == [(443, 443), (9000, 9000)]


def test_a_bad_image_is_taken_back(template: Template) -> None:
    breaker = one_of(template, "AWS::ECS::Service")["DeploymentConfiguration"]["DeploymentCircuitBreaker"]
    assert breaker == {"Enable": True, "Rollback": True}


def test_a_copier_writes_nothing_but_its_own_tmp(template: Template) -> None:
    task = one_of(template, "AWS::ECS::TaskDefinition")
    [container] = task["ContainerDefinitions"]
    assert container["ReadonlyRootFilesystem"] is True
    assert [mount["ContainerPath"] for mount in container["MountPoints"]] == ["/tmp"]  # noqa: S108
    assert task["RuntimePlatform"]["CpuArchitecture"] == "ARM64"


def test_the_copier_is_told_where_to_copy_and_where_the_secrets_are(template: Template) -> None:
    told = variables(template)
    assert told["OFFSITE_ENDPOINT"] == "https://s3.example.net:9000"
    assert told["OFFSITE_BUCKET"] == "drive-copies"
    secrets = {told[f"OFFSITE_{name}_SECRET"] for name in ("KEY", "CREDENTIALS")}
    assert secrets == {"clouddrive-offsite-key", "clouddrive-offsite-credentials"}


def test_the_key_is_not_made_here_so_that_no_deletion_takes_it_along(template: Template) -> None:
    assert not all_of(template, "AWS::SecretsManager::Secret")
    [reading] = [one for one in granted(template) if one["Action"] == "secretsmanager:GetSecretValue"]
    assert len(reading["Resource"]) == 2


def test_a_copier_can_change_nothing_that_it_copies(template: Template) -> None:
    for one in granted(template):
        actions = [one["Action"]] if isinstance(one["Action"], str) else one["Action"]
        if any(store in json.dumps(one["Resource"]) for store in ("-files-", "-replica-", "table/")):
            verbs = ("Get", "Describe", "List", "Export")
            assert all(action.partition(":")[2].startswith(verbs) for action in actions), actions


def test_an_address_without_a_port_needs_no_other_than_https() -> None:
    template = synthesized(Offsite, region=REGION, address="https://store.example.net/drive")
    [rule] = one_of(template, "AWS::EC2::SecurityGroup")["SecurityGroupEgress"]
    assert rule["FromPort"] == 443


def test_nothing_of_another_region_is_needed(template: Template) -> None:
    assert "eu-west-1" not in json.dumps(template["Resources"])
