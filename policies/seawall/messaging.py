"""Who sends to and who consumes from queues, streams, topics and functions, and where failures end up.

The facts are in ``links``; here they are gathered for a whole design and asked for one resource.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from seawall.design import Design, Resource
from seawall.links import (
    DEAD_LETTERS,
    FUNCTION,
    INVOKE_SETTINGS,
    MAPPING,
    QUALIFIED,
    QUEUE,
    WAITING_TYPES,
    Link,
    Manner,
    dead_letter_targets,
    deliveries,
    function_of,
    read_manner,
    redrive,
    source_kind,
    waiting_manner,
)
from seawall.values import Key, Text, Unknown, Value, field, leaves

GENERATED_BY_CDK = re.compile(
    r"CustomResourceProviderHandler|BucketNotificationsHandler050a0587|LogRetentionaae0aa3c|AWS679f53fac002430cb0da5b79"
    r"|framework(on|is)(Event|Timeout|Complete)|CDKBucketDeployment8693BB64|TriggerHandler|DrainECSHookFunction"
)


def invocations(function: Resource, design: Design) -> list[Link]:
    """What invokes a function, its versions and aliases, and how. Permissions count as what they permit."""
    facts = _facts(design)
    links = facts.reaching(function)
    qualified = [link.by for link in facts.existing(facts.qualifying.get(function.key, ()))]
    for named in (function, *qualified):
        for other, path in design.referrers(named):
            if other.type.startswith(WAITING_TYPES) and not any(link.by is other for link in links):
                links.append(Link(other, path, waiting_manner(other)))
            elif _is_environment(path) and other.key != function.key:
                helps = other.type == FUNCTION and is_handler(other, design)
                links.append(Link(other, path, Manner.HANDLER if helps else Manner.UNSURE))
    role = design.resolve(function.get("Role"), "AWS::IAM::Role")
    trusted = leaves(role.get("AssumeRolePolicyDocument")) if role is not None else ()
    if role is not None and "edgelambda.amazonaws.com" in trusted:  # a distribution, perhaps of another stack
        links.append(Link(role, "AssumeRolePolicyDocument", Manner.SYNCHRONOUS))
    return links


def senders(target: Resource, design: Design) -> list[Link]:
    """What delivers to a queue, topic, stream or state machine by configuration."""
    return _facts(design).reaching(target)


def consumers(source: Resource, design: Design) -> list[Link]:
    """Event source mappings and pipes that read a queue or stream; who only knows its name is ``UNSURE``."""
    found = _facts(design).existing(_facts(design).reading.get(source.key, ()))
    return found + [
        Link(other, path, Manner.UNSURE)
        for other, path in design.referrers(source)
        if _is_environment(path) or path.startswith("ContainerDefinitions")
    ]


def dead_letter_users(target: Resource, design: Design) -> list[Link]:
    """What sends its failures to this queue or topic: queues, functions, subscriptions, rules, mappings."""
    return _facts(design).existing(_facts(design).failing_to.get(target.key, ()))


def dead_letter_chain(queue: Resource, design: Design) -> list[Resource]:
    """The queues that a message which keeps failing passes, the queue itself first.

    Where the chain comes back to a queue it ends with that queue, named a second time.
    """
    chain = [queue]
    while True:
        following = design.resolve(field(redrive(chain[-1]), "deadLetterTargetArn"), QUEUE)
        if following is None:
            return chain
        chain.append(following)
        if following in chain[:-1]:
            return chain


def is_handler(function: Resource, design: Design) -> bool:
    """Whether only custom resources use a function: the stack waits for its answer, no work is lost."""
    if GENERATED_BY_CDK.search(function.id):
        return True
    links = _facts(design).reaching(function)
    return bool(links) and all(link.manner is Manner.HANDLER for link in links)


def failure_paths(function: Resource, design: Design) -> list[tuple[Resource, Value]]:
    """Where asynchronous invocations that failed go: who says so, and the target (``Unknown``: perhaps)."""
    found = [(function, _target_at(function, "DeadLetterConfig", "TargetArn"))]
    found += [
        (settings, _target_at(settings, "DestinationConfig.OnFailure", "Destination"))
        for settings in invoke_settings(function, design)
    ]
    return [(resource, target) for resource, target in found if target not in (None, "", [], {})]


def invoke_settings(function: Resource, design: Design) -> list[Resource]:
    """The ``EventInvokeConfig`` of a function: who sets one expects asynchronous invocations."""
    facts = _facts(design)
    return [link.by for link in facts.existing(facts.settings.get(function.key, ()))]


def mappings_of(function: Resource, design: Design) -> list[Resource]:
    """The event source mappings that feed a function."""
    return [link.by for link in _facts(design).reaching(function) if link.by.type == MAPPING]


PROGRAMS = ("lambda", "sqs", "http", "https", "firehose")
"""Protocols of a subscription behind which a program waits; mail, text messages and push notifications go to people."""


def protocols(topic: Resource, design: Design) -> list[Value]:
    """By which protocols the subscribers of a topic that the design shows are reached."""
    found = design.once("subscribers", lambda: design.untraced(lambda: _protocols(design)))
    return [field(entry, "Protocol") for entry in topic.values_at("Subscription")] + found.get(topic.key, [])


def _protocols(design: Design) -> dict[Key, list[Value]]:
    found: dict[Key, list[Value]] = {}
    for subscription in design.of_type("AWS::SNS::Subscription"):
        topic = design.resolve(subscription.get("TopicArn"), "AWS::SNS::Topic")
        if topic is not None:
            found.setdefault(topic.key, []).append(subscription.get("Protocol"))
    return found


def reserved_runs(function: Resource) -> float | Unknown | None:
    """How many runs at once are reserved for a function, and so allowed; ``None`` where nothing limits them."""
    reserved = function.number("ReservedConcurrentExecutions")
    return None if reserved == -1 else reserved  # what Terraform's provider calls unreserved


def _target_at(resource: Resource, holder: str, name: str) -> Value:
    # A target that a parameter names is a target; a block that may be left out is not.
    mapping = resource.get(holder)
    if isinstance(mapping, Unknown):
        return mapping
    target = mapping.get(name) if isinstance(mapping, dict) else None
    return Text((str(target),)) if isinstance(target, Unknown) else target


class _Facts:
    """Every link of one design by the key of what it reaches."""

    def __init__(self, design: Design) -> None:
        self.design = design
        self.delivering: dict[Key, list[Link]] = {}
        self.reading: dict[Key, list[Link]] = {}
        self.failing_to: dict[Key, list[Link]] = {}
        self.settings: dict[Key, list[Link]] = {}
        self.qualifying: dict[Key, list[Link]] = {}
        for resource in design.all.values():
            design.touched = set()
            self._add(resource)

    def reaching(self, resource: Resource) -> list[Link]:
        return self.existing(self.delivering.get(resource.key, ()))

    def existing(self, links: Sequence[Link]) -> list[Link]:
        """The links of existing resources; the reader depends on what they were read from."""
        found = [link for link in links if link.by.exists is not False]
        for link in links:
            self.design.touched |= link.touched
        return found

    def _add(self, resource: Resource) -> None:
        kind = resource.type
        for target, path, manner in deliveries(resource, self.design):
            self._link(self.delivering, resource, target, path, manner)
        for path in DEAD_LETTERS.get(kind, ()):
            for target in dead_letter_targets(resource, path):
                self._link(self.failing_to, resource, target, path, Manner.ASYNCHRONOUS)
        if kind == MAPPING:
            manner = read_manner(resource, self.design)
            self._link(self.reading, resource, resource.get("EventSourceArn"), "EventSourceArn", manner)
        elif kind == "AWS::Pipes::Pipe":
            self._link(self.reading, resource, resource.get("Source"), "Source", Manner.FROM_QUEUE)
        elif kind in QUALIFIED or kind == INVOKE_SETTINGS:
            index = self.settings if kind == INVOKE_SETTINGS else self.qualifying
            self._link(index, resource, resource.get("FunctionName"), "FunctionName", Manner.UNSURE)

    def _link(self, index: dict[Key, list[Link]], by: Resource, value: Value, path: str, manner: Manner) -> None:
        target = function_of(value, self.design) or self.design.resolve(value)
        if target is not None:
            index.setdefault(target.key, []).append(Link(by, path, manner, frozenset(self.design.touched)))


def _facts(design: Design) -> _Facts:
    # Each link remembers what it was read from, so the index itself counts as read by nobody.
    return design.once("messaging", lambda: design.untraced(lambda: _Facts(design)))


def _is_environment(path: str) -> bool:
    return path.startswith("Environment") or ".Environment" in path


__all__ = [
    "FUNCTION", "MAPPING", "PROGRAMS", "QUEUE", "Link", "Manner", "consumers", "dead_letter_chain", "dead_letter_users",
    "failure_paths", "function_of", "invocations", "invoke_settings", "is_handler", "mappings_of", "protocols",
    "redrive", "reserved_runs", "senders", "source_kind",
]  # fmt: skip
