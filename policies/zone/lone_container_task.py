"""See lone_container_task.md: why it matters, how to fix it, what is and is not flagged."""

from seawall.capacity import is_daemon
from seawall.design import Design, Resource
from seawall.policy import Verdict, accepted, flagged, not_applicable, policy, undecided
from seawall.scaling import scaling_floor
from seawall.values import Unknown, reasons

AT = "DesiredCount"
FIX = "set DesiredCount: 2 or more, and MinCapacity of its scalable target likewise"


@policy(applies_to="AWS::ECS::Service")
def lone_container_task(service: Resource, design: Design) -> Verdict:
    """Container service runs a single task."""
    if is_daemon(service):
        return not_applicable("a daemon runs on every instance")
    floor = scaling_floor(service, design)
    desired = service.number(AT)
    if service.get(AT) is None:
        desired = 1.0  # what CreateService takes for a replica service
    if isinstance(floor, float) and floor >= 2:
        return accepted(f"automatic scaling keeps {floor:g} tasks or more", at=AT)
    if isinstance(desired, float) and desired >= 2:
        return accepted(f"it starts with {desired:g} tasks", at=AT)
    unknown = [value for value in (desired, floor) if isinstance(value, Unknown)]
    if unknown:
        return undecided(Unknown(reasons(unknown)), at=AT, fix=FIX)
    if desired != 1:
        message = "how many tasks it runs is left to whoever sets the count later"
        return undecided("whoever sets the count later", at=AT, message=message, fix=FIX)
    return flagged(
        "one task does all the work: when its zone is lost, nobody is served until a new one has started",
        fix=FIX,
        at=AT,
        sets={AT: 2} if floor is None else None,  # else scaling sets the count, whatever is written here
    )
