"""Which alarms watch a resource, and by which metric."""

from typing import Any

import pytest
from seawall.alarms import has_alarms, may_watch, watches
from seawall.design import Design

from tests.designs import design, resource, template

AGE = "ApproximateAgeOfOldestMessage"
QUERY = 'SELECT MAX(ApproximateAgeOfOldestMessage) FROM SCHEMA("AWS/SQS", QueueName)'
QUEUE = resource("AWS::SQS::Queue", QueueName="orders")


def alarm(name: Any, metric: str = AGE, **more: Any) -> dict[str, Any]:
    dimensions = [{"Name": "QueueName", "Value": name}]
    return resource("AWS::CloudWatch::Alarm", Namespace="AWS/SQS", MetricName=metric, Dimensions=dimensions, **more)


def by_query(expression: str) -> dict[str, Any]:
    return resource("AWS::CloudWatch::Alarm", Metrics=[{"Id": "a", "Expression": expression}])


def watching(found: Design, *metrics: str) -> list[tuple[str, str, bool]]:
    queue = found.all["", "Orders"]
    return [(one.alarm.id, one.metric, one.misses) for one in watches(queue, found, "AWS/SQS", metrics)]


@pytest.mark.parametrize("name", [{"Fn::GetAtt": ["Orders", "QueueName"]}, "orders"])
def test_an_alarm_watches_the_queue_that_its_dimension_names(name: Any) -> None:
    found = design({"Orders": QUEUE, "Late": alarm(name)})
    assert watching(found) == [("Late", AGE, False)]
    assert watching(found, "NumberOfMessagesSent") == []


@pytest.mark.parametrize("name", [{"Ref": "Orders"}, {"Fn::GetAtt": ["Orders", "Arn"]}])
def test_an_alarm_that_names_the_queue_by_its_address_misses_it(name: Any) -> None:
    assert watching(design({"Orders": QUEUE, "Late": alarm(name)})) == [("Late", AGE, True)]


def test_an_alarm_by_metric_math_watches_what_it_reckons_with() -> None:
    metric = {"Namespace": "AWS/SQS", "MetricName": AGE, "Dimensions": [{"Name": "QueueName", "Value": "orders"}]}
    query = {"Id": "age", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Maximum"}}
    late = resource("AWS::CloudWatch::Alarm", Metrics=[{"Id": "hours", "Expression": "age / 3600"}, query])
    assert watching(design({"Orders": QUEUE, "Late": late})) == [("Late", AGE, False)]


def test_a_query_over_all_queues_watches_each() -> None:
    found = design({"Orders": QUEUE, "Late": by_query(QUERY)})
    assert watching(found) == [("Late", AGE, False)]


def test_a_query_that_picks_queues_may_watch_any() -> None:
    found = design({"Orders": QUEUE, "Late": by_query(QUERY + " WHERE QueueName = 'orders'")})
    assert watching(found) == []
    assert may_watch(found, "AWS/SQS") is not None


def test_an_alarm_whose_dimension_a_parameter_sets_may_watch_any() -> None:
    found = design({"Orders": QUEUE, "Late": alarm({"Ref": "Watched"})}, Parameters={"Watched": {"Type": "String"}})
    assert watching(found) == []
    unknown = may_watch(found, "AWS/SQS", [AGE])
    assert unknown is not None
    assert unknown.because == ("parameter Watched",)
    assert may_watch(found, "AWS/SQS", ["NumberOfMessagesSent"]) is None


def test_an_alarm_sees_the_queue_of_its_own_region_among_those_of_one_name() -> None:
    templates = [
        template({"Orders": QUEUE, "Late": alarm("orders")}, name=region, region=region)
        for region in ("eu-west-1", "eu-central-1")
    ]
    found = Design(templates)
    for region in ("eu-west-1", "eu-central-1"):
        seen = watches(found.all[region, "Orders"], found, "AWS/SQS")
        assert [one.alarm.key for one in seen] == [(region, "Late")]


def test_an_alarm_that_is_not_there_watches_nothing() -> None:
    late = {**alarm("orders"), "Condition": "Never"}
    found = design({"Orders": QUEUE, "Late": late}, Conditions={"Never": {"Fn::Equals": ["a", "b"]}})
    assert watching(found) == []
    assert not has_alarms(found)


def test_an_alarm_that_only_adds_capacity_watches_nothing() -> None:
    grow = resource("AWS::AutoScaling::ScalingPolicy", AutoScalingGroupName="workers")
    found = design({"Grow": grow, "Busy": alarm("orders", AlarmActions=[{"Ref": "Grow"}])})
    assert not has_alarms(found)
    assert has_alarms(design({"Late": alarm("orders", AlarmActions=["arn:aws:sns:eu-west-1:111122223333:operators"])}))
