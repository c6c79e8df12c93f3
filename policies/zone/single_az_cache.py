"""See single_az_cache.md: why it matters, how to fix it, what is and is not flagged."""

from seawall.capacity import nodes_of_cache
from seawall.design import Design, Resource
from seawall.placement import spread_of_subnets, spread_of_zones
from seawall.policy import Verdict, accepted, flagged, not_applicable, policy, undecided
from seawall.values import Unknown, reasons

GROUP = "AWS::ElastiCache::ReplicationGroup"
GROUP_FIX = "set MultiAZEnabled and AutomaticFailoverEnabled to true, with one replica or more for each shard"
SWITCHES = {"AutomaticFailoverEnabled": True, "MultiAZEnabled": True}
CLUSTER_FIX = "set AZMode: cross-az with NumCacheNodes of two or more"


@policy(applies_to=(GROUP, "AWS::ElastiCache::CacheCluster", "AWS::ElastiCache::ServerlessCache"))
def single_az_cache(cache: Resource, design: Design) -> Verdict:
    """Cache does not survive the loss of its availability zone."""
    if cache.type == "AWS::ElastiCache::ServerlessCache":
        return accepted("a serverless cache keeps copies in several zones by itself")
    if cache.type == GROUP:
        return _replication_group(cache, design)
    if cache.get("ReplicationGroupId") is not None:
        return not_applicable("its replication group decides")
    return _cluster(cache, design)


def _replication_group(cache: Resource, design: Design) -> Verdict:
    multi_az, failover = cache.boolean("MultiAZEnabled"), cache.boolean("AutomaticFailoverEnabled")
    nodes, at = nodes_of_cache(cache)
    if nodes is not None and not isinstance(nodes, Unknown) and nodes < 2:
        message = "it has no replica: the cache and all it holds are gone when the primary's zone is lost"
        return flagged(message, fix=GROUP_FIX, at=at, sets=_with_replica(cache, at, design))
    if multi_az is True and failover is not False:
        return accepted("a replica in another zone takes over by itself", at="MultiAZEnabled")
    for value, name in ((failover, "AutomaticFailoverEnabled"), (multi_az, "MultiAZEnabled")):
        if isinstance(value, Unknown) and failover is not False:
            return undecided(value, at=name, fix=GROUP_FIX)
    if failover is not True:
        message = "no replica takes over when the primary's zone is lost: writes fail until somebody acts"
        sets = SWITCHES if isinstance(nodes, float) and not _confined(cache, design) else None
        return flagged(message, fix=GROUP_FIX, at="AutomaticFailoverEnabled", sets=sets)
    return _placed_by_hand(cache, design)


def _with_replica(cache: Resource, at: str, design: Design) -> dict[str, bool | int] | None:
    """One more node and the switches, where the node's zone is not chosen by hand."""
    if at == "NodeGroupConfiguration" or cache.get("PreferredCacheClusterAZs") or _confined(cache, design):
        return None
    return {at: 2 if at == "NumCacheClusters" else 1, **SWITCHES}


def _confined(cache: Resource, design: Design) -> bool:
    group = design.resolve(cache.get("CacheSubnetGroupName"), "AWS::ElastiCache::SubnetGroup")
    return group is not None and spread_of_subnets(group.get("SubnetIds"), group, design).several is False


def _placed_by_hand(cache: Resource, design: Design) -> Verdict:
    """Failover without ``MultiAZEnabled``: then it matters where the nodes happen to be."""
    named = cache.get("PreferredCacheClusterAZs")
    several = spread_of_zones(named, cache, design).several if named is not None else None
    if several is True:
        return accepted("its nodes are placed in two zones and a replica takes over", at="PreferredCacheClusterAZs")
    if several is False or _confined(cache, design):
        at = "PreferredCacheClusterAZs" if several is False else "CacheSubnetGroupName"
        message = "primary and replicas are in one zone and lost together with it"
        return flagged(message, fix=GROUP_FIX, at=at)
    return undecided("where ElastiCache happens to place the nodes", at="MultiAZEnabled", fix=GROUP_FIX)


def _cluster(cache: Resource, design: Design) -> Verdict:
    nodes = cache.number("NumCacheNodes")
    mode = cache.get("AZMode")
    if cache.get("Engine") in ("redis", "valkey"):
        message = "a cluster of one node has no replica: the cache is gone when its zone is lost"
        return flagged(message, fix=f"use {GROUP}: {GROUP_FIX}", at="Engine")
    if isinstance(nodes, float) and nodes < 2:
        message = "a single node holds the whole cache: it is gone when its zone is lost"
        return flagged(message, fix=CLUSTER_FIX, at="NumCacheNodes", sets=_spread(cache))
    if mode in (None, "single-az"):
        message = "all its nodes are in one zone: the cache is empty at once when that zone is lost"
        return flagged(message, fix=CLUSTER_FIX, at="AZMode", sets=_spread(cache))
    zones = cache.get("PreferredAvailabilityZones")
    if zones is not None and spread_of_zones(zones, cache, design).several is False:
        message = "all its nodes are placed in one zone: the cache is empty at once when it is lost"
        return flagged(message, fix=CLUSTER_FIX, at="PreferredAvailabilityZones")
    if not isinstance(nodes, float) or mode != "cross-az":
        return undecided(Unknown(reasons([nodes, mode]) or ("NumCacheNodes",)), at="AZMode", fix=CLUSTER_FIX)
    return accepted("its nodes are spread over zones: one zone takes a part of it only", at="AZMode")


def _spread(cache: Resource) -> dict[str, str | int] | None:
    """Nodes over several zones, where nobody has chosen the zones by hand."""
    if any(cache.get(name) is not None for name in ("PreferredAvailabilityZone", "PreferredAvailabilityZones")):
        return None
    nodes = cache.number("NumCacheNodes")
    if nodes is None or isinstance(nodes, Unknown):
        return None
    return {"AZMode": "cross-az"} if nodes >= 2 else {"AZMode": "cross-az", "NumCacheNodes": 2}
