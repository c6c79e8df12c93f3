"""See spot_only_capacity.md: why it matters, how to fix it, what is and is not flagged."""

from seawall.capacity import is_behind_load_balancer
from seawall.design import Design, Resource
from seawall.policy import Verdict, accepted, flagged, not_applicable, policy, undecided
from seawall.values import Answer, Unknown, Value, field, number, reasons, same

GROUP, SERVICE, NODES = "AWS::AutoScaling::AutoScalingGroup", "AWS::ECS::Service", "AWS::EKS::Nodegroup"
PROFILE, CLUSTER = "AWS::EKS::FargateProfile", "AWS::ECS::Cluster"
DISTRIBUTION = "MixedInstancesPolicy.InstancesDistribution"
STRATEGY = "CapacityProviderStrategy"
GONE = "all of it is on Spot: AWS takes it back at two minutes' notice, and most likely when a zone is lost"
WAITS = "it runs on Spot alone; work that can wait and be repeated may"


@policy(applies_to=(GROUP, SERVICE, NODES))
def spot_only_capacity(runs: Resource, design: Design) -> Verdict:
    """Service runs on Spot capacity alone."""
    if runs.type == GROUP:
        return _group(runs, design)
    return _containers(runs, design) if runs.type == SERVICE else _nodes(runs, design)


def _judged(spot: Answer, serves: Answer, at: str, fix: str) -> Verdict:
    if spot is False:
        return accepted("not all of it is on Spot", at=at)
    if isinstance(spot, Unknown):
        return undecided(spot, at=at, fix=fix)
    if serves is True:
        return flagged(GONE, fix=fix, at=at)
    because = serves if isinstance(serves, Unknown) else "whether its work can wait"
    return undecided(because, at=at, message=WAITS, fix=fix)


def _group(group: Resource, design: Design) -> Verdict:
    serves = is_behind_load_balancer(group, design)
    if group.get("MixedInstancesPolicy") is not None:
        percent = _number(group, f"{DISTRIBUTION}.OnDemandPercentageAboveBaseCapacity", 100)
        spot = _none_of(percent, _number(group, f"{DISTRIBUTION}.OnDemandBaseCapacity", 0))
        at = f"{DISTRIBUTION}.OnDemandPercentageAboveBaseCapacity"
        return _judged(spot, serves, at, f"set {DISTRIBUTION}.OnDemandBaseCapacity to what must never be missing")
    fix = "set MixedInstancesPolicy with an OnDemandBaseCapacity of what must never be missing"
    return _judged(_launches_spot(group, design), serves, "LaunchTemplate", fix)


def _number(resource: Resource, path: str, default: float) -> float | Unknown:
    found = resource.number(path)
    return default if found is None else found


def _none_of(*shares: float | Unknown) -> Answer:
    """Whether all these shares of other capacity are nothing."""
    if any(isinstance(share, float) and share > 0 for share in map(_as_float, shares)):
        return False
    unknown = [share for share in shares if isinstance(share, Unknown)]
    return Unknown(reasons(unknown)) if unknown else True


def _as_float(share: float | Unknown) -> float | Unknown:
    return share if isinstance(share, Unknown) else float(share)


def _launches_spot(group: Resource, design: Design) -> Answer:
    """Whether the template or configuration that a group launches from asks for Spot."""
    old = design.resolve(group.get("LaunchConfigurationName"), "AWS::AutoScaling::LaunchConfiguration")
    if old is not None:
        price = old.get("SpotPrice")
        return price if isinstance(price, Unknown) and price.identity is None else price not in (None, "")
    named = group.get("LaunchTemplate.LaunchTemplateId") or group.get("LaunchTemplate.LaunchTemplateName")
    template = design.resolve(named, "AWS::EC2::LaunchTemplate")
    if template is None:
        return False
    market = template.get("LaunchTemplateData.InstanceMarketOptions.MarketType")
    return False if market is None else same(market, "spot")


def _containers(service: Resource, design: Design) -> Verdict:
    fix = f"set {STRATEGY} with FARGATE and a Base of what must never be missing beside FARGATE_SPOT"
    strategy, at = _strategy(service, design)
    if isinstance(strategy, Unknown):
        return undecided(strategy, at=at, fix=fix)
    if not strategy:
        return not_applicable("its launch type is no Spot capacity")
    used = [provider for provider in strategy if len(strategy) == 1 or _is_used(provider)]
    names = [field(provider, "CapacityProvider") for provider in used]
    others = [same(name, "FARGATE_SPOT") for name in names]
    unknown = [answer for answer in others if isinstance(answer, Unknown)]
    spot: Answer = False if False in others or not others else Unknown(reasons(unknown)) if unknown else True
    serves = service.get("LoadBalancers") not in (None, []) or service.get("ServiceConnectConfiguration") is not None
    return _judged(spot, serves, at, fix)


def _strategy(service: Resource, design: Design) -> tuple[list[Value] | Unknown, str]:
    """The capacity providers of a service: its own, or its cluster's where it names neither them nor a launch type."""
    own = service.items(STRATEGY)
    if own or service.get("LaunchType") is not None:
        return own, STRATEGY
    cluster = design.resolve(service.get("Cluster"), CLUSTER)
    if cluster is None:
        return [], STRATEGY
    name = "DefaultCapacityProviderStrategy"
    found = cluster.items(name)
    for association in design.of_type("AWS::ECS::ClusterCapacityProviderAssociations"):
        if not found and design.resolve(association.get("Cluster"), CLUSTER) is cluster:
            found = association.items(name)
    return found, "Cluster"


def _is_used(provider: Value) -> bool:
    return any(number(field(provider, name)) not in (None, 0) for name in ("Weight", "Base"))


def _nodes(group: Resource, design: Design) -> Verdict:
    at = "CapacityType"
    fix = "add a node group of the same cluster with CapacityType: ON_DEMAND for what must never be missing"
    spot = same(group.get(at) or "ON_DEMAND", "SPOT")
    if spot is not True:
        return _judged(spot, True, at, fix)
    cluster = group.get("ClusterName")
    for other in design.of_type(NODES, PROFILE):
        lasts = other.type == PROFILE or (other.get(at) or "ON_DEMAND") == "ON_DEMAND"
        if lasts and other.exists is True and same(other.get("ClusterName"), cluster) is True:
            return accepted(f"{other.id} holds what must never be missing", evidence=(f"{other.id} → {cluster}",))
    if design.resolve(cluster, "AWS::EKS::Cluster") is None:
        message = "its cluster stands in another design, which may have nodes that last"
        return undecided("which other nodes its cluster has", at=at, message=message, fix=fix)
    return flagged(GONE, fix=fix, at=at)
