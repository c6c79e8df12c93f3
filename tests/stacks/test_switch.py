import json
import re
from pathlib import Path
from typing import Any

import pytest

from services.drive.limits import GAUGE_STALE
from stacks.patterns.region_verdict import IMPAIRED
from stacks.switch import Switch
from tests.stacks.synthesized import Template, all_of, flat, one_of, synthesized

PRIMARY, STANDBY = "eu-west-1", "eu-central-1"


@pytest.fixture(scope="session", params=[(PRIMARY, STANDBY), (STANDBY, PRIMARY)])
def regions(request: pytest.FixtureRequest) -> tuple[str, str]:
    """A region and its peer."""
    pair: tuple[str, str] = request.param
    return pair


@pytest.fixture(scope="session")
def template(templates: dict[str, Template], regions: tuple[str, str]) -> Template:
    return templates[f"Switch-{regions[0]}"]


def test_the_switch_lies_in_its_own_region_alone(template: Template, regions: tuple[str, str]) -> None:
    table = one_of(template, "AWS::DynamoDB::GlobalTable")
    assert [replica["Region"] for replica in table["Replicas"]] == [regions[0]]


def functions(template: Template) -> dict[str, dict[str, Any]]:
    return {f["FunctionName"]: f for f in all_of(template, "AWS::Lambda::Function").values()}


def statements(template: Template, construct: str) -> list[dict[str, Any]]:
    return [
        statement
        for name, policy in all_of(template, "AWS::IAM::Policy").items()
        if name.startswith(construct)
        for statement in policy["PolicyDocument"]["Statement"]
    ]


def actions(statement: dict[str, Any]) -> list[str]:
    return [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]


def test_nothing_in_the_other_region_has_to_answer(template: Template, regions: tuple[str, str]) -> None:
    _, peer = regions
    there = [s for s in statements(template, "Turning") if peer in json.dumps(s["Resource"])]
    # Its own word about this region, if it still has one; services/switch goes on without it.
    assert [actions(statement) for statement in there] == [["dynamodb:GetItem"]]
    assert "table/clouddrive-switch" in json.dumps(there)
    assert not [s for s in statements(template, "Heartbeat") if peer in json.dumps(s["Resource"])]


def test_turning_the_switch_is_a_write_of_an_item_and_no_change_of_any_resource(template: Template) -> None:
    done = {action for statement in statements(template, "Turning") for action in actions(statement)}
    written = {action for action in done if re.match(r"\w+:(Put|Update|Create|Delete|Change|Set)", action)}
    assert written == {"dynamodb:PutItem", "dynamodb:UpdateItem", "logs:CreateLogStream", "logs:PutLogEvents"}


def test_only_operators_reach_the_function(template: Template) -> None:
    assert one_of(template, "AWS::Lambda::Url")["AuthType"] == "AWS_IAM"
    (permission,) = all_of(template, "AWS::Lambda::Permission").values()
    assert permission["Principal"] == "events.amazonaws.com"
    assert "SourceArn" in permission


@pytest.mark.parametrize(("mode", "state"), [("manual", "DISABLED"), ("approve", "DISABLED"), ("automatic", "ENABLED")])
def test_an_alarm_turns_the_switch_in_automatic_mode_only(mode: str, state: str) -> None:
    template = synthesized(Switch, region=PRIMARY, peer=STANDBY, failover_mode=mode)
    assert one_of(template, "AWS::Events::Rule")["State"] == state


def test_the_alarm_that_turns_the_switch_is_there(templates: dict[str, Template], regions: tuple[str, str]) -> None:
    composites = all_of(templates[f"Observability-{regions[0]}"], "AWS::CloudWatch::CompositeAlarm").values()
    assert f"clouddrive-{IMPAIRED}" in {alarm["AlarmName"] for alarm in composites}


def test_a_late_alarm_is_not_acted_upon(template: Template) -> None:
    (target,) = one_of(template, "AWS::Events::Rule")["Targets"]
    assert target["RetryPolicy"]["MaximumEventAgeInSeconds"] == 300


def test_somebody_is_woken_up_when_the_switch_could_not_be_turned(template: Template) -> None:
    (asynchronous,) = (
        found for found in all_of(template, "AWS::Lambda::EventInvokeConfig").values() if "DestinationConfig" in found
    )
    assert "TurningLive" in json.dumps(asynchronous["Qualifier"])
    assert json.dumps(asynchronous["DestinationConfig"]["OnFailure"]["Destination"]).endswith(':clouddrive-page"]]}')
    assert asynchronous["MaximumEventAgeInSeconds"] == 300


def test_the_table_can_be_had_back(template: Template) -> None:
    (replica,) = one_of(template, "AWS::DynamoDB::GlobalTable")["Replicas"]
    assert replica["DeletionProtectionEnabled"]
    assert replica["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"]
    (table,) = (r for r in template["Resources"].values() if r["Type"] == "AWS::DynamoDB::GlobalTable")
    assert table["DeletionPolicy"] == table["UpdateReplacePolicy"] == "Retain"


def test_a_switch_that_refuses_wakes_somebody_up(template: Template) -> None:
    (alarm,) = (a for a in alarms(template) if a["AlarmName"] == "clouddrive-switch-refused")
    assert alarm["Threshold"] == 0
    (metric,) = alarm["Metrics"]
    assert metric["MetricStat"]["Metric"]["Dimensions"] == [{"Name": "service", "Value": "switch"}]


@pytest.mark.parametrize("gauge", ["clouddrive-replica-files-age", "clouddrive-replica-records-age"])
def test_copies_that_fall_behind_or_are_not_measured_wake_somebody_up(template: Template, gauge: str) -> None:
    (alarm,) = (a for a in alarms(template) if a["AlarmName"] == gauge)
    assert alarm["Threshold"] == GAUGE_STALE
    assert alarm["TreatMissingData"] == "breaching"
    assert ":clouddrive-page" in json.dumps(alarm["AlarmActions"])


def alarms(template: Template) -> list[dict[str, Any]]:
    return list(all_of(template, "AWS::CloudWatch::Alarm").values())


def test_the_beat_is_written_each_minute(template: Template) -> None:
    assert one_of(template, "AWS::Scheduler::Schedule")["ScheduleExpression"] == "rate(1 minute)"


def test_an_alarm_calls_as_an_operator_does(template: Template, regions: tuple[str, str]) -> None:
    (target,) = one_of(template, "AWS::Events::Rule")["Targets"]
    event = json.loads(flat(target["Input"]))
    assert json.loads(event["body"]) == {
        "action": "evacuate",
        "region": regions[1],
        "automatic": True,
        "reason": "region-impaired",
    }
    assert event["requestContext"]["authorizer"]["iam"]["userArn"].endswith(":alarm:clouddrive-region-impaired")


@pytest.mark.parametrize(
    ("function", "modules"),
    [
        ("clouddrive-switch", ("handler", "switching", "gauge")),
        ("clouddrive-switch-heartbeat", ("heartbeat", "gauge")),
    ],
)
def test_the_functions_are_told_all_that_they_ask_for(
    template: Template, repository: Path, function: str, modules: tuple[str, ...]
) -> None:
    asked: set[str] = set()
    for module in modules:
        source = (repository / "services" / "switch" / f"{module}.py").read_text()
        asked |= {name.upper() for name in re.findall(r"\bhere\.([a-z_]+)", source)}
    told = set(functions(template)[function]["Environment"]["Variables"])
    assert asked - told <= {"AWS_REGION", "OWN_HEALTH_URL"}  # which Lambda gives, and which only a domain determines
