"""See lone_scaling_group.md: why it matters, how to fix it, what is and is not flagged."""

from seawall.capacity import capacity_of
from seawall.design import Design, Resource
from seawall.policy import Verdict, accepted, flagged, policy, undecided
from seawall.values import Unknown

FIX = "set MinSize: 2 or more, and MaxSize above it"


@policy(applies_to="AWS::AutoScaling::AutoScalingGroup")
def lone_scaling_group(group: Resource, design: Design) -> Verdict:
    """Auto Scaling group runs a single instance."""
    capacity = capacity_of(group)
    at = "MinSize" if group.get("DesiredCapacity") is None else "DesiredCapacity"
    if isinstance(capacity, Unknown):
        return undecided(capacity, at=at, fix=FIX)
    if capacity is None or capacity < 1:
        return undecided("whoever sets its capacity later", at=at, fix=FIX)
    if capacity >= 2:
        return accepted(f"it starts with {capacity:g} instances", at=at)
    return flagged(
        "one instance does all the work: when its zone is lost, nobody is served until a new one has started",
        fix=FIX,
        at=at,
    )
