"""See lone_scaling_group.md: why it matters, how to fix it, what is and is not flagged."""

from seawall.capacity import capacity_of
from seawall.design import Design, Resource
from seawall.policy import Verdict, accepted, flagged, policy, undecided
from seawall.values import Unknown

GROUP = "AWS::AutoScaling::AutoScalingGroup"
FIX = "set MinSize: 2 or more, and MaxSize above it"


@policy(applies_to=GROUP)
def lone_scaling_group(group: Resource, design: Design) -> Verdict:
    """Auto Scaling group runs a single instance."""
    capacity = capacity_of(group)
    at = "MinSize" if group.get("DesiredCapacity") is None else "DesiredCapacity"
    if isinstance(capacity, Unknown):
        return undecided(capacity, at=at, fix=FIX)
    if capacity is None or capacity < 1:
        message = "how many instances it runs is left to whoever sets its capacity later"
        return undecided("whoever sets its capacity later", at=at, message=message, fix=FIX)
    loss = "when its zone is lost, nobody is served until a new one has started"
    if capacity < 2:
        return flagged(f"one instance does all the work: {loss}", fix=FIX, at=at, sets=_mending(group))
    reduced = _reduced_to_one(group, design)
    if reduced is None:
        return accepted(f"it starts with {capacity:g} instances", at=at)
    problem = f"from each run of {reduced.id} on one instance does all the work: {loss}"
    fix = f"set DesiredCapacity and MaxSize of {reduced.id} to 2 or more"
    return flagged(problem, fix=fix, at=at, evidence=(f"{reduced.id} → {group.id}",))


def _mending(group: Resource) -> dict[str, int]:
    """Two of them, and room for more: every number that is written and smaller."""
    sizes = {name: group.number(name) for name in ("MinSize", "MaxSize", "DesiredCapacity")}
    if any(isinstance(size, Unknown) for size in sizes.values()):
        return {}
    found = {name: 2 for name, size in sizes.items() if isinstance(size, float) and size < 2}
    return {**found, "MaxSize": 4} if isinstance(sizes["MaxSize"], float) and sizes["MaxSize"] < 3 else found


def _reduced_to_one(group: Resource, design: Design) -> Resource | None:
    """A recurring scheduled action that leaves one instance; none at all is a service that is switched off."""
    for action in design.of_type("AWS::AutoScaling::ScheduledAction"):
        if action.get("Recurrence") is None or design.resolve(action.get("AutoScalingGroupName"), GROUP) is not group:
            continue
        least, most, desired = (action.number(name) for name in ("MinSize", "MaxSize", "DesiredCapacity"))
        if (desired == 1 or (desired is None and most == 1)) and least != 0:
            return action
    return None
