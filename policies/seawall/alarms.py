"""Which CloudWatch alarms watch a resource, and by which metric.

An alarm names what it watches by the dimensions of a metric, also inside metric math. A Metrics Insights query
over a whole namespace watches everything in it, unless a ``WHERE`` picks some of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from seawall.design import Design, Resource
from seawall.policy import Verdict, flagged, undecided
from seawall.stack import Touched
from seawall.values import Key, Reference, Text, Unknown, Value, field, reasons, same

ALARM = "AWS::CloudWatch::Alarm"
SCALING_POLICIES = ("AWS::AutoScaling::ScalingPolicy", "AWS::ApplicationAutoScaling::ScalingPolicy")

_WATCHED = {
    "AWS/SQS": ("AWS::SQS::Queue", "QueueName"),
    "AWS/Lambda": ("AWS::Lambda::Function", "FunctionName"),
    "AWS/SNS": ("AWS::SNS::Topic", "TopicName"),
    "AWS/DynamoDB": ("AWS::DynamoDB::Table", "TableName"),
}
"""What the metrics of a namespace are about, and the property that sets the name they go by."""
_QUERY = re.compile(
    r"SELECT\s+\w+\(\s*\"?(?P<metric>\w+)\"?\s*\)\s+FROM\s+(?:SCHEMA\(\s*)?\"(?P<namespace>[\w/]+)\"", re.IGNORECASE
)
_ADDRESSES = ("", "Arn", "QueueUrl")
"""What CloudFormation returns of a queue that is no name: a metric with it as ``QueueName`` has no data."""


class Watch(NamedTuple):
    """An alarm on one metric of a resource. ``misses``: it names the resource by what is no dimension of it."""

    alarm: Resource
    namespace: str
    metric: str
    misses: bool = False
    because: Unknown | None = None
    touched: frozenset[Touched] = frozenset()


def watches(resource: Resource, design: Design, namespace: str, metrics: Iterable[str] = ()) -> list[Watch]:
    """The alarms that watch a resource by a metric of this namespace (one of ``metrics`` if any are given)."""
    index = _index(design)
    found = [*index.by_target.get(resource.key, ()), *index.by_query.get(namespace, ())]
    return _existing(found, design, namespace, frozenset(metrics))


def may_watch(design: Design, namespace: str, metrics: Iterable[str] = ()) -> Unknown | None:
    """What leaves open which resource an alarm on such a metric watches; ``None`` where every alarm tells."""
    found = _existing(_index(design).unsure, design, namespace, frozenset(metrics))
    return found[0].because if found else None


def has_alarms(design: Design) -> bool:
    """Whether this design watches anything; alarms that only start or stop capacity watch nothing."""
    return any(not _scales(alarm, design) for alarm in design.of_type(ALARM))


def unwatched(
    design: Design, namespace: str, metrics: Iterable[str], *, problem: str, fix: str, evidence: tuple[str, ...]
) -> Verdict:
    """The verdict about what no alarm of the design is seen to watch: flagged where the design keeps its alarms."""
    unknown = may_watch(design, namespace, metrics)
    if unknown is not None:
        return undecided(unknown, message=f"an alarm may watch it; {unknown} decides", fix=fix, evidence=evidence)
    if not has_alarms(design):
        message = "this design has no alarms at all: whether one elsewhere watches it cannot be seen"
        return undecided("alarms outside this design", message=message, fix=fix, evidence=evidence)
    return flagged(problem, fix=fix, evidence=evidence)


def _scales(alarm: Resource, design: Design) -> bool:
    actions = alarm.items("AlarmActions")
    if isinstance(actions, Unknown) or not actions:
        return False
    return all(design.resolve(action, *SCALING_POLICIES) is not None for action in actions)


def _existing(found: Iterable[Watch], design: Design, namespace: str, metrics: frozenset[str]) -> list[Watch]:
    kept = []
    for watch in found:
        if watch.namespace == namespace and (not metrics or watch.metric in metrics):
            design.touched |= watch.touched
            if watch.alarm.exists is not False:
                kept.append(watch)
    return kept


class _Index:
    """Every watch of one design by the key of what it watches."""

    def __init__(self, design: Design) -> None:
        self.design = design
        self.by_target: dict[Key, list[Watch]] = {}
        self.by_query: dict[str, list[Watch]] = {}
        self.unsure: list[Watch] = []
        self._names: dict[str, dict[str, list[Resource]]] = {}
        for alarm in design.declared(ALARM):
            design.touched = set()
            for metric in _metrics(alarm):
                self._add(alarm, metric)

    def _add(self, alarm: Resource, metric: Value) -> None:
        query = _QUERY.search(str(field(metric, "Expression") or ""))
        if query is not None:
            watch = Watch(alarm, query["namespace"], query["metric"], touched=frozenset(self.design.touched))
            if re.search(r"\bWHERE\b", str(field(metric, "Expression")), re.IGNORECASE):
                self.unsure.append(watch._replace(because=Unknown((f"the query of {alarm.id}",))))
            else:
                self.by_query.setdefault(watch.namespace, []).append(watch)
            return
        namespace, name = field(metric, "Namespace"), field(metric, "MetricName")
        if isinstance(namespace, str) and isinstance(name, str):
            self._add_dimensions(Watch(alarm, namespace, name), field(metric, "Dimensions"))

    def _add_dimensions(self, watch: Watch, dimensions: Value) -> None:
        if isinstance(dimensions, Unknown):
            self.unsure.append(watch._replace(because=dimensions, touched=frozenset(self.design.touched)))
        for value in _dimension_values(dimensions):
            targets = self._targets(value, watch)
            touched = frozenset(self.design.touched)
            misses = watch.namespace == "AWS/SQS" and _is_address(value, watch.alarm)
            for target in targets:
                self.by_target.setdefault(target.key, []).append(watch._replace(misses=misses, touched=touched))
            if not targets and reasons(value):
                self.unsure.append(watch._replace(because=Unknown(reasons(value)), touched=touched))

    def _targets(self, value: Value, watch: Watch) -> list[Resource]:
        """What a dimension names; the copies of a stack in several regions bear one name, and an alarm sees its own."""
        kind, name = _WATCHED.get(watch.namespace, ("", ""))
        if kind and isinstance(value, (str, Text)):
            named = [
                resource for resource in self._named(kind, name).get(str(value), ()) if resource.exists is not False
            ]
            return [resource for resource in named if same(resource.region, watch.alarm.region) is not False]
        target = self.design.resolve(value, *((kind,) if kind else ()))
        return [] if target is None else [target]

    def _named(self, kind: str, name: str) -> dict[str, list[Resource]]:
        if kind not in self._names:
            found: dict[str, list[Resource]] = {}
            for resource in self.design.declared(kind):
                if resource.get(name) is not None:
                    found.setdefault(str(resource.get(name)), []).append(resource)
            self._names[kind] = found
        return self._names[kind]


def _is_address(value: Value, alarm: Resource) -> bool:
    # Terraform's names, identifiers and ARNs all come as a bare reference here.
    named = alarm.language == "cloudformation" and isinstance(value, Reference)
    return named and value.attribute in _ADDRESSES


def _metrics(alarm: Resource) -> Iterator[Value]:
    """What an alarm looks at: mappings with namespace, name and dimensions, or an expression."""
    if alarm.get("MetricName") is not None:
        yield {name: alarm.get(name) for name in ("Namespace", "MetricName", "Dimensions")}
    queries = alarm.get("Metrics")
    for query in queries if isinstance(queries, list) else ():
        metric = field(query, "MetricStat.Metric")
        yield query if metric is None else metric


def _dimension_values(dimensions: Value) -> Iterator[Value]:
    if isinstance(dimensions, dict) and "Value" not in dimensions:  # Terraform's map of names and values
        yield from dimensions.values()
        return
    for dimension in dimensions if isinstance(dimensions, list) else [dimensions]:
        value = field(dimension, "Value")
        if value is not None:
            yield value


def _index(design: Design) -> _Index:
    # Each watch remembers what it was read from, so the index itself counts as read by nobody.
    return design.once("alarms", lambda: design.untraced(lambda: _Index(design)))
