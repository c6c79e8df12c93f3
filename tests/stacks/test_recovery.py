import json
from typing import Any

import pytest

from stacks.hosts import api_host, entry_host
from stacks.queues import QUEUES
from stacks.recovery import Recovery
from tests.stacks.policies_evaluated import ACCOUNT, Statement, allowed, denied, statements_of
from tests.stacks.synthesized import Template, all_of, flat, one_of, synthesized

PRIMARY, STANDBY, OBSERVER = "eu-west-1", "eu-central-1", "eu-north-1"
DOMAIN = "drive.example.com"

THROUGH_THE_URL = {"lambda:InvokedViaFunctionUrl": "true"}
SIGNED = {"lambda:FunctionUrlAuthType": "AWS_IAM"}


def recovery(**arguments: Any) -> Template:
    given = {
        "region": STANDBY,
        "data_regions": (PRIMARY, STANDBY),
        "observer": OBSERVER,
        "traffic": {PRIMARY: 99, STANDBY: 1},
        "failover_mode": "approve",
        **arguments,
    }
    return synthesized(Recovery, **given)


@pytest.fixture(scope="session")
def template(templates: dict[str, Template]) -> Template:
    return templates["Recovery"]


@pytest.fixture(scope="session")
def with_domain() -> Template:
    return recovery(domain=DOMAIN)


@pytest.fixture(scope="session")
def operator(template: Template) -> list[Statement]:
    (role,) = all_of(template, "AWS::IAM::Role")
    return statements_of(template, role)


def checks(template: Template) -> dict[str, dict[str, Any]]:
    return {name: check["HealthCheckConfig"] for name, check in all_of(template, "AWS::Route53::HealthCheck").items()}


def deciding(template: Template, region: str) -> list[dict[str, Any]]:
    """The health checks that decide whether the record of a region is answered."""
    (record,) = (r for r in all_of(template, "AWS::Route53::RecordSet").values() if r["SetIdentifier"] == region)
    found = checks(template)
    decision = found[record["HealthCheckId"]["Ref"]]
    assert decision["Type"] == "CALCULATED"
    assert decision["HealthThreshold"] == len(decision["ChildHealthChecks"])
    return [found[child["Ref"]] for child in decision["ChildHealthChecks"]]


def recovering(region: str) -> list[tuple[str, str, dict[str, str]]]:
    table = f"arn:aws:dynamodb:{region}:{ACCOUNT}:table/clouddrive-switch"
    function = f"arn:aws:lambda:{region}:{ACCOUNT}:function:clouddrive-switch"
    return [
        ("dynamodb:GetItem", table, {}),
        ("dynamodb:PutItem", table, {}),
        ("dynamodb:UpdateItem", table, {}),
        ("lambda:InvokeFunctionUrl", f"{function}:live", SIGNED),
        ("lambda:InvokeFunction", f"{function}:live", THROUGH_THE_URL),
        ("dynamodb:GetItem", table.replace("-switch", "-drive"), {"dynamodb:LeadingKeys": f"HEARTBEAT#{region}"}),
        ("s3:GetObject", f"arn:aws:s3:::clouddrive-replica-{ACCOUNT}-{region}/heartbeat/{region}.json", {}),
        ("kms:Decrypt", f"arn:aws:kms:{region}:{ACCOUNT}:key/1", {"kms:ResourceAliases": "alias/clouddrive-replica"}),
        ("ssm:GetParameter", f"arn:aws:ssm:{region}:{ACCOUNT}:parameter/clouddrive-switch/url", {}),
        *(("sqs:SendMessage", f"arn:aws:sqs:{region}:{ACCOUNT}:clouddrive-{queue.role}", {}) for queue in QUEUES),
    ]


TELLING: list[tuple[str, str, dict[str, str]]] = [
    ("s3:PutObject", f"arn:aws:s3:::clouddrive-status-{ACCOUNT}-{OBSERVER}/incident.json", {}),
    ("s3:GetObject", f"arn:aws:s3:::clouddrive-status-{ACCOUNT}-{OBSERVER}/status.json", {}),
    ("sqs:SendMessage", f"arn:aws:sqs:{OBSERVER}:{ACCOUNT}:clouddrive-announce", {}),
    ("cloudwatch:DescribeAlarms", "*", {}),
]


@pytest.mark.parametrize(
    ("action", "resource", "context"),
    [*recovering(PRIMARY), *recovering(STANDBY), *TELLING],
    ids=lambda value: str(value).replace(ACCOUNT, ""),
)
def test_every_step_of_a_recovery_is_allowed_to_the_operator(
    operator: list[Statement], action: str, resource: str, context: dict[str, str]
) -> None:
    assert allowed(operator, action, resource, context)


