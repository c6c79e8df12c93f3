"""See load_balancer_without_cross_zone.md: why it matters, how to fix it, what is and is not flagged."""

from seawall.design import Design, Resource
from seawall.forwarding import attribute_of, groups_behind
from seawall.placement import Spread, spread_of_subnets, spread_of_zones
from seawall.policy import Verdict, accept_if, accepted, flagged, not_applicable, policy, undecided
from seawall.subnet_lists import subnets_in
from seawall.values import Unknown, boolean, number, reasons

CLASSIC = "AWS::ElasticLoadBalancing::LoadBalancer"
SWITCH = "load_balancing.cross_zone.enabled"
THRESHOLDS = (
    "target_group_health.dns_failover.minimum_healthy_targets.count",
    "target_group_health.dns_failover.minimum_healthy_targets.percentage",
)
AT = "LoadBalancerAttributes"
FIX = f"set {SWITCH}: true in {AT}"
CUT_OFF = "a zone whose targets fail or are too few gets no help from the other zones: its share of the requests fails"
ALONE = "whether the targets of each zone can carry its share"
STANDS_ALONE = "a zone without any healthy target leaves the DNS; one with too few of them gets its whole share"
SHARED = "each zone sends to the targets of all zones"


@policy(applies_to=("AWS::ElasticLoadBalancingV2::LoadBalancer", CLASSIC))
def load_balancer_without_cross_zone(load_balancer: Resource, design: Design) -> Verdict:
    """Load balancer keeps the requests of each zone in that zone."""
    if _zones_of(load_balancer, design).several is False:
        return not_applicable("it stands in one zone, which is judged by itself")
    if load_balancer.type == CLASSIC:
        sets = {"CrossZone": True}
        fix = "set CrossZone: true"
        return accept_if(
            load_balancer,
            "CrossZone",
            equals=True,
            default=False,
            otherwise=CUT_OFF,
            fix=fix,
            accepting=SHARED,
            sets=sets,
        )
    return _judged_by_attributes(load_balancer, design)


def _judged_by_attributes(load_balancer: Resource, design: Design) -> Verdict:
    kind = load_balancer.get("Type") or "application"
    own = True if kind == "application" else _switch(load_balancer)
    behind = groups_behind(load_balancer, design)
    groups = [group for group in behind if group.get("TargetType") != "alb"]
    if behind and not groups:
        return accepted("an Application Load Balancer behind it reaches the targets of all zones")
    words = [_word(group) for group in groups]
    answers = [own if word is None else word for word in words] or [own]
    if False in answers and _on_purpose(load_balancer, groups):
        return accepted("each zone stands alone, and one whose targets fail is taken out of the DNS", at=AT)
    if False in words:
        names = " and ".join(group.id for group, word in zip(groups, words, strict=True) if word is False)
        return flagged(CUT_OFF, fix=f"remove {SWITCH}: false from TargetGroupAttributes of {names}", evidence=(names,))
    unknown = [answer for answer in (kind if False in answers else None, *answers) if isinstance(answer, Unknown)]
    if unknown:
        return undecided(Unknown(reasons(unknown)), at=AT, fix=FIX)
    if False in answers:
        return undecided(ALONE, at=AT, message=STANDS_ALONE, fix=FIX)
    return accepted(SHARED, at=AT)


def _zones_of(load_balancer: Resource, design: Design) -> Spread:
    names = ("SubnetMappings", "Subnets", "AvailabilityZones")
    at = next((name for name in names if load_balancer.get(name) not in (None, [])), "Subnets")
    value = subnets_in(load_balancer.get(at))
    return (spread_of_zones if at == "AvailabilityZones" else spread_of_subnets)(value, load_balancer, design)


def _switch(load_balancer: Resource) -> bool | Unknown:
    written = boolean(attribute_of(load_balancer, AT, SWITCH))
    return False if written is None else written


def _word(group: Resource) -> bool | Unknown | None:
    """What a target group says itself; ``None`` where its load balancer decides."""
    return boolean(attribute_of(group, "TargetGroupAttributes", SWITCH))


def _on_purpose(load_balancer: Resource, groups: list[Resource]) -> bool:
    """Whether a zone whose targets fail leaves the DNS: by a zonal shift, or where too few of them are healthy."""
    if boolean(attribute_of(load_balancer, AT, "zonal_shift.config.enabled")) is True:
        return True
    return bool(groups) and all(any(_demands(group, name) for name in THRESHOLDS) for group in groups)


def _demands(group: Resource, name: str) -> bool:
    least = number(attribute_of(group, "TargetGroupAttributes", name))
    return isinstance(least, float) and least > 1  # one healthy target is what every group asks for by itself
