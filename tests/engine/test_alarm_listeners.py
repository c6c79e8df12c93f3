"""What happens when an alarm goes off, beside its own actions."""

from typing import Any

import pytest
from seawall.alarm_listeners import reaction
from seawall.values import Unknown

from tests.designs import design, resource

ALARM = resource("AWS::CloudWatch::Alarm", AlarmName="late", MetricName="Age", Namespace="Shop")
CHANGE = {"source": ["aws.cloudwatch"], "detail-type": ["CloudWatch Alarm State Change"]}


def rule(**pattern: Any) -> dict[str, Any]:
    return resource("AWS::Events::Rule", EventPattern={**CHANGE, **pattern}, Targets=[{"Id": "a", "Arn": "b"}])


@pytest.mark.parametrize(
    "other",
    [
        resource("AWS::CloudWatch::CompositeAlarm", AlarmRule={"Fn::Sub": 'ALARM("${Late}")'}),
        resource("AWS::CloudWatch::CompositeAlarm", AlarmRule="ALARM(late) OR ALARM(gone)"),
        resource("AWS::CloudWatch::CompositeAlarm", AlarmRule='NOT OK("late")'),
        resource("AWS::FIS::ExperimentTemplate", StopConditions=[{"Value": {"Fn::GetAtt": ["Late", "Arn"]}}]),
        resource("AWS::Route53::HealthCheck", HealthCheckConfig={"AlarmIdentifier": {"Name": {"Ref": "Late"}}}),
        rule(),
        rule(resources=[{"Fn::GetAtt": ["Late", "Arn"]}]),
    ],
)
def test_somebody_else_reacts(other: dict[str, Any]) -> None:
    found = design({"Late": ALARM, "Other": other})
    assert "Other" in str(reaction(found.all["", "Late"], found))


@pytest.mark.parametrize(
    "other",
    [
        resource("AWS::CloudWatch::Dashboard", DashboardBody={"Fn::Sub": '{"widgets": ["${Late.Arn}"]}'}),
        resource("AWS::CloudWatch::CompositeAlarm", AlarmRule="ALARM(later)"),
        rule(resources=["arn:aws:cloudwatch:eu-west-1:111122223333:alarm:other"]),
        rule(detail={"alarmName": ["other"]}),
    ],
)
def test_nobody_reacts_by_looking_on_or_to_another_alarm(other: dict[str, Any]) -> None:
    found = design({"Late": ALARM, "Other": other})
    assert reaction(found.all["", "Late"], found) == ""


def test_what_somebody_elses_code_does_with_it_stays_open() -> None:
    function = resource("AWS::Lambda::Function", Environment={"Variables": {"ALARM": {"Ref": "Late"}}})
    found = design({"Late": ALARM, "Watcher": function})
    assert isinstance(reaction(found.all["", "Late"], found), Unknown)
