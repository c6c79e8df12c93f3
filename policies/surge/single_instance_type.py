"""See single_instance_type.md: why it matters, how to fix it, what is and is not flagged."""

from seawall.design import Design, Resource
from seawall.policy import Verdict, accepted, flagged, not_applicable, policy, undecided
from seawall.values import Unknown, Value, field, items

GROUP = "AWS::AutoScaling::AutoScalingGroup"
NODE_GROUP = "AWS::EKS::Nodegroup"
BATCH = "AWS::Batch::ComputeEnvironment"
MIXED = "MixedInstancesPolicy.LaunchTemplate"
TEMPLATE = "AWS::EC2::LaunchTemplate"
FIXES = {
    GROUP: f"set {MIXED}.Overrides with several instance types, or with InstanceRequirements",
    NODE_GROUP: "set InstanceTypes with several types of one size",
    BATCH: "set ComputeResources.InstanceTypes with several types or families",
}
PLACES = {GROUP: f"{MIXED}.Overrides", NODE_GROUP: "InstanceTypes", BATCH: "ComputeResources.InstanceTypes"}
SIZES = {
    GROUP: ("MinSize", "MaxSize"),
    NODE_GROUP: ("ScalingConfig.MinSize", "ScalingConfig.MaxSize"),
    BATCH: ("ComputeResources.MinvCpus", "ComputeResources.MaxvCpus"),
}


@policy(applies_to=(GROUP, NODE_GROUP, BATCH))
def single_instance_type(group: Resource, design: Design) -> Verdict:
    """Capacity grows by one instance type only."""
    if _runs_elsewhere(group):
        return not_applicable("it starts no instances of its own choice")
    if not _grows(group):
        return not_applicable("it does not grow, which other policies judge")
    at, fix = PLACES[group.type], FIXES[group.type]
    types = items(group.get(at))
    if isinstance(types, Unknown):
        return undecided(types, at=at, fix=fix)
    if any(_is_open(one) for one in types) or len({str(_type_of(one)) for one in types}) > 1:
        return accepted("another type is started where one is sold out", at=at)
    if types:
        return _single(_called(_type_of(types[0])), at, fix)
    return _by_template(group, design, at, fix)


def _grows(group: Resource) -> bool:
    least, most = (group.number(name) for name in SIZES[group.type])
    return not (isinstance(most, float) and (most <= 1 or least == most))


def _single(name: str, at: str, fix: str) -> Verdict:
    problem = f"every instance is {name}: when its zones have none left, in a surge that everybody has, it cannot grow"
    return flagged(problem, fix=fix, at=at)


def _runs_elsewhere(group: Resource) -> bool:
    if group.type != BATCH:
        return False
    kind = group.get("ComputeResources.Type")
    return group.get("Type") == "UNMANAGED" or (isinstance(kind, str) and kind.startswith("FARGATE"))


def _type_of(one: Value) -> Value:
    return one.get("InstanceType") if isinstance(one, dict) else one


def _is_open(one: Value) -> bool:
    """Whether an entry stands for many types: requirements, or one of the families that Batch takes."""
    if field(one, "InstanceRequirements") is not None:
        return True
    return isinstance(one, str) and "." not in one


def _by_template(group: Resource, design: Design, at: str, fix: str) -> Verdict:
    named = _template_named(group)
    if named is None:
        # EKS takes this type where nothing is said; a launch configuration and an instance know one type each.
        return _single("of type t3.medium" if group.type == NODE_GROUP else _configured(group, design), at, fix)
    template = design.resolve(named, TEMPLATE)
    if template is None:
        return undecided(f"the launch template {named}", at=at, fix=fix)
    content = template.get("LaunchTemplateData")
    evidence = (f"{group.id} → {template.id}",)
    if isinstance(content, Unknown):
        return undecided(content, at=at, fix=fix, evidence=evidence)
    if field(content, "InstanceRequirements") is not None:
        return accepted("any type that meets its requirements is started", evidence=evidence)
    if field(content, "CapacityReservationSpecification.CapacityReservationTarget") is not None:
        return accepted("its capacity is reserved", evidence=evidence)
    return _single(_called(field(content, "InstanceType")), at, fix)._replace(evidence=evidence)


def _configured(group: Resource, design: Design) -> str:
    configuration = design.resolve(group.get("LaunchConfigurationName"), "AWS::AutoScaling::LaunchConfiguration")
    return _called(configuration.get("InstanceType") if configuration is not None else None)


def _called(kind: Value) -> str:
    return f"of type {kind}" if isinstance(kind, str) else "of one and the same type"


def _template_named(group: Resource) -> Value:
    holders = ("LaunchTemplate", f"{MIXED}.LaunchTemplateSpecification")
    for holder in holders:
        for name in ("LaunchTemplateId", "LaunchTemplateName", "Id", "Name"):
            value = group.get(f"{holder}.{name}")
            if value is not None:
                return value
    return None
