"""Which Data Lifecycle Manager policies make snapshots of a volume or an instance.

Source: AWS::DLM::LifecyclePolicy in the CloudFormation reference; "a resource with any of the target
tags is a target" in the Amazon EBS user guide.
"""

from __future__ import annotations

from seawall.arns import Subject
from seawall.coverage import Copy, Matched, PlanCoverage, Rule
from seawall.design import Resource
from seawall.tag_filters import all_of, any_tag, negated
from seawall.values import Answer, Unknown, Value, field, items, number, reasons, same

LIFECYCLE = "AWS::DLM::LifecyclePolicy"
KINDS = {"AWS::EC2::Volume": "VOLUME", "AWS::EC2::Instance": "INSTANCE"}
DAYS = {"DAYS": 1, "WEEKS": 7, "MONTHS": 30, "YEARS": 365}


def by_snapshot_policy(policy: Resource, subject: Subject) -> tuple[Answer, PlanCoverage]:
    """Whether an enabled snapshot policy takes the resource, and what it does with it."""
    details = policy.get("PolicyDetails")
    default = policy.get("DefaultPolicy")
    matched = _by_default(policy, default, subject) if default is not None else _by_tags(details, subject)
    place = same(policy.region, subject.region) is not False
    answer = all_of([place, same(policy.get("State"), "ENABLED"), policy.exists, matched.answer])
    rules, unknown = _rules(details)
    if default is not None:
        rules = (Rule(None, policy.get("CreateInterval"), None, number(policy.get("RetainInterval")), ()),)
    step = " → ".join(part for part in (policy.id, matched.step, subject.resource.id) if part)
    return answer, PlanCoverage(policy, policy, rules, (step,), unknown)


def _by_tags(details: Value, subject: Subject) -> Matched:
    kind = KINDS.get(subject.resource.type)
    if kind is None:
        return Matched(answer=False)
    types = items(field(details, "ResourceTypes"))
    listed: Answer = types if isinstance(types, Unknown) else _one_of(kind, types)
    matched = any_tag(_entries(field(details, "TargetTags")), subject)
    return Matched(all_of([listed, matched.answer]), matched.step)


def _entries(tags: Value) -> list[Value] | Unknown:
    """Target tags as entries; Terraform writes them as a map."""
    if isinstance(tags, dict) and "Key" not in tags:
        return [{"Key": key, "Value": value} for key, value in tags.items()]
    return items(tags)


def _one_of(wanted: str, values: list[Value]) -> Answer:
    answers = [same(value, wanted) for value in values]
    if any(answer is True for answer in answers):
        return True
    unknown = [answer for answer in answers if isinstance(answer, Unknown)]
    return Unknown(reasons(unknown)) if unknown else False


def _by_default(policy: Resource, default: Value, subject: Subject) -> Matched:
    """A default policy takes every volume (or instance) that its exclusions do not name."""
    kind = KINDS.get(subject.resource.type)
    if kind is None:
        return Matched(answer=False)
    excluded = any_tag(items(policy.get("Exclusions.ExcludeTags")), subject).answer
    types = items(policy.get("Exclusions.ExcludeVolumeTypes"))
    own_type = subject.resource.get("VolumeType") or "gp2"
    by_type: Answer = types if isinstance(types, Unknown) else _one_of(own_type, types)
    return Matched(all_of([same(default, kind), negated(excluded), negated(by_type)]), "default policy")


def _rules(details: Value) -> tuple[tuple[Rule, ...], Unknown | None]:
    schedules = items(field(details, "Schedules"))
    if isinstance(schedules, Unknown):
        return (), schedules
    return tuple(_rule(schedule) for schedule in schedules if isinstance(schedule, dict)), None


def _rule(schedule: Value) -> Rule:
    copies = items(field(schedule, "CrossRegionCopyRules"))
    made = (Copy(region=copies),) if isinstance(copies, Unknown) else tuple(map(_copy, copies))
    when = field(schedule, "CreateRule")
    kept = days_of(field(schedule, "RetainRule"))
    return Rule(field(schedule, "Name"), when, None, kept, made)


def _copy(rule: Value) -> Copy:
    region = field(rule, "TargetRegion")
    return Copy(
        region=field(rule, "Target") if region is None else region,
        delete_after_days=days_of(field(rule, "RetainRule")),
    )


def days_of(rule: Value) -> float | Unknown | None:
    """The days that a retention rule keeps a snapshot; ``None`` where it counts snapshots instead."""
    interval = number(field(rule, "Interval"))
    unit = field(rule, "IntervalUnit")
    if isinstance(interval, float):
        return interval * DAYS.get(unit, 1) if isinstance(unit, str) else interval
    return interval
