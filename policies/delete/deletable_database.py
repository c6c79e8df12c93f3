"""See deletable_database.md: why it matters, how to fix it, what is and is not flagged."""

from seawall.design import Design, Resource
from seawall.policy import Verdict, accepted, flagged, not_applicable, policy, undecided
from seawall.protection import (
    CLUSTERS,
    INSTANCE,
    holds_only_a_cache,
    is_member_or_replica,
    kept_on_delete,
    retained,
    what_deletion_takes,
)
from seawall.values import Unknown

STORES = (
    "AWS::Redshift::Cluster",
    "AWS::Elasticsearch::Domain",
    "AWS::OpenSearchService::Domain",
    "AWS::ElastiCache::ReplicationGroup",
    "AWS::MemoryDB::Cluster",
)


@policy(applies_to=(INSTANCE, *CLUSTERS, *STORES))
def deletable_database(database: Resource, design: Design) -> Verdict:
    """Database or other data store is deleted together with its stack."""
    elsewhere = is_member_or_replica(database)
    if elsewhere:
        return not_applicable(elsewhere)
    kept = kept_on_delete(database)
    fix = f"set {kept.remedy}"
    if kept.answer is True:
        return accepted(f"kept by {kept.by}", at=kept.at)
    if isinstance(kept.answer, Unknown):
        return undecided(kept.answer, at=kept.at, fix=fix)
    if holds_only_a_cache(database):
        because = "whether its contents exist nowhere else"
        message = f"{kept.by}, and nothing says whether its contents exist elsewhere: it keeps no snapshots"
        return undecided(because, at=kept.at, message=message, fix=fix)
    return flagged(what_deletion_takes(database, kept, "the data"), fix=fix, at=kept.at, sets=retained(database))
