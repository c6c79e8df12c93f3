"""See replaced_without_snapshot.md: why it matters, how to fix it, what is and is not flagged."""

from seawall.deletion import (
    FINAL_BACKUP,
    LOCKS,
    SNAPSHOT_BY_DEFAULT,
    TAKES_SNAPSHOT,
    holds_only_a_cache,
    kept_on_delete,
    refuses_deletion,
)
from seawall.design import Design, Resource
from seawall.policy import Verdict, accepted, flagged, not_applicable, policy, undecided
from seawall.protection import Protection, is_member_or_replica
from seawall.values import Value, reasons, same

AT = "@UpdateReplacePolicy"
CACHE = "AWS::ElastiCache::ReplicationGroup"
TYPES = (
    *LOCKS,
    "AWS::DynamoDB::GlobalTable",
    "AWS::Redshift::Cluster",
    "AWS::EC2::Volume",
    "AWS::EFS::FileSystem",
    "AWS::FSx::FileSystem",
    "AWS::Cognito::UserPool",
    "AWS::OpenSearchService::Domain",
    "AWS::Elasticsearch::Domain",
    CACHE,
)


@policy(applies_to=TYPES)
def replaced_without_snapshot(store: Resource, design: Design) -> Verdict:
    """Data survives the stack's deletion and not its own replacement."""
    elsewhere = is_member_or_replica(store)
    if elsewhere or holds_only_a_cache(store):
        return not_applicable(elsewhere or "it is a mere cache")
    kept = kept_on_delete(store)
    if kept.answer is not True:
        return not_applicable("its deletion takes the data too: another policy says so")
    policy_set, lock = store.attribute("UpdateReplacePolicy"), refuses_deletion(store)
    survives = _survives(store, policy_set, lock)
    if survives is not None:
        return survives
    value = _mending(store)
    fix = f"set UpdateReplacePolicy: {value}"
    for unknown in (policy_set, lock.answer):
        if reasons(unknown):
            return undecided(unknown, at=AT, message=f"whether the old one is kept depends on {unknown}", fix=fix)
    return flagged(
        f"kept by {kept.by} when the stack goes, but an update that replaces it deletes the old one with its data: "
        "one changed property is enough",
        fix=fix,
        at=AT,
        sets={"UpdateReplacePolicy": value},
    )


def _survives(store: Resource, policy_set: Value, lock: Protection) -> Verdict | None:
    """By what the data outlives a replacement; ``None`` where by nothing that is known."""
    if policy_set in ("Retain", "Snapshot"):
        return accepted(f"UpdateReplacePolicy is {policy_set}", at=AT)
    if lock.answer is True or same(store.get("DeletionProtection"), "ACTIVE") is True:
        return accepted("the service refuses to delete what has been replaced", at=lock.at)
    if store.type in SNAPSHOT_BY_DEFAULT and store.boolean("DeleteAutomatedBackups") is False:
        return accepted("its automated backups outlive it", at="DeleteAutomatedBackups")
    if store.get("FileSystemType") in FINAL_BACKUP:
        return accepted("FSx makes a final backup of whatever it deletes", at="FileSystemType")
    return None


def _mending(store: Resource) -> str:
    retained = store.attribute("DeletionPolicy") in ("Retain", "RetainExceptOnCreate")
    return "Retain" if retained or store.type not in TAKES_SNAPSHOT else "Snapshot"
