import json
from typing import Any

import pytest

from services.drive.limits import FIRST_MESSAGE_WITHIN, STATUS_OLD_AFTER
from stacks.patterns.announcements import ANNOUNCE
from stacks.status import Status
from tests.stacks.synthesized import Template, all_of, one_of, synthesized

PRIMARY, STANDBY, OBSERVER = "eu-west-1", "eu-central-1", "eu-north-1"
CERTIFICATE = "arn:aws:acm:us-east-1:111122223333:certificate/11111111-2222-3333-4444-555555555555"


@pytest.fixture(scope="session")
def template(templates: dict[str, Template]) -> Template:
    return templates["Status"]


@pytest.fixture(scope="session")
def named() -> Template:
    """The same with both domains."""
    return synthesized(
        Status,
        region=OBSERVER,
        data_regions=(PRIMARY, STANDBY),
        domain="example.com",
        status_domain="status-example.net",
        certificate=CERTIFICATE,
    )


def functions(template: Template) -> dict[str, dict[str, Any]]:
    return {
        function["FunctionName"].removeprefix("clouddrive-"): function
        for function in all_of(template, "AWS::Lambda::Function").values()
    }


def variables(template: Template, role: str) -> dict[str, Any]:
    known: dict[str, Any] = functions(template)[role]["Environment"]["Variables"]
    return known


def alarms(template: Template) -> dict[str, dict[str, Any]]:
    return {
        alarm["AlarmName"].removeprefix("clouddrive-"): alarm
        for alarm in all_of(template, "AWS::CloudWatch::Alarm").values()
    }


def test_nothing_here_is_another_stacks(template: Template) -> None:
    text = json.dumps(template)
    assert "Fn::ImportValue" not in text
    assert "Custom::" not in text


def test_it_stands_in_neither_data_region(template: Template) -> None:
    for statement in policy_statements(template):
        for arn in resources(statement):
            if "ssm" not in arn:  # canaries ask a region where its API is
                assert PRIMARY not in arn
                assert STANDBY not in arn


def policy_statements(template: Template) -> list[dict[str, Any]]:
    return [
        statement
        for policy in all_of(template, "AWS::IAM::Policy").values()
        for statement in policy["PolicyDocument"]["Statement"]
    ]


def resources(statement: dict[str, Any]) -> list[str]:
    found = statement["Resource"]
    return [json.dumps(arn) for arn in (found if isinstance(found, list) else [found])]


def test_the_edge_may_read_the_page_and_its_data_and_no_drafts(template: Template) -> None:
    (public,) = (
        statement
        for policy in all_of(template, "AWS::S3::BucketPolicy").values()
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Allow"
    )
    assert public["Action"] == "s3:GetObject"
    assert [arn["Fn::Join"][1][-1] for arn in public["Resource"]] == ["/index.html", "/status.json"]
    assert "AWS:SourceArn" in json.dumps(public["Condition"])


def test_the_last_page_is_shown_while_its_region_is_lost(template: Template) -> None:
    behavior = one_of(template, "AWS::CloudFront::Distribution")["DistributionConfig"]["DefaultCacheBehavior"]
    # The managed policy CachingOptimized does what the object says: the publisher says stale-if-error for a day.
    assert behavior["CachePolicyId"] == "658327ea-f89d-4fab-a63d-7e88639e58f6"


def test_a_page_that_is_not_rewritten_wakes_somebody_up(template: Template) -> None:
    old = alarms(template)["status-old"]
    assert old["TreatMissingData"] == "breaching"
    assert old["Metrics"][0]["MetricStat"]["Period"] == STATUS_OLD_AFTER
    assert "clouddrive-page" in json.dumps(old["AlarmActions"])


def test_the_page_is_rewritten_every_minute(template: Template) -> None:
    schedule = one_of(template, "AWS::Scheduler::Schedule")
    assert schedule["ScheduleExpression"] == "rate(1 minute)"
    assert functions(template)["status"]["Timeout"] < 60


def test_a_first_message_that_is_due_wakes_somebody_up(template: Template) -> None:
    due = alarms(template)["status-message-due"]
    assert due["Metrics"][0]["MetricStat"]["Metric"]["MetricName"] == "FirstMessageReady"
    assert "clouddrive-page" in json.dumps(due["AlarmActions"])


def test_an_announcement_that_hangs_is_noticed_while_there_is_time() -> None:
    assert ANNOUNCE.page_age <= FIRST_MESSAGE_WITHIN / 3


