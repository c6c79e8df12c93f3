"""See single_az_search_domain.md: why it matters, how to fix it, what is and is not flagged."""

from seawall.design import Design, Resource
from seawall.placement import spread_of_subnets
from seawall.policy import Verdict, accepted, flagged, policy, undecided
from seawall.values import Unknown

SECTIONS = {
    "AWS::OpenSearchService::Domain": "ClusterConfig",
    "AWS::Elasticsearch::Domain": "ElasticsearchClusterConfig",
}


@policy(applies_to=tuple(SECTIONS))
def single_az_search_domain(domain: Resource, design: Design) -> Verdict:
    """Search domain keeps its data in a single availability zone."""
    section = SECTIONS[domain.type]
    at, count_at = f"{section}.ZoneAwarenessEnabled", f"{section}.InstanceCount"
    standby = domain.boolean(f"{section}.MultiAZWithStandbyEnabled")
    if standby is True:
        return accepted("it runs in three zones, one of them standing by", at=at)
    if isinstance(standby, Unknown) and domain.boolean(at) is not True:
        return undecided(standby, at=f"{section}.MultiAZWithStandbyEnabled")
    fix = f"set {at}: true and an even {count_at} of two or more"
    return _by_zone_awareness(domain, design, at, count_at, fix)


def _by_zone_awareness(domain: Resource, design: Design, at: str, count_at: str, fix: str) -> Verdict:
    aware, count = domain.boolean(at), domain.number(count_at)
    if not aware:
        message = "its nodes are all in one zone: searches fail and data is unreachable when it is lost"
        return flagged(message, fix=fix, at=at, sets=_mending(domain, at, count_at))
    if domain.get(count_at) is None or (isinstance(count, float) and count < 2):
        message = "a single data node cannot be in two zones: its shards are gone with its zone"
        return flagged(message, fix=fix, at=count_at, sets=_mending(domain, at, count_at))
    subnets = domain.get("VPCOptions.SubnetIds")
    if subnets is not None and spread_of_subnets(subnets, domain, design).several is False:
        message = "its nodes are all in one zone, for its subnets are"
        return flagged(message, fix="name subnets of two zones", at="VPCOptions.SubnetIds")
    for value, path in ((aware, at), (count, count_at)):
        if isinstance(value, Unknown):
            return undecided(value, at=path, fix=fix)
    return accepted("its nodes are spread over two zones or more", at=at)


def _mending(domain: Resource, at: str, count_at: str) -> dict[str, bool | int] | None:
    """Two zones need an even number of nodes, and a subnet for each where the domain is in a VPC."""
    count, subnets = domain.number(count_at), domain.items("VPCOptions.SubnetIds")
    if isinstance(subnets, Unknown) or len(subnets) == 1 or isinstance(count, Unknown):
        return None
    nodes = 1 if count is None else int(count)
    if nodes > 1 and nodes % 2:
        return None
    return {at: True} if nodes > 1 else {at: True, count_at: 2}
