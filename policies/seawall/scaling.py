"""What changes how much of something there is: scalable targets, scaling policies, schedules, capacity providers.

Source: "What is Application Auto Scaling?" (a registered target changes nothing until a policy or a schedule acts on
it) and the scaling chapters of the Amazon EC2 Auto Scaling and Amazon ECS guides.
"""

from __future__ import annotations

from typing import NamedTuple

from seawall.design import Design, Resource
from seawall.texts import split
from seawall.values import Key, Text, Unknown, Value, field, reasons, same

TARGET = "AWS::ApplicationAutoScaling::ScalableTarget"
POLICY = "AWS::ApplicationAutoScaling::ScalingPolicy"
SCHEDULE = "AWS::ApplicationAutoScaling::ScheduledAction"
"""Terraform writes schedules beside their target; CloudFormation has no such type, only a property of the target."""
GROUP = "AWS::AutoScaling::AutoScalingGroup"
PROVIDER = "AWS::ECS::CapacityProvider"

SCALED_TYPES = {
    "dynamodb": ("AWS::DynamoDB::Table", "AWS::DynamoDB::GlobalTable"),
    "ecs": ("AWS::ECS::Service",),
    "kafka": ("AWS::MSK::Cluster",),
    "rds": ("AWS::RDS::DBCluster",),
}
"""By the service namespace that a scalable dimension starts with, what its resource id names."""


class Scaling(NamedTuple):
    """Whether something follows the load: yes, no and why not, or the ``Unknown`` that decides."""

    answer: bool | Unknown
    why: str = ""
    evidence: tuple[str, ...] = ()


class _Acting(NamedTuple):
    """A target, policy or schedule with what it acts on, as far as that can be read."""

    by: Resource
    dimension: Value
    index: Value
    name: Value


class _Everything(NamedTuple):
    """Whatever acts on resources of the design, by what it acts on; ``loose`` names what is not found there."""

    found: dict[Key, list[_Acting]]
    loose: list[_Acting]


def scaling_of(resource: Resource, dimension: str, design: Design, index: str = "") -> Scaling:
    """Whether Application Auto Scaling lets a dimension of a resource (or of an index of a table) follow its load."""
    acting, unsure = _acting_on(resource, dimension, index, design)
    targets = [one for one in acting if one.type == TARGET]
    evidence = tuple(f"{resource.id} ← {one.id}" for one in acting)
    if not targets:
        return Scaling(unsure, evidence=evidence) if unsure else Scaling(False, "no scalable target is registered")
    absent = [one.exists for one in acting if isinstance(one.exists, Unknown)]
    if absent:
        return Scaling(Unknown(reasons(absent)), evidence=evidence)
    pinned = _pinned(targets[0])
    if pinned is not False:
        why = f"the minimum and the maximum of {targets[0].id} are the same"
        return Scaling(pinned if isinstance(pinned, Unknown) else False, why, evidence)
    if any(one.type == POLICY for one in acting):
        return Scaling(True, evidence=evidence)
    if any(one.type == SCHEDULE or one.get("ScheduledActions") for one in acting):
        return Scaling(Unknown(("whether the load keeps to the schedule",)), evidence=evidence)
    return Scaling(unsure or False, f"{targets[0].id} is registered, and no scaling policy acts on it", evidence)


OUTSIDE = Unknown(("who changes it outside this configuration",))
"""Why it is undecided where the declaration leaves a number to somebody else (Terraform's ``ignore_changes``)."""


def scaling_floor(resource: Resource, design: Design) -> float | Unknown | None:
    """The least that Application Auto Scaling keeps of a resource, ``None`` where it does not scale it."""
    acting, _ = _acting_on(resource, "", "", design)
    return next((one.number("MinCapacity") for one in acting if one.type == TARGET), None)


def scaled_by(policy: Resource, design: Design) -> Resource | None:
    """The resource of the design that a scaling policy of Application Auto Scaling acts on."""
    target = design.resolve(policy.get("ScalingTargetId"), TARGET) or design.resolve(policy.get("ResourceId"), TARGET)
    source = target or policy
    return _scaled(source, _read(policy, source), design)


def _pinned(target: Resource) -> bool | Unknown:
    least, most = target.number("MinCapacity"), target.number("MaxCapacity")
    if isinstance(least, float) and isinstance(most, float):
        return least == most
    # Two values that differ by name are meant to differ; one and the same is not.
    return same(target.get("MinCapacity"), target.get("MaxCapacity")) is True and most is not None


def _acting_on(resource: Resource, dimension: str, index: str, design: Design) -> tuple[list[Resource], Unknown | None]:
    """What surely acts on this dimension, and the ``Unknown`` that decides whether something else does."""
    everything = design.once("scaling", lambda: design.untraced(lambda: _everything(design)))
    surely = list(everything.found.get(resource.key, ()))
    doubts: list[Unknown] = []
    for one in everything.loose:
        answer = _may_name(one, resource)
        if answer is True:
            surely.append(one)
        elif isinstance(answer, Unknown) and _fits(one.dimension, dimension) and one.by.exists is not False:
            doubts.append(answer)
    found = []
    for one in surely:
        one.by.get("ResourceId")  # read again, so that what decides it counts as read
        if one.by.exists is not False and _fits(one.dimension, dimension) and _same_index(one.index, index):
            found.append(one.by)
    return found, Unknown(reasons(doubts)) if doubts else None


