"""What keeps a resource's data when its stack is deleted, or the resource is taken out of it.

Defaults are those of the ``DeletionPolicy`` attribute's page in the CloudFormation reference.
"""

from __future__ import annotations

from typing import NamedTuple

from seawall.coverage import Protection
from seawall.design import Design, Resource
from seawall.values import Answer, Text, Unknown, Value, boolean, field, items, number, reasons

INSTANCE = "AWS::RDS::DBInstance"

SNAPSHOT_BY_DEFAULT = ("AWS::RDS::DBCluster", INSTANCE)
"""Types whose deletion leaves a snapshot although the template sets no policy (same page)."""

TAKES_SNAPSHOT = (
    *SNAPSHOT_BY_DEFAULT,
    "AWS::DocDB::DBCluster",
    "AWS::Neptune::DBCluster",
    "AWS::Redshift::Cluster",
    "AWS::ElastiCache::CacheCluster",
    "AWS::ElastiCache::ReplicationGroup",
    "AWS::EC2::Volume",
)
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
    found = [_policy(resource)._replace(remedy=_remedy(resource)), *_locks(resource)]
    sure = next((protection for protection in found if protection.answer is True), None)
    if sure is not None:
        return sure
    unknown = [protection.answer for protection in found if isinstance(protection.answer, Unknown)]
    return found[0]._replace(answer=Unknown(reasons(unknown))) if unknown else found[0]


def refuses_deletion(resource: Resource) -> Protection:
    """Whether the service itself refuses to delete a resource, whoever asks."""
    found = _locks(resource)
    return found[0] if found else Protection(answer=False)


def _remedy(resource: Resource) -> str:
    lock = LOCKS.get(resource.type)
    if resource.type == "AWS::DynamoDB::GlobalTable":
        lock = "DeletionProtectionEnabled on a replica"
    if resource.language == "terraform":
        setting = "deletion_protection_enabled" if resource.type.startswith("AWS::DynamoDB") else "deletion_protection"
        return "lifecycle.prevent_destroy = true" + (f", and {setting} = true" if lock else "")
    policy = "DeletionPolicy: Snapshot, or Retain" if resource.type in TAKES_SNAPSHOT else "DeletionPolicy: Retain"
    return policy + (f", and {lock}: true" if lock else "")


def retained(resource: Resource) -> dict[str, str]:
    """The values that keep a resource's data when it is deleted, and when it is replaced."""
    policy = "Snapshot" if resource.type in TAKES_SNAPSHOT else "Retain"
    found = {"DeletionPolicy": policy}
    if resource.attribute("UpdateReplacePolicy") in (None, "Delete"):
        found["UpdateReplacePolicy"] = policy
    return found


def what_deletion_takes(resource: Resource, kept: Protection, what: str) -> str:
    """One sentence: why the resource goes, and what goes with it."""
    if resource.language == "terraform":
        return f"{kept.by}: terraform destroy, or taking the block out, deletes {what}"
    return f"{kept.by}: deleting the stack, or taking the resource out of it, deletes {what}"


def _policy(resource: Resource) -> Protection:
    at = "@DeletionPolicy"
    policy = resource.attribute("DeletionPolicy")
    if policy in ("Retain", "RetainExceptOnCreate"):
        by = "prevent_destroy" if resource.language == "terraform" else f"DeletionPolicy {policy}"
        return Protection(answer=True, by=by, at=at)
    if reasons(policy):
        return Protection(Unknown(reasons(policy)), "DeletionPolicy", at)
    copy = _last_copy(resource, policy)
    if copy:
        return Protection(answer=True, by=copy, at=at)
    by = f"DeletionPolicy is {policy}" if policy else "no DeletionPolicy is set, which means Delete"
    if resource.language == "terraform":
        by = "nothing prevents its destruction"
    return Protection(answer=False, by=by, at=at)


def _last_copy(resource: Resource, policy: Value) -> str:
    """What is left of a resource that is deleted under this policy; empty where nothing is."""
    terraform = resource.language == "terraform"  # its reader speaks of a final snapshot where one is made
    if policy == "Snapshot" and (terraform or resource.type in TAKES_SNAPSHOT):
        return "a final snapshot"
    if policy is None and resource.type in SNAPSHOT_BY_DEFAULT:
        return "a final snapshot, the default"
    if (policy is None or not terraform) and resource.get("FileSystemType") in FINAL_BACKUP:
        return "the final backup that FSx makes"
    return ""


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