def test_a_mail_that_cannot_be_sent_is_kept_for_a_person(template: Template) -> None:
    queues = {queue["QueueName"]: queue for queue in all_of(template, "AWS::SQS::Queue").values()}
    assert queues["clouddrive-announce"]["RedrivePolicy"]["maxReceiveCount"] == ANNOUNCE.tries
    assert queues["clouddrive-announce"]["VisibilityTimeout"] >= 6 * functions(template)["announce-sender"]["Timeout"]
    assert queues["clouddrive-announce-dead-letters"]["MessageRetentionPeriod"] == 14 * 24 * 3600


def test_the_subscribers_are_copied_to_both_data_regions_and_any_second_can_be_restored(template: Template) -> None:
    table = one_of(template, "AWS::DynamoDB::GlobalTable")
    assert {replica["Region"] for replica in table["Replicas"]} == {OBSERVER, PRIMARY, STANDBY}
    for replica in table["Replicas"]:
        assert replica["PointInTimeRecoverySpecification"]["RecoveryPeriodInDays"] == 35
        assert replica["DeletionProtectionEnabled"] is True
        # The data regions' backup plans find their copies by this tag.
        assert {"Key": "seawall:backup", "Value": "drive"} in replica["Tags"]
    assert table["TimeToLiveSpecification"]["AttributeName"] == "expires_at"


def test_both_regions_are_looked_at_from_here(template: Template) -> None:
    for role in ("observer-primary", "observer-standby"):
        assert alarms(template)[role]["TreatMissingData"] == "breaching"
    asked = {
        canary["RunConfig"]["EnvironmentVariables"]["ADDRESS_REGION"]
        for canary in all_of(template, "AWS::Synthetics::Canary").values()
    }
    assert asked == {PRIMARY, STANDBY}


def test_without_a_domain_the_page_waits_to_be_told_where_to_ask(template: Template) -> None:
    assert json.loads(variables(template, "status")["PROBES"]) == {}
    told = synthesized(
        Status,
        region=OBSERVER,
        data_regions=(PRIMARY, STANDBY),
        domain=None,
        status_domain=None,
        addresses={PRIMARY: "https://a.example/live/"},
    )
    assert json.loads(variables(told, "status")["PROBES"]) == {PRIMARY: "https://a.example/live/healthz/shallow"}


def test_with_a_domain_each_region_is_asked_under_its_own_name(named: Template) -> None:
    assert json.loads(variables(named, "status")["PROBES"]) == {
        region: f"https://api.{region}.example.com/healthz/shallow" for region in (PRIMARY, STANDBY)
    }


def test_the_page_and_the_mail_bear_the_status_domain(named: Template) -> None:
    distribution = one_of(named, "AWS::CloudFront::Distribution")["DistributionConfig"]
    assert distribution["Aliases"] == ["status-example.net"]
    assert distribution["ViewerCertificate"]["AcmCertificateArn"] == CERTIFICATE
    assert one_of(named, "AWS::SES::EmailIdentity")["EmailIdentity"] == "status-example.net"
    assert variables(named, "announce-sender")["SENDER"] == "status@status-example.net"
    assert variables(named, "status")["STATUS_URL"] == "https://status-example.net"


def test_until_there_is_a_certificate_the_page_has_cloudfronts_name() -> None:
    template = synthesized(
        Status,
        region=OBSERVER,
        data_regions=(PRIMARY, STANDBY),
        domain="example.com",
        status_domain="status-example.net",
    )
    assert "Aliases" not in one_of(template, "AWS::CloudFront::Distribution")["DistributionConfig"]


def test_few_requests_reach_the_list_of_subscribers(template: Template) -> None:
    stage = one_of(template, "AWS::ApiGatewayV2::Stage")
    assert stage["DefaultRouteSettings"]["ThrottlingRateLimit"] == 20
    assert "sourceIp" not in json.dumps(stage["AccessLogSettings"])


def test_mail_is_sent_only_as_the_domain(named: Template, template: Template) -> None:
    sending = [s for s in policy_statements(named) if "ses:SendEmail" in json.dumps(s["Action"])]
    assert sending
    for statement in sending:
        (arn,) = resources(statement)
        assert arn.endswith(':identity/status-example.net"]]}')
    assert "ses:" not in json.dumps(policy_statements(template))