def _may_name(acting: _Acting, resource: Resource) -> bool | Unknown:
    kinds = SCALED_TYPES.get(str(acting.dimension).partition(":")[0])
    if kinds and resource.type not in kinds:
        return False
    for property_name in ("ServiceName", "TableName", "ClusterName", "DBClusterIdentifier"):
        if resource.get(property_name) is not None:
            return same(acting.name, resource.get(property_name))
    # A name that CloudFormation makes up is known to nobody before: only a reference could be meant.
    return False


def _fits(dimension: Value, wanted: str) -> bool:
    return not wanted or not isinstance(dimension, str) or dimension == wanted


def _same_index(written: Value, wanted: str) -> bool:
    return written == wanted or (bool(wanted) and isinstance(written, (Unknown, Text)))


def _everything(design: Design) -> _Everything:
    everything = _Everything({}, [])
    for one in design.declared(TARGET, POLICY, SCHEDULE):
        target = design.resolve(one.get("ScalingTargetId"), TARGET) if one.type == POLICY else None
        if target is None and one.type == POLICY and one.get("ResourceId") is None:
            continue
        source = target or one
        acting = _read(one, source)
        scaled = _scaled(source, acting, design)
        if scaled is not None:
            everything.found.setdefault(scaled.key, []).append(acting)
        else:
            everything.loose.append(acting)
    return everything


def _read(by: Resource, source: Resource) -> _Acting:
    identifier = source.get("ResourceId")
    pieces = split("/", identifier)
    if not isinstance(pieces, list) or not pieces:
        return _Acting(by, source.get("ScalableDimension"), "", identifier)
    if "index" in pieces[1:-1]:
        place = pieces.index("index", 1)
        return _Acting(by, source.get("ScalableDimension"), pieces[place + 1], pieces[place - 1])
    last = split(":", pieces[-1])  # a cluster's is ``cluster:name``
    name = last[-1] if isinstance(last, list) else pieces[-1]
    return _Acting(by, source.get("ScalableDimension"), "", name)


def _scaled(source: Resource, acting: _Acting, design: Design) -> Resource | None:
    kinds = SCALED_TYPES.get(str(acting.dimension).partition(":")[0], ())
    if not kinds:
        kinds = tuple(name for names in SCALED_TYPES.values() for name in names)
    return design.resolve(acting.name, *kinds) or design.resolve(source.get("ResourceId"), *kinds)


def group_scaling(group: Resource, design: Design) -> Scaling:
    """Whether the number of instances of an Auto Scaling group follows its load."""
    policies, unsure = _naming(group, "AWS::AutoScaling::ScalingPolicy", design)
    doubts: list[Value] = [unsure]
    for one in (*policies, *_providers_of(group, design)):
        answer = one.exists if one.type != PROVIDER else _manages(one)
        if answer is True:
            return Scaling(True, evidence=(f"{group.id} ← {one.id}",))
        doubts.append(answer)
    if reasons(doubts):
        return Scaling(Unknown(reasons(doubts)))
    for plan in design.of_type("AWS::AutoScalingPlans::ScalingPlan"):
        return Scaling(Unknown((f"what {plan.id} scales",)))
    schedules, _ = _naming(group, "AWS::AutoScaling::ScheduledAction", design)
    if schedules:
        evidence = (f"{group.id} ← {schedules[0].id}",)
        return Scaling(Unknown(("whether the load keeps to the schedule",)), evidence=evidence)
    return Scaling(False, "no scaling policy acts on it")


def _naming(group: Resource, kind: str, design: Design) -> tuple[list[Resource], Unknown | None]:
    """The resources of a type that name this group, and the ``Unknown`` that decides whether another does."""
    found, doubts = [], []
    for one in design.of_type(kind):
        name = one.get("AutoScalingGroupName")
        if design.resolve(name, GROUP) is group:
            found.append(one)
        elif isinstance(name, Unknown):
            doubts.append(name)
    return found, Unknown(reasons(doubts)) if doubts and not found else None


def _providers_of(group: Resource, design: Design) -> list[Resource]:
    """The capacity providers of ECS that stand over this group."""
    arn = "AutoScalingGroupProvider.AutoScalingGroupArn"
    return [one for one in design.of_type(PROVIDER) if design.resolve(one.get(arn), GROUP) is group]


def _manages(provider: Resource) -> bool | Unknown:
    """Whether a capacity provider changes its group's size, which it does where managed scaling is switched on."""
    scaling = provider.get("AutoScalingGroupProvider.ManagedScaling")
    status = field(scaling, "Status")
    if isinstance(status, Unknown):
        return status
    if scaling is not None and status is None:
        return Unknown((f"the Status of {provider.id}, which is not set",))
    return bool(status == "ENABLED")