def holds_only_scratch(file_system: Resource, design: Design) -> Answer:
    """Whether an FSx for Lustre file system holds no data of its own: scratch, or linked to a repository.

    A scratch file system does not survive a failed server by design. For a linked one only the deployment
    knows whether every change reaches the repository; AWS takes no backups of it.
    """
    if file_system.get("FileSystemType") != "LUSTRE":
        return False
    kind = file_system.get("LustreConfiguration.DeploymentType")
    if kind is None or (isinstance(kind, str) and kind.startswith("SCRATCH")):
        return True
    linked = file_system.get("LustreConfiguration.ImportPath") is not None or any(
        other.type == "AWS::FSx::DataRepositoryAssociation" for other, _ in design.referrers(file_system)
    )
    if linked:
        return Unknown(("whether its data repository holds every change",))
    return Unknown(reasons(kind)) if reasons(kind) else False


def holds_only_a_cache(store: Resource) -> bool:
    """Whether nothing says that an ElastiCache group is more than a cache: no snapshot, no failover."""
    if store.type != "AWS::ElastiCache::ReplicationGroup":
        return False
    if (number(store.get("SnapshotRetentionLimit")) or 0) != 0:
        return False
    names = ("SnapshotName", "SnapshotArns", "SnapshottingClusterId", "GlobalReplicationGroupId")
    if any(store.get(name) for name in names):
        return False
    return store.boolean("AutomaticFailoverEnabled") is not True and store.boolean("MultiAZEnabled") is not True


def object_lock(bucket: Resource) -> Protection:
    """Whether objects are locked on arrival, by a default retention that no emptying gets around."""
    at = "ObjectLockConfiguration.Rule.DefaultRetention"
    retention = bucket.get(at)
    if isinstance(retention, Unknown):
        return Protection(retention, "object lock", at)
    days = [number(field(retention, name)) for name in ("Days", "Years")]
    unknown = [value for value in days if isinstance(value, Unknown)]
    if any(isinstance(value, float) and value > 0 for value in days):
        return Protection(answer=True, by="object lock with a default retention", at=at)
    return Protection(Unknown(reasons(unknown)) if unknown else False, "object lock", at)


class Emptying(NamedTuple):
    """What deletes a bucket's objects with the stack: True, False or Unknown; ``by`` names what does."""

    answer: Answer
    by: str = ""
    at: str = ""


EMPTYING_CODE = ("delete_objects", "deleteObjects", "DeleteObjects", "object_versions",
                 "objects.all().delete", "objects.delete()", "delete_object(", "deleteObject(",
                 "s3 rm ", "s3 rb ")  # fmt: skip
EMPTYING_NAMES = ("empty", "autodelete", "wipe", "purge", "deleteobjects")
CLEANING_NAMES = ("clean",)
"""Names that may mean the same, or the tidying of something else."""


def emptied_on_delete(bucket: Resource, design: Design) -> Emptying:
    """Whether something deletes the bucket's objects when the stack or the resource goes."""
    forced = boolean(bucket.get("ForceDestroy"))  # Terraform's force_destroy
    if forced is True or isinstance(forced, Unknown):
        return Emptying(forced, "force_destroy", "ForceDestroy")
    unknown = Emptying(answer=False)
    for other, _ in design.referrers(bucket):
        custom = other.type.startswith("Custom::") or other.type == "AWS::CloudFormation::CustomResource"
        if custom and kept_on_delete(other).answer is not True:  # one that stays behind is never told to delete
            answer = _empties(other, design)
            if answer is True:
                return Emptying(answer, other.id)
            unknown = unknown if answer is False else Emptying(answer, other.id)
    return unknown


def _empties(custom: Resource, design: Design) -> Answer:
    if custom.type == "Custom::S3AutoDeleteObjects":
        return True
    function = design.resolve(custom.get("ServiceToken"), "AWS::Lambda::Function")
    code = field(function.get("Code"), "ZipFile") if function else None
    text = str(code) if isinstance(code, (str, Text)) else ""
    if text:
        return any(call in text for call in EMPTYING_CODE) and "Delete" in text
    names = f"{custom.type} {custom.id} {function.id if function else ''}".lower()
    bare = names.replace("-", "").replace("_", "")
    if any(name in bare for name in EMPTYING_NAMES):
        return True
    return Unknown((f"what {custom.id} deletes",)) if any(name in bare for name in CLEANING_NAMES) else False