@pytest.mark.parametrize(
    "action",
    [
        "acm:RequestCertificate",
        "apigateway:PATCH",
        "appconfig:StartDeployment",
        "appconfig:CreateHostedConfigurationVersion",
        "application-autoscaling:RegisterScalableTarget",
        "autoscaling:SetDesiredCapacity",
        "backup:StartRestoreJob",
        "cloudformation:CreateStack",
        "cloudformation:UpdateStack",
        "cloudfront:UpdateDistribution",
        "cloudfront:CreateInvalidation",
        "codedeploy:CreateDeployment",
        "dynamodb:CreateTable",
        "dynamodb:UpdateTable",
        "dynamodb:UpdateTableReplicaAutoScaling",
        "dynamodb:DeleteTable",
        "dynamodb:DeleteItem",
        "dynamodb:UpdateContinuousBackups",
        "dynamodb:UpdateTimeToLive",
        "dynamodb:RestoreTableToPointInTime",
        "dynamodb:PutResourcePolicy",
        "ec2:RunInstances",
        "ecs:UpdateService",
        "ecs:RunTask",
        "elasticloadbalancing:ModifyListener",
        "events:PutRule",
        "iam:CreateRole",
        "iam:AttachRolePolicy",
        "iam:PassRole",
        "iam:UpdateAssumeRolePolicy",
        "kms:ScheduleKeyDeletion",
        "kms:PutKeyPolicy",
        "lambda:UpdateFunctionConfiguration",
        "lambda:UpdateFunctionCode",
        "lambda:UpdateAlias",
        "lambda:PutFunctionConcurrency",
        "lambda:PutProvisionedConcurrencyConfig",
        "lambda:CreateEventSourceMapping",
        "lambda:AddPermission",
        "lambda:DeleteFunction",
        "organizations:LeaveOrganization",
        "route53:ChangeResourceRecordSets",
        "route53:UpdateHealthCheck",
        "route53:DeleteHostedZone",
        "route53domains:UpdateDomainNameservers",
        "s3:CreateBucket",
        "s3:DeleteBucket",
        "s3:DeleteObject",
        "s3:DeleteObjectVersion",
        "s3:PutBucketPolicy",
        "s3:PutBucketVersioning",
        "s3:PutBucketNotification",
        "s3:PutEncryptionConfiguration",
        "s3:PutLifecycleConfiguration",
        "s3:PutReplicationConfiguration",
        "s3:PutBucketObjectLockConfiguration",
        "s3:BypassGovernanceRetention",
        "scheduler:UpdateSchedule",
        "sns:SetTopicAttributes",
        "sqs:SetQueueAttributes",
        "sqs:PurgeQueue",
        "sqs:DeleteQueue",
        "sqs:DeleteMessage",
        "wafv2:UpdateWebACL",
    ],
)
def test_control_planes_and_deletions_are_denied_to_the_operator(operator: list[Statement], action: str) -> None:
    assert denied(operator, action)
    assert not allowed([*operator, {"Effect": "Allow", "Action": "*", "Resource": "*"}], action, "*")


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("dynamodb:PutItem", f"arn:aws:dynamodb:{PRIMARY}:{ACCOUNT}:table/clouddrive-drive"),
        ("dynamodb:PutItem", f"arn:aws:dynamodb:{OBSERVER}:{ACCOUNT}:table/clouddrive-switch"),
        ("s3:PutObject", f"arn:aws:s3:::clouddrive-files-{ACCOUNT}-{PRIMARY}/anything"),
        ("s3:GetObject", f"arn:aws:s3:::clouddrive-files-{ACCOUNT}-{PRIMARY}/anything"),
        ("s3:GetObject", f"arn:aws:s3:::clouddrive-replica-{ACCOUNT}-{PRIMARY}/anything"),
        ("dynamodb:GetItem", f"arn:aws:dynamodb:{PRIMARY}:{ACCOUNT}:table/clouddrive-drive"),
        ("sqs:ReceiveMessage", f"arn:aws:sqs:{PRIMARY}:{ACCOUNT}:clouddrive-deliver"),
        ("lambda:InvokeFunction", f"arn:aws:lambda:{PRIMARY}:{ACCOUNT}:function:clouddrive-switch"),  # not the URL
        ("lambda:InvokeFunctionUrl", f"arn:aws:lambda:{PRIMARY}:{ACCOUNT}:function:clouddrive-deliver"),
    ],
)
def test_what_no_recovery_needs_is_not_allowed_to_the_operator(
    operator: list[Statement], action: str, resource: str
) -> None:
    assert not allowed(operator, action, resource)


