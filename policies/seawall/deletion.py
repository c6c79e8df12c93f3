"""What keeps a resource's data when its stack is deleted, or the resource is taken out of it.

Defaults are those of the ``DeletionPolicy`` attribute's page in the CloudFormation reference.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from seawall.coverage import Protection
from seawall.design import Design, Resource
from seawall.values import Answer, Text, Unknown, boolean, field, items, number, reasons, same

INSTANCE = "AWS::RDS::DBInstance"

SNAPSHOT_BY_DEFAULT = ("AWS::RDS::DBCluster", INSTANCE)
"""Types whose deletion leaves a snapshot although the template sets no policy (DeletionPolicy attribute page)."""

TAKES_SNAPSHOT = (*SNAPSHOT_BY_DEFAULT, "AWS::DocDB::DBCluster", "AWS::Neptune::DBCluster", "AWS::Redshift::Cluster",
                  "AWS::ElastiCache::CacheCluster", "AWS::ElastiCache::ReplicationGroup",
                  "AWS::EC2::Volume")  # fmt: skip
"""Types for which ``DeletionPolicy: Snapshot`` is allowed (same page)."""

FINAL_BACKUP = ("WINDOWS", "OPENZFS", "ONTAP")
"""FSx types whose deletion makes a final backup unless the call declines it (FSx API, DeleteFileSystem)."""

LOCKS = {
    INSTANCE: "DeletionProtection",
    "AWS::RDS::DBCluster": "DeletionProtection",
    "AWS::DocDB::DBCluster": "DeletionProtection",
    "AWS::Neptune::DBCluster": "DeletionProtection",
    "AWS::DynamoDB::Table": "DeletionProtectionEnabled",
    "AWS::Timestream::InfluxDBInstance": "DeletionProtection",
}
"""The property that makes the service itself refuse the deletion."""


def kept_on_delete(resource: Resource) -> Protection:
    """What keeps a resource's data when it is removed from the stack, or the stack is deleted."""
    remedy = "Snapshot, or Retain" if resource.type in TAKES_SNAPSHOT else "Retain"
    remedy += f", and {LOCKS[resource.type]}: true" if resource.type in LOCKS else ""
    found = [replace(_policy(resource), remedy=remedy), *_locks(resource)]
    sure = next((protection for protection in found if protection.answer is True), None)
    if sure is not None:
        return sure
    unknown = [protection.answer for protection in found if isinstance(protection.answer, Unknown)]
    return replace(found[0], answer=Unknown(reasons(unknown))) if unknown else found[0]


def _policy(resource: Resource) -> Protection:
    at = "@DeletionPolicy"
    policy = resource.attribute("DeletionPolicy")
    if policy is None and resource.type in SNAPSHOT_BY_DEFAULT:
        return Protection(answer=True, by="a final snapshot, the default", at=at)
    if policy in (None, "Delete") and resource.get("FileSystemType") in FINAL_BACKUP:
        return Protection(answer=True, by="the final backup that FSx makes", at=at)
    if policy is None and resource.language == "terraform":
        return Protection(answer=False, by="nothing prevents its destruction", at=at)
    if policy is None:
        return Protection(answer=False, by="no DeletionPolicy is set, which means Delete", at=at)
    if policy in ("Retain", "RetainExceptOnCreate"):
        return Protection(answer=True, by=f"DeletionPolicy {policy}", at=at)
    if policy == "Snapshot" and resource.type in TAKES_SNAPSHOT:
        return Protection(answer=True, by="a final snapshot", at=at)
    if reasons(policy):
        return Protection(Unknown(reasons(policy)), "DeletionPolicy", at)
    return Protection(answer=False, by=f"DeletionPolicy is {policy}", at=at)


def _locks(resource: Resource) -> list[Protection]:
    if resource.type == "AWS::DynamoDB::GlobalTable":
        return [_lock_of_replicas(resource)]
    name = LOCKS.get(resource.type)
    if name is None:
        return []
    return [Protection(resource.boolean(name) or False, name, name)]


