"""See single_region_cache.md: why it matters, how to fix it, what is and is not flagged."""

from seawall.deletion import holds_only_a_cache
from seawall.design import Design, Resource
from seawall.policy import Verdict, not_applicable, policy
from seawall.regions import RegionalCopy, is_elsewhere, judged_by_copies, named_region
from seawall.twins import twin_copies
from seawall.values import Unknown, field, items, same

GROUP = "AWS::ElastiCache::ReplicationGroup"
MEMORY = "AWS::MemoryDB::Cluster"
JOINED = {GROUP: "GlobalReplicationGroupId", MEMORY: "MultiRegionClusterName"}
FIXES = {
    GROUP: "declare an AWS::ElastiCache::GlobalReplicationGroup, and in another region a replication group that "
    "joins it",
    MEMORY: "set MultiRegionClusterName, here and on a cluster in another region",
}


@policy(applies_to=(GROUP, MEMORY))
def single_region_cache(cache: Resource, design: Design) -> Verdict:
    """Cache or in-memory database has no copy in another region."""
    if holds_only_a_cache(cache):
        return not_applicable("nothing says that it is more than a cache: it may start empty elsewhere")
    copies = _global_datastore(cache, design) if cache.type == GROUP else _multi_region_cluster(cache, design)
    return judged_by_copies(
        [*copies, *twin_copies(cache, design)],
        otherwise="nothing copies it to another region: when its region fails what it holds cannot be read anywhere",
        fix=FIXES[cache.type],
        at=JOINED[cache.type],
    )


def _global_datastore(cache: Resource, design: Design) -> list[RegionalCopy]:
    at = JOINED[GROUP]
    joined = cache.get(at)
    if joined not in (None, ""):
        # ElastiCache takes a secondary in another region than the primary only.
        answer = joined if isinstance(joined, Unknown) and joined.identity is None else True
        return [RegionalCopy(answer, f"it is a member of the global datastore {joined}", at)]
    for datastore in design.of_type("AWS::ElastiCache::GlobalReplicationGroup"):
        if cache in [design.resolve(name, GROUP) for name in _members(datastore)]:
            return _others(datastore, cache, design)
    return []


def _members(datastore: Resource) -> list[object]:
    listed = [*datastore.values_at("Members.ReplicationGroupId"), datastore.get("PrimaryReplicationGroupId")]
    return [name for name in listed if name is not None]


def _others(datastore: Resource, cache: Resource, design: Design) -> list[RegionalCopy]:
    members = datastore.items("Members")
    regions = [field(member, "ReplicationGroupRegion") for member in items(members) if isinstance(member, dict)]
    joining = [
        other.region
        for other in design.of_type(GROUP)
        if design.resolve(other.get(JOINED[GROUP]), datastore.type) is datastore
    ]
    found = [
        RegionalCopy(is_elsewhere(region, cache.region), f"{datastore.id} has a member in "
                     f"{named_region(region, cache.region)}")
        for region in (*regions, *joining)
        if region is not None
    ]  # fmt: skip
    if any(copy.elsewhere is True for copy in found):
        return found
    return [RegionalCopy(Unknown((f"the other members of {datastore.id}",)), f"the members of {datastore.id}")]


def _multi_region_cluster(cache: Resource, design: Design) -> list[RegionalCopy]:
    at = JOINED[MEMORY]
    joined = cache.get(at)
    if joined in (None, ""):
        return []
    for other in design.of_type(MEMORY):
        apart = is_elsewhere(other.region, cache.region) is True
        if other is not cache and apart and same(other.get(at), joined) is True:
            return [RegionalCopy(True, f"{other.id} is a member of its multi-region cluster", at)]
    return [RegionalCopy(Unknown((f"the other members of {joined}",)), "its multi-region cluster", at)]