def test_every_role_of_this_stack_carries_the_denial(template: Template) -> None:
    for role in all_of(template, "AWS::IAM::Role"):
        assert denied(statements_of(template, role), "route53:ChangeResourceRecordSets")


def test_the_operator_needs_a_second_factor_and_one_sign_in_lasts_through_an_outage(template: Template) -> None:
    role = one_of(template, "AWS::IAM::Role")
    (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Condition"] == {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
    assert role["MaxSessionDuration"] == 12 * 3600
    assert "clouddrive-boundary-" in json.dumps(role["PermissionsBoundary"])


def test_clients_are_led_away_without_changing_a_record(with_domain: Template) -> None:
    records = all_of(with_domain, "AWS::Route53::RecordSet").values()
    assert {record["SetIdentifier"] for record in records} == {PRIMARY, STANDBY}
    for record in records:
        assert record["Name"] == f"{api_host(DOMAIN)}."
        assert record["ResourceRecords"] == [entry_host(record["SetIdentifier"], DOMAIN)]
        assert record["TTL"] == "60"
        assert "Ref" in record["HealthCheckId"]
    assert {record["SetIdentifier"]: record["Weight"] for record in records} == {PRIMARY: 99, STANDBY: 1}


@pytest.mark.parametrize(("region", "peer"), [(PRIMARY, STANDBY), (STANDBY, PRIMARY)])
def test_only_a_persons_word_moves_traffic_and_the_peer_carries_it(
    with_domain: Template, region: str, peer: str
) -> None:
    (word,) = deciding(with_domain, region)
    assert word["Type"] == "HTTPS_STR_MATCH"
    assert word["FullyQualifiedDomainName"] == f"api.{peer}.{DOMAIN}"
    assert word["ResourcePath"] == f"/switch/{region}"
    assert word["SearchString"] == "evacuated"
    assert word["Inverted"] is True  # a peer that is down says nothing, which counts as healthy


def test_in_automatic_mode_a_region_that_fails_three_checks_is_left_as_well() -> None:
    template = recovery(domain=DOMAIN, failover_mode="automatic")
    for region in (PRIMARY, STANDBY):
        answering, word = deciding(template, region)
        assert answering["FullyQualifiedDomainName"] == f"api.{region}.{DOMAIN}"
        assert answering["ResourcePath"] == "/healthz/shallow"
        assert answering["RequestInterval"] * answering["FailureThreshold"] == 30
        assert word["SearchString"] == "evacuated"


def test_when_both_regions_fail_dns_leads_to_both(with_domain: Template) -> None:
    # Route 53 treats all as healthy when none is; a record without a check would then get all of the traffic.
    for record in all_of(with_domain, "AWS::Route53::RecordSet").values():
        assert "HealthCheckId" in record
        assert "Failover" not in record


def test_records_can_be_changed_again_during_a_long_outage_of_us_east_1(with_domain: Template) -> None:
    zone = one_of(with_domain, "AWS::Route53::HostedZone")
    assert zone["HostedZoneFeatures"] == {"EnableAcceleratedRecovery": True}


def test_the_zone_outlives_its_stack(with_domain: Template) -> None:
    (zone,) = (r for r in with_domain["Resources"].values() if r["Type"] == "AWS::Route53::HostedZone")
    assert zone["DeletionPolicy"] == zone["UpdateReplacePolicy"] == "Retain"


def test_without_a_domain_each_regions_health_is_the_observers_word_kept_in_the_other_region() -> None:
    template = recovery()
    found = checks(template).values()
    assert {check["AlarmIdentifier"]["Region"] for check in found} == {PRIMARY, STANDBY}
    assert {check["AlarmIdentifier"]["Name"] for check in found} == {"clouddrive-observer-sees-peer"}
    assert not all_of(template, "AWS::Route53::HostedZone")
    assert len(all_of(template, "AWS::IAM::Role")) == 1


def test_the_alarms_that_health_checks_read_are_there(templates: dict[str, Template]) -> None:
    for check in checks(recovery()).values():
        there = templates[f"Observability-{check['AlarmIdentifier']['Region']}"]
        names = {alarm["AlarmName"] for alarm in all_of(there, "AWS::CloudWatch::Alarm").values()}
        assert check["AlarmIdentifier"]["Name"] in names


def test_what_the_operator_tells_users_goes_where_the_status_page_reads(templates: dict[str, Template]) -> None:
    buckets = [flat(bucket["BucketName"]) for bucket in all_of(templates["Status"], "AWS::S3::Bucket").values()]
    queues = [queue["QueueName"] for queue in all_of(templates["Status"], "AWS::SQS::Queue").values()]
    assert f"clouddrive-status-x-{OBSERVER}" in buckets
    assert "clouddrive-announce" in queues
