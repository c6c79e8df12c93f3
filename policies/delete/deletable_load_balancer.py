"""See deletable_load_balancer.md: why it matters, how to fix it, what is and is not flagged."""

from seawall.deletion import kept_on_delete
from seawall.design import Design, Resource
from seawall.policy import Verdict, accepted, flagged, policy, undecided
from seawall.values import Unknown, boolean, field, items, reasons

AT = "LoadBalancerAttributes"
KEY = "deletion_protection.enabled"


@policy(applies_to="AWS::ElasticLoadBalancingV2::LoadBalancer")
def deletable_load_balancer(balancer: Resource, design: Design) -> Verdict:
    """Load balancer is deleted together with its stack."""
    locked, kept = _locked(balancer), kept_on_delete(balancer)
    if locked is True:
        return accepted("the load balancer refuses its deletion", at=AT)
    if kept.answer is True:
        return accepted(f"kept by {kept.by}", at=kept.at)
    terraform = balancer.language == "terraform"
    fix = "set enable_deletion_protection = true" if terraform else f"set {KEY} to true in {AT}"
    for answer, at in ((locked, AT), (kept.answer, kept.at)):
        if isinstance(answer, Unknown):
            return undecided(answer, at=at, message=f"whether it is protected depends on {answer}", fix=fix)
    deleting = "terraform destroy" if terraform else "deleting the stack"
    return flagged(
        f"{deleting} takes the load balancer and its address along: every client and every DNS record that knows "
        "the address finds nobody, and a new one gets another address",
        fix=fix,
        at=AT,
        sets=None if terraform else {f"{AT}[Key={KEY}].Value": "true"},
    )


def _locked(balancer: Resource) -> bool | Unknown:
    attributes = items(balancer.get(AT))
    if isinstance(attributes, Unknown):
        return attributes
    unknown: list[Unknown] = []
    for attribute in attributes:
        key = field(attribute, "Key")
        if key == KEY:
            return boolean(field(attribute, "Value")) or False
        if isinstance(key, Unknown):
            unknown.append(key)
    return Unknown(reasons(unknown)) if unknown else False
