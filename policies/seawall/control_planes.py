"""Calls that change something through a control plane of one region, and those made for recovering.

Source: "AWS Fault Isolation Boundaries" (global services and their control planes, appendices A and B) and
"Best practices for Amazon Application Recovery Controller".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from seawall.design import Design, Resource
from seawall.json_text import parsed
from seawall.links import function_of
from seawall.values import Key, Reference, Text, Unknown, Value, field, items, leaves

GLOBAL_CALLS = {
    "route53": ("us-east-1", ("changeresourcerecordsets", "updatehealthcheck", "createhostedzone")),
    "cloudfront": ("us-east-1", ("updatedistribution", "createdistribution", "associatealias")),
    "globalaccelerator": (
        "us-west-2", ("updateendpointgroup", "addendpoints", "removeendpoints", "createendpointgroup"),
    ),
    "iam": ("us-east-1", ("createrole", "attachrolepolicy", "putrolepolicy", "updateassumerolepolicy")),
    "route53recoverycontrolconfig": ("us-west-2", ("updatecontrolpanel", "updatesafetyrule", "createroutingcontrol")),
}  # fmt: skip
"""By service: the region of its control plane, and the calls that a recovery would make there."""

MADE_FOR_RECOVERY = {
    "route53recoverycluster": ("updateroutingcontrolstate", "updateroutingcontrolstates"),
    "s3control": ("submitmultiregionaccesspointroutes",),
    "arczonalshift": ("startzonalshift",),
}
"""Calls that several regions answer, or the region itself."""


class Call(NamedTuple):
    """A call of a service's API, both in lower case without hyphens; ``written`` is how it is spelled."""

    service: str
    api: str
    written: str

    @property
    def plane(self) -> str:
        """The region whose control plane answers it, empty where several do or the region itself does."""
        region, calls = GLOBAL_CALLS.get(self.service, ("", ()))
        return region if self.api in calls else ""

    @property
    def is_made_for_recovery(self) -> bool:
        """Whether it is answered while a region is down."""
        return self.api in MADE_FOR_RECOVERY.get(self.service, ())


def call_of(service: Value, api: Value) -> Call:
    """A call as documents, state machines and permissions spell it."""
    return Call(_plain(service), _plain(api), f"{service}:{api}")


def _plain(name: Value) -> str:
    return re.sub(r"[^a-z0-9]", "", str(name).lower())


_STEP = re.compile(
    r"""["']?Service["']?\s*:\s*["']?([\w-]+)["']?\s*,?\s*(?:\n\s*)?["']?Api["']?\s*:\s*["']?(\w+)""", re.IGNORECASE
)
_TASK = re.compile(r"arn:[^:\"]*:states:[^:\"]*:[^:\"]*:aws-sdk:(\w+):(\w+)")


def calls_of_document(document: Resource) -> list[Call]:
    """What the steps of an automation document call, written as a mapping or as JSON or YAML text."""
    content = document.get("Content")
    if isinstance(content, (str, Text)):
        return [call_of(*found) for found in _STEP.findall(str(content))]
    return [call_of(field(step, "Service"), field(step, "Api")) for step in _mappings(content) if "Api" in step]


def _mappings(value: Value) -> Iterator[dict[str, Value]]:
    if isinstance(value, dict):
        yield value
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _mappings(item)


def calls_of_machine(machine: Resource) -> list[Call]:
    """What the tasks of a state machine call through its integrations with AWS's APIs."""
    texts = [str(machine.get("DefinitionString")), *map(str, leaves(machine.get("Definition")))]
    return [call_of(*found) for text in texts if ":aws-sdk:" in text for found in _TASK.findall(text)]


def calls_of_role(role: Resource, design: Design) -> list[Call]:
    """The calls that the policies of a role allow one by one; a wildcard tells nothing."""
    inline = items(role.get("Policies"))
    documents = [field(one, "PolicyDocument") for one in inline] if isinstance(inline, list) else []
    documents += design.once("policies of roles", lambda: _documents(design)).get(role.key, [])
    found: list[Call] = []
    for document in documents:
        body = parsed(document) if isinstance(document, (str, Text)) else document
        statements = items(field(body, "Statement"))
        for statement in statements if isinstance(statements, list) else ():
            actions = items(field(statement, "Action"))
            named = [str(action).partition(":") for action in actions] if isinstance(actions, list) else []
            found += [call_of(service, api) for service, _, api in named if "*" not in api]
    return found


def _documents(design: Design) -> dict[Key, list[Value]]:
    found: dict[Key, list[Value]] = {}
    for policy in design.of_type("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::IAM::RolePolicy"):
        roles = items(policy.get("Roles") or policy.get("RoleName"))
        for name in [] if isinstance(roles, Unknown) else roles:
            role = design.resolve(name, "AWS::IAM::Role")
            if role is not None:
                found.setdefault(role.key, []).append(policy.get("PolicyDocument"))
    return found


def woken_by_alarm(woken: Resource, design: Design) -> Resource | None:
    """The alarm, or the rule about alarms or AWS Health, that starts a function or state machine, also by a topic."""
    for by in design.once("woken by alarms", lambda: _woken(design)).get(woken.key, []):
        if by.exists is not False:
            return by
    return None


def _woken(design: Design) -> dict[Key, list[Resource]]:
    found: dict[Key, list[Resource]] = {}
    topics: dict[Key, Resource] = {}
    for target, by in _alarmed(design):
        _add(found, target, by, design)
        if isinstance(target, Reference):
            topics.setdefault(target.key, by)
    for topic, endpoint in _subscribed(design):
        if topic in topics:
            _add(found, endpoint, topics[topic], design)
    return found


def _alarmed(design: Design) -> Iterator[tuple[Value, Resource]]:
    """What alarms, and rules about alarms or about the health of AWS, hand their news to."""
    for alarm in design.of_type("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm"):
        yield from ((target, alarm) for target in alarm.values_at("AlarmActions"))
    for rule in design.of_type("AWS::Events::Rule"):
        sources = items(field(rule.get("EventPattern"), "source"))
        if isinstance(sources, list) and {"aws.cloudwatch", "aws.health"}.intersection(map(str, sources)):
            yield from ((target, rule) for target in rule.values_at("Targets.Arn"))


def _subscribed(design: Design) -> Iterator[tuple[Key, Value]]:
    for subscription in design.of_type("AWS::SNS::Subscription"):
        topic = design.resolve(subscription.get("TopicArn"), "AWS::SNS::Topic")
        if topic is not None:
            yield topic.key, subscription.get("Endpoint")
    for topic in design.of_type("AWS::SNS::Topic"):
        yield from ((topic.key, endpoint) for endpoint in topic.values_at("Subscription.Endpoint"))


def _add(found: dict[Key, list[Resource]], target: Value, by: Resource, design: Design) -> None:
    woken = function_of(target, design) or design.resolve(target, "AWS::StepFunctions::StateMachine")
    if woken is not None:
        found.setdefault(woken.key, []).append(by)
