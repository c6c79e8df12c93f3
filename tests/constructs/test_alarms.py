"""What alarms promise to whoever is woken up."""

from typing import Any

import pytest
from aws_cdk import App, Environment, Stack
from aws_cdk.aws_applicationsignals import CfnServiceLevelObjective
from aws_cdk.aws_sns import Topic

from seawall_constructs.alarms import OnCall
from seawall_constructs.measure import measure
from seawall_constructs.service_level import ServiceLevel
from tests.constructs.conftest import Made, measured

ALARM = "AWS::CloudWatch::Alarm"
SCALING = "Scaling"


def told_people(service: Made) -> list[dict[str, Any]]:
    """All alarms but the one that starts workers."""
    return [alarm for alarm in service.all(ALARM) if alarm not in service.all(ALARM, SCALING)]


def urgency(service: Made, alarm: dict[str, Any]) -> str:
    """Which topic an alarm publishes to, when it sounds and when it is over."""
    topics = {service.id_of("AWS::SNS::Topic", f"Alarms/{kind}"): kind for kind in ("Page", "Ticket")}
    assert alarm["AlarmActions"] == alarm["OKActions"]
    [action] = alarm["AlarmActions"]
    return topics[action["Ref"]]


def test_every_alarm_says_what_is_wrong_and_where_to_read_what_to_do(service: Made) -> None:
    alarms = told_people(service)
    assert len(alarms) > 20
    for alarm in alarms:
        meaning, runbook = alarm["AlarmDescription"].split(" Runbook: ")
        assert meaning.endswith(".")
        assert runbook.startswith("docs/night.md#")
        assert urgency(service, alarm) in ("Page", "Ticket")


def test_every_alarm_says_what_silence_means(service: Made) -> None:
    assert {alarm["TreatMissingData"] for alarm in told_people(service)} == {"breaching", "notBreaching"}


