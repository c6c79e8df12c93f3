"""See lone_instance.md: why it matters, how to fix it, what is and is not flagged."""

from seawall.design import Design, Resource
from seawall.instances import dependents_of, twins_of, zone_of_instance
from seawall.placement import same_zone
from seawall.policy import Verdict, accepted, flagged, policy, undecided
from seawall.values import Unknown, reasons

FIX = "put it into an Auto Scaling group with MinSize: 2 over subnets of two zones, behind a load balancer"


@policy(applies_to="AWS::EC2::Instance")
def lone_instance(instance: Resource, design: Design) -> Verdict:
    """Single instance holds a service."""
    dependents = dependents_of(instance, design)
    if not dependents:
        message = "nothing in the design depends on it: a bastion, a build agent or a test machine may be lost"
        return undecided("what it is for", message=message, fix=FIX)
    evidence = (f"{instance.id} ← {', '.join(dependents)}",)
    unknown: list[Unknown] = []
    for twin in twins_of(instance, design):
        answer = same_zone(zone_of_instance(instance, design), zone_of_instance(twin, design), design)
        if answer is False:
            return accepted(f"{twin.id} in another zone does the same work", evidence=evidence)
        if isinstance(answer, Unknown):
            unknown.append(answer)
    if unknown:
        because = Unknown(reasons(unknown))
        message = f"whether another machine like it is in another zone depends on {because}"
        return undecided(because, message=message, fix=FIX, evidence=evidence)
    return flagged(
        "one machine in one zone holds the service, and nothing replaces it when that zone is lost",
        fix=FIX,
        evidence=evidence,
    )
