"""Who reacts to an alarm beside the actions it names: composite alarms, deployments, health checks, rules."""

from __future__ import annotations

import re

from seawall.design import Design, Resource
from seawall.json_text import parsed
from seawall.values import Text, Unknown, Value, field, leaves, same

ALARM = "AWS::CloudWatch::Alarm"
COMPOSITE = "AWS::CloudWatch::CompositeAlarm"
ACTIONS = ("AlarmActions", "InsufficientDataActions", "OKActions")
CHANGE = "CloudWatch Alarm State Change"

REACTING = {
    COMPOSITE: "is part of {}",
    "AWS::FIS::ExperimentTemplate": "stops experiment {}",
    "AWS::Route53::HealthCheck": "decides health check {}",
    "AWS::CodeDeploy::DeploymentGroup": "stops the deployments of {}",
    "AWS::CodeDeploy::DeploymentConfig": "stops deployments",
    "AWS::ECS::Service": "rolls the deployments of {} back",
    "AWS::AppConfig::Environment": "rolls {} back",
    "AWS::SSM::MaintenanceWindowTask": "stops task {}",
    "AWS::SSM::Association": "stops {}",
    "AWS::Lambda::Alias": "rolls {} back",
    "AWS::AutoScaling::AutoScalingGroup": "stops the instance refresh of {}",
    "AWS::SageMaker::Endpoint": "rolls {} back",
    "AWS::Synthetics::Canary": "belongs to {}",
    "AWS::Events::Rule": "sets off {}",
}
"""Types that do something when an alarm that they name goes off."""

SHOWING = ("AWS::CloudWatch::Dashboard", "AWS::IAM::Policy", "AWS::IAM::Role", "AWS::SSM::Parameter")
"""Types that name an alarm without ever reacting to it."""

_NAMED = re.compile(r"""(?:ALARM|OK|INSUFFICIENT_DATA)\(\s*["']?([^"')]+)["']?\s*\)""")


def reaction(alarm: Resource, design: Design) -> str | Unknown:
    """What happens when an alarm goes off, beside its own actions; empty where nothing does."""
    everyone = design.once("rules for alarms", lambda: _rules_for_alarms(design))
    rule = next((rule for rule in everyone if same(rule.region, alarm.region) is not False), None)
    if rule is not None:
        return f"sets off {rule.id}"
    unsure = ""
    for other, _ in design.referrers(alarm):
        if other.type in REACTING:
            return REACTING[other.type].format(other.id)
        if other.type not in (*SHOWING, ALARM) and other.key != alarm.key:
            unsure = unsure or other.id
    composite = design.once("alarms in composites", lambda: _in_composites(design)).get(str(alarm.get("AlarmName")))
    if composite:
        return REACTING[COMPOSITE].format(composite)
    return Unknown((f"what {unsure} does with it",)) if unsure else ""


def _rules_for_alarms(design: Design) -> list[Resource]:
    """The rules that take up every alarm; one that names some of them refers to those."""
    return [
        rule
        for rule in design.of_type("AWS::Events::Rule")
        if rule.get("State") != "DISABLED" and _takes_every_alarm(rule.get("EventPattern"))
    ]


def _takes_every_alarm(pattern: Value) -> bool:
    if isinstance(pattern, (str, Text)):
        pattern = parsed(pattern)
    if not isinstance(pattern, dict) or all(leaf != CHANGE for leaf in leaves(pattern.get("detail-type"))):
        return False
    return pattern.get("resources") is None and field(pattern.get("detail"), "alarmName") is None


def _in_composites(design: Design) -> dict[str, str]:
    """The composite alarms by the names of alarms that their rules contain."""
    found: dict[str, str] = {}
    for composite in design.of_type(COMPOSITE):
        rule = composite.get("AlarmRule")
        for name in _NAMED.findall(str(rule)) if isinstance(rule, (str, Text)) else ():
            found.setdefault(name.rpartition(":alarm:")[2] or name, composite.id)
    return found


def actions_of(alarm: Resource) -> list[Value] | Unknown:
    """What an alarm sets off by itself, in any state; ``OKActions`` alone tell nobody of a failure."""
    found: list[Value] = []
    for name in ACTIONS[:2]:
        listed = alarm.items(name)
        if isinstance(listed, Unknown):
            return listed
        found += [action for action in listed if action not in (None, "")]
    return found
