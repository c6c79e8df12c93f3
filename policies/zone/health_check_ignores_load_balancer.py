"""See health_check_ignores_load_balancer.md: why it matters, how to fix it, what is and is not flagged."""

from seawall.capacity import is_behind_load_balancer
from seawall.design import Design, Resource
from seawall.policy import Verdict, accepted, flagged, not_applicable, policy, undecided
from seawall.values import Value, reasons

AT = "HealthCheckType"
GRACE = 300  # seconds, what the console and Terraform propose
FIX = "set HealthCheckType: ELB and a HealthCheckGracePeriod that covers the start"


@policy(applies_to="AWS::AutoScaling::AutoScalingGroup")
def health_check_ignores_load_balancer(group: Resource, design: Design) -> Verdict:
    """Auto Scaling group keeps instances that its load balancer has given up."""
    behind = is_behind_load_balancer(group, design)
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
        sets=_mending(group, checks),
    )


def _mending(group: Resource, checks: Value) -> dict[str, str | int]:
    more = isinstance(checks, str) and checks not in ("", "EC2")
    sets: dict[str, str | int] = {AT: f"{checks},ELB" if more else "ELB"}
    if group.get("HealthCheckGracePeriod") is None:
        sets["HealthCheckGracePeriod"] = GRACE  # none at all would kill what has not started yet
    return sets
