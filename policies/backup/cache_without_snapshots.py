"""See cache_without_snapshots.md: why it matters, how to fix it, what is and is not flagged."""

from seawall.design import Design, Resource
from seawall.policy import Verdict, accepted, flagged, not_applicable, policy, undecided
from seawall.values import Unknown

AT = "SnapshotRetentionLimit"
FIX = f"set {AT} to the days you may need to go back"
TYPES = ("AWS::ElastiCache::ReplicationGroup", "AWS::ElastiCache::CacheCluster", "AWS::ElastiCache::ServerlessCache")


@policy(applies_to=TYPES)
def cache_without_snapshots(cache: Resource, design: Design) -> Verdict:
    """Redis or Valkey cache keeps no snapshots."""
    engine, days = cache.get("Engine"), cache.number(AT)
    if engine == "memcached":
        return not_applicable("memcached takes no snapshots")
    if cache.type == TYPES[1] and cache.get("ReplicationGroupId") is not None:
        return not_applicable("it is a replica: its replication group decides")
    if isinstance(days, float) and days > 0:
        return accepted(f"snapshots are kept for {'1 day' if days == 1 else f'{days:g} days'}", at=AT)
    for unknown in (days, engine):
        if isinstance(unknown, Unknown):
            return undecided(unknown, at=AT, fix=FIX)
    custom = next((other for other, _ in design.referrers(cache) if other.type.startswith("Custom::")), None)
    if custom is not None:
        because, message = f"what {custom.id} sets", f"{AT} is not set here; {custom.id} may set it"
        return undecided(because, at=AT, message=message, fix=FIX)
    return flagged(
        "no snapshot is kept: what only the cache holds is gone with its nodes",
        fix=FIX,
        at=AT,
        sets={AT: design.thresholds.minimum_retention_days},
    )
