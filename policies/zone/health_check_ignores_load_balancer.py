"""See health_check_ignores_load_balancer.md: why it matters, how to fix it, what is and is not flagged."""

from seawall.design import Design, Resource
from seawall.policy import Verdict, accepted, flagged, not_applicable, policy, undecided
from seawall.subnet_lists import elements_of
from seawall.values import Unknown, Value, reasons

AT = "HealthCheckType"
FIX = "set HealthCheckType: ELB and a HealthCheckGracePeriod that covers the start"


@policy(applies_to="AWS::AutoScaling::AutoScalingGroup")
def health_check_ignores_load_balancer(group: Resource, design: Design) -> Verdict:
    """Auto Scaling group keeps instances that its load balancer has given up."""
    behind = _behind(group, design)
    if behind is False:
        return not_applicable("no load balancer sends it requests")
    checks = group.get(AT)
    if isinstance(checks, str) and "ELB" in checks.split(","):
        return accepted("an instance that fails the load balancer's check is replaced", at=AT)
    why = [value for value in (checks, behind) if reasons(value)]
    if why:
        message = f"whether it heeds a load balancer's check depends on {' and '.join(reasons(why))}"
        return undecided(why, at=AT, message=message, fix=FIX)
    return flagged(
        "only the machine is checked, not its answers: an instance that runs but fails every request is never replaced",
        fix=FIX,
        at=AT,
    )


def _behind(group: Resource, design: Design) -> Value:
    """Whether a load balancer sends requests to the group: an ``Unknown`` where a whole list is unknown."""
    lists = [group.get(name) for name in ("TargetGroupARNs", "LoadBalancerNames", "TrafficSources")]
    single, unbounded = elements_of(lists, design)
    if single:
        return True
    return Unknown(reasons(unbounded)) if unbounded else False