def test_topics_take_messages_from_alarms_and_rules_only(service: Made) -> None:
    policies = service.all("AWS::SNS::TopicPolicy", "Alarms")
    assert len(policies) == 2
    for policy in policies:
        statements = policy["PolicyDocument"]["Statement"]
        publishers = [one["Principal"]["Service"] for one in statements if one["Effect"] == "Allow"]
        assert publishers == ["cloudwatch.amazonaws.com", "events.amazonaws.com"]
        [tls] = [one for one in statements if one["Effect"] == "Deny"]
        assert tls["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_what_publishes_to_the_topics_may_use_their_key(service: Made) -> None:
    """A topic whose key refuses a publisher loses its alarms in silence."""
    key = service.id_of("AWS::KMS::Key", "Alarms")
    for topic in service.all("AWS::SNS::Topic", "Alarms"):
        assert topic["KmsMasterKeyId"] == {"Fn::GetAtt": [key, "Arn"]}
    statements = service.one("AWS::KMS::Key", "Alarms")["KeyPolicy"]["Statement"]
    users = {
        one["Principal"]["Service"]
        for one in statements
        if {"kms:Decrypt", "kms:GenerateDataKey*"} <= set(one["Action"])
    }
    assert users == {"cloudwatch.amazonaws.com", "events.amazonaws.com"}


def test_a_late_queue_is_a_ticket_about_quiet_groups_and_a_page_about_all(service: Made) -> None:
    late, very_late = service.one(ALARM, "WorkAlarms/Late"), service.one(ALARM, "WorkAlarms/VeryLate")
    assert measured(late)[0] == "ApproximateAgeOfOldestMessageInQuietGroups"
    assert (late["Threshold"], urgency(service, late)) == (300, "Ticket")
    assert measured(very_late)[0] == "ApproximateAgeOfOldestMessage"
    assert (very_late["Threshold"], urgency(service, very_late)) == (900, "Page")


def test_dead_letters_are_counted_where_they_lie(service: Made) -> None:
    queue = {"Fn::GetAtt": [service.id_of("AWS::SQS::Queue", "Work/DeadLetters"), "QueueName"]}
    for name, most, kind in (("GivenUp", 0, "Ticket"), ("ManyGivenUp", 100, "Page")):
        alarm = service.one(ALARM, f"WorkAlarms/{name}")
        assert measured(alarm) == ("ApproximateNumberOfMessagesVisible", {"QueueName": queue})
        assert (alarm["Threshold"], urgency(service, alarm)) == (most, kind)


@pytest.mark.parametrize("name", ["Failing", "Refused", "Slow"])
def test_a_function_that_fails_is_refused_or_slow_is_noticed(service: Made, name: str) -> None:
    alarm = service.one(ALARM, f"WorkerAlarms/{name}")
    assert urgency(service, alarm) == "Ticket"
    assert alarm["AlarmDescription"].endswith(f"docs/night.md#function-{name.lower()}")


def test_refused_requests_of_a_table_and_of_its_indexes_are_noticed(service: Made) -> None:
    alarm = service.one(ALARM, "OrdersAlarms/Throttled")
    watched = [query["MetricStat"]["Metric"] for query in alarm["Metrics"] if "MetricStat" in query]
    indexes = [
        dimension["Value"]
        for metric in watched
        for dimension in metric["Dimensions"]
        if dimension["Name"] == "GlobalSecondaryIndexName"
    ]
    assert {metric["MetricName"] for metric in watched} == {"ReadThrottleEvents", "WriteThrottleEvents"}
    assert indexes == ["open-orders", "open-orders"]


def test_a_region_that_falls_behind_is_noticed(service: Made, elsewhere: Made) -> None:
    assert measured(service.one(ALARM, "OrdersAlarms/Late"))[0] == "ReplicationLatency"
    assert measured(service.one(ALARM, "CopiesFailed"))[0] == "OperationsFailedReplication"
    late = elsewhere.one(ALARM, "Late")
    assert (measured(late)[0], late["Threshold"]) == ("ReplicationLatency", 900)


def test_a_promise_has_a_budget_and_both_speeds_of_burning_it_are_told(service: Made) -> None:
    promise = service.one("AWS::ApplicationSignals::ServiceLevelObjective", "Done")
    assert promise["Goal"]["AttainmentGoal"] == 99.9
    assert promise["Goal"]["Interval"] == {"RollingInterval": {"Duration": 28, "DurationUnit": "DAY"}}
    assert promise["Sli"]["MetricThreshold"] == 900
    slow, fast = service.one(ALARM, "Done/Burning"), service.one(ALARM, "Done/BurningFast")
    assert (slow["Threshold"], urgency(service, slow)) == (5.6, "Ticket")
    assert (fast["Threshold"], urgency(service, fast)) == (13.44, "Page")
    windows = {
        name: sorted(
            int(dimension["Value"])
            for query in alarm["Metrics"]
            if "MetricStat" in query
            for dimension in query["MetricStat"]["Metric"]["Dimensions"]
            if dimension["Name"] == "BurnRateWindowMinutes"
        )
        for name, alarm in (("slow", slow), ("fast", fast))
    }
    assert windows == {"slow": [60, 360], "fast": [5, 60]}


def test_things_without_a_name_leave_theirs_to_cloudformation(nameless: Made) -> None:
    assert "AlarmName" not in nameless.one(ALARM, "WorkAlarms/Late")
    assert nameless.one(ALARM, "WorkAlarms/Late")["AlarmDescription"].startswith("The oldest message of the queue ")


def test_topics_of_another_stack_are_known_by_their_names() -> None:
    stack = Stack(App(), "Small", env=Environment(region="eu-west-1"))
    on_call = OnCall.named(stack, "shop")
    arns = [str(stack.resolve(topic.topic_arn)) for topic in (on_call.page, on_call.ticket)]
    assert [arn.rsplit(":", 1)[1].rstrip("']}") for arn in arns] == ["shop-page", "shop-ticket"]
    assert all(":sns:eu-west-1:" in arn for arn in arns)


def promised(**given: Any) -> ServiceLevel:
    stack = Stack(App(), "Small")
    topic = Topic(stack, "Topic")
    return ServiceLevel(
        stack,
        "Kept",
        on_call=OnCall(page=topic, ticket=topic),
        slo_name="shop-kept",
        promise="It is kept",
        percent=99.9,
        **given,
    )


def test_requests_can_be_promised_too() -> None:
    level = promised(
        bad=measure("AWS/ApiGateway", "5XXError", "Sum", ApiName="shop"),
        total=measure("AWS/ApiGateway", "Count", "Sum", ApiName="shop"),
    )
    slo = level.node.find_child("Slo")
    assert isinstance(slo, CfnServiceLevelObjective)
    assert slo.request_based_sli is not None
    assert slo.sli is None


def test_a_value_without_a_limit_is_refused() -> None:
    with pytest.raises(ValueError, match="a measured value needs its limit"):
        promised(value=measure("AWS/SQS", "ApproximateAgeOfOldestMessage", "Maximum"))
