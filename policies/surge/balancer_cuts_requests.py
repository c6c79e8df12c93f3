"""See balancer_cuts_requests.md: why it matters, how to fix it, what is and is not flagged."""

from seawall.design import Design, Resource
from seawall.policy import Verdict, accept_if, accepted, flagged, not_applicable, policy, undecided
from seawall.values import Unknown, Value, field, items, number

CLASSIC, GROUP = "AWS::ElasticLoadBalancing::LoadBalancer", "AWS::ElasticLoadBalancingV2::TargetGroup"
DELAY = "deregistration_delay.timeout_seconds"
ATTRIBUTES = "TargetGroupAttributes"


@policy(applies_to=(CLASSIC, GROUP))
def balancer_cuts_requests(balancer: Resource, design: Design) -> Verdict:
    """Load balancer cuts the requests of an instance that leaves."""
    if balancer.type == GROUP:
        return _group(balancer)
    at = "ConnectionDrainingPolicy.Enabled"
    return accept_if(
        balancer,
        at,
        equals=True,
        default=False,
        otherwise="every deployment, replacement and scale-in breaks off the requests that are being answered",
        fix=f"set {at}: true",
        accepting="an instance that leaves finishes what it has begun",
        sets={at: True},
    )


def _group(group: Resource) -> Verdict:
    if group.get("TargetType") == "lambda":
        return not_applicable("a function finishes what it has begun")
    attributes = items(group.get(ATTRIBUTES))
    terraform = group.language == "terraform"  # which has an attribute of its own for it
    place = "deregistration_delay" if terraform else f"{DELAY} in {ATTRIBUTES}"
    fix = f"set {place} to the seconds that the longest request takes"
    seconds: Value = attributes if isinstance(attributes, Unknown) else _delay(attributes)
    if isinstance(seconds, Unknown):
        return undecided(seconds, at=ATTRIBUTES, fix=fix)
    if seconds == 0:
        problem = "every deployment, replacement and scale-in breaks off the requests that are being answered"
        sets = None if terraform else {f"{ATTRIBUTES}[Key={DELAY}].Value": "300"}
        return flagged(f"targets leave without delay: {problem}", fix=fix, at=ATTRIBUTES, sets=sets)
    return accepted(f"a target that leaves has {seconds:g} seconds to finish what it has begun", at=ATTRIBUTES)


def _delay(attributes: list[Value]) -> float | Unknown:
    for attribute in attributes:
        if field(attribute, "Key") == DELAY:
            seconds = number(field(attribute, "Value"))
            return 300.0 if seconds is None else seconds
    return 300.0  # what a target group has where nothing is said