def _lock_of_replicas(table: Resource) -> Protection:
    """A global table's deletion stops at the first replica that refuses; its data is kept there."""
    at = "Replicas.DeletionProtectionEnabled"
    replicas = items(table.get("Replicas"))
    if isinstance(replicas, Unknown):
        return Protection(replicas, at=at)
    answers = [boolean(field(replica, "DeletionProtectionEnabled")) or False for replica in replicas]
    if any(answer is True for answer in answers):
        return Protection(answer=True, by="DeletionProtectionEnabled", at=at)
    unknown = [answer for answer in answers if isinstance(answer, Unknown)]
    return Protection(Unknown(reasons(unknown)) if unknown else False, at=at)


def holds_only_scratch(file_system: Resource) -> Answer:
    """Whether an FSx for Lustre file system is of a scratch type: it survives no failed server by design."""
    if file_system.get("FileSystemType") != "LUSTRE":
        return False
    kind = file_system.get("LustreConfiguration.DeploymentType")
    if isinstance(kind, str):
        return kind.startswith("SCRATCH")
    return Unknown(reasons(kind)) if reasons(kind) else kind is None


def holds_only_a_cache(store: Resource) -> bool:
    """Whether nothing says that an ElastiCache group is more than a cache: no snapshot, no failover."""
    if store.type != "AWS::ElastiCache::ReplicationGroup":
        return False
    if (number(store.get("SnapshotRetentionLimit")) or 0) != 0:
        return False
    names = ("SnapshotName", "SnapshotArns", "SnapshottingClusterId", "GlobalReplicationGroupId")
    if any(store.get(name) for name in names):
        return False
    return (
        store.boolean("AutomaticFailoverEnabled") is not True and store.boolean("MultiAZEnabled") is not True
    )


def object_lock(bucket: Resource) -> Protection:
    """Whether objects are locked on arrival: a default retention that outlives an attempt to empty the bucket."""
    at = "ObjectLockConfiguration.Rule.DefaultRetention"
    retention = bucket.get(at)
    if isinstance(retention, Unknown):
        return Protection(retention, "object lock", at)
    days = [number(field(retention, name)) for name in ("Days", "Years")]
    unknown = [value for value in days if isinstance(value, Unknown)]
    if any(isinstance(value, float) and value > 0 for value in days):
        return Protection(answer=True, by="object lock with a default retention", at=at)
    return Protection(Unknown(reasons(unknown)) if unknown else False, "object lock", at)


@dataclass(frozen=True, slots=True)
class Emptying:
    """What deletes a bucket's objects with the stack: ``answer`` True, False or Unknown; ``by`` says what does."""

    answer: Answer
    by: str = ""
    at: str = ""


EMPTYING_CODE = ("delete_objects", "deleteObjects", "DeleteObjects", "object_versions", "objects.all().delete",
                 "objects.delete()", "delete_object(", "deleteObject(", "s3 rm ", "s3 rb ")  # fmt: skip
EMPTYING_NAMES = (
    "empty",
    "autodelete",
    "cleanup",
    "cleanbucket",
    "cleaner",
    "wipe",
    "purge",
    "deleteobjects",
    "bucketclean",
)


def emptied_on_delete(bucket: Resource, design: Design) -> Emptying:
    """Whether something deletes the bucket's objects when the stack or the resource goes."""
    forced = boolean(bucket.get("ForceDestroy"))  # Terraform's force_destroy
    if forced is True or isinstance(forced, Unknown):
        return Emptying(forced, "force_destroy", "ForceDestroy")
    for other, path in design.referrers(bucket):
        if not other.type.startswith("Custom::") and other.type != "AWS::CloudFormation::CustomResource":
            continue
        if _empties(other, design):
            return Emptying(answer=True, by=f"{other.id} ({path.rpartition('.')[2]})")
    return Emptying(answer=False)


def _empties(custom: Resource, design: Design) -> bool:
    if custom.type == "Custom::S3AutoDeleteObjects":
        return True
    function = design.resolve(custom.get("ServiceToken"), "AWS::Lambda::Function")
    code = field(function.get("Code"), "ZipFile") if function else None
    text = str(code) if isinstance(code, (str, Text)) else ""
    if text:
        return any(call in text for call in EMPTYING_CODE) and "Delete" in text
    names = (
        f"{custom.type} {custom.id} {function.id if function else ''}".lower()
        .replace("-", "")
        .replace("_", "")
    )
    return any(name in names for name in EMPTYING_NAMES)
