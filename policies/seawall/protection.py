"""Which backups, copies and locks cover a resource.

Everything the policies of the groups ``backup``, ``delete``, ``region`` and ``recovery`` ask about a
resource's data: what restores it, where else it is, and what keeps it when its stack goes. Defaults are
CloudFormation's, as the property and ``DeletionPolicy`` pages of its reference state them; the Terraform
reader fills in its provider's own.
"""

from __future__ import annotations

from typing import NamedTuple

from seawall.backup_plans import backup_coverage, selects
from seawall.buckets import (
    Destination,
    named_bucket,
    replication_destinations,
    secondary_use,
)
from seawall.coverage import Copy, Coverage, PlanCoverage, Protection, Rule
from seawall.deletion import (
    INSTANCE,
    Emptying,
    emptied_on_delete,
    holds_only_a_cache,
    holds_only_scratch,
    kept_on_delete,
    object_lock,
    retained,
    what_deletion_takes,
)
from seawall.design import Design, Resource, tags_in
from seawall.values import (
    Answer,
    Key,
    Reference,
    Unknown,
    Value,
    boolean,
    field,
    items,
    number,
    reasons,
    same,
)

CLUSTERS = ("AWS::RDS::DBCluster", "AWS::DocDB::DBCluster", "AWS::Neptune::DBCluster")

RESTORES = (
    "RestoreTime",
    "UseLatestRestorableTime",
    "SourceDbiResourceId",
    "SourceDBInstanceAutomatedBackupsArn",
)
"""Properties of an instance that starts as a copy of an earlier state, not as a replica."""

RESTORED_FROM = ("DBSnapshotIdentifier", "DBClusterSnapshotIdentifier", "RestoreToPointInTime", *RESTORES)


def is_member_or_replica(database: Resource) -> str:
    """Why a database holds no data of its own: its cluster or source does; empty where it does."""
    if database.get("ReplicationSourceIdentifier") is not None:
        return "it is a replica: its source is judged"
    if database.get("GlobalReplicationGroupId") is not None:
        return "it is a copy in a global datastore: the primary is judged"
    if database.type != INSTANCE:
        return ""
    if database.get("DBClusterIdentifier") is not None:
        return "it is a member: its cluster is judged"
    sources = ("SourceDBInstanceIdentifier", "SourceDBClusterIdentifier")
    if any(database.get(name) is not None for name in sources):
        restored = any(database.get(name) is not None for name in RESTORES)
        return "" if restored else "it is a replica: its source is judged"
    return ""


def automated_backups(database: Resource) -> Protection:
    """The automated backups of a database instance or cluster, with the days they are kept."""
    at = "BackupRetentionPeriod"
    written = database.get(at)
    days = number(written)
    if isinstance(days, Unknown):
        return Protection(days, "automated backups", at)
    if days is not None:
        by = f"automated backups kept for {_days(days)}" if days > 0 else "automated backups are switched off"
        return Protection(days > 0, by, at)
    if database.type not in CLUSTERS:
        # A restored instance keeps its source's setting (RDS API, RestoreDBInstanceFromDBSnapshot); a
        # cluster keeps at least one day whatever it comes from.
        source = next((name for name in RESTORED_FROM if database.get(name)), None)
        if source is not None:
            because = Unknown((f"the backup retention of what {source} names",))
            return Protection(because, "automated backups", at)
    if database.get("SnapshotIdentifier"):  # how long is inherited too, see retention.py
        return Protection(answer=True, by="automated backups, which a cluster always has", at=at)
    return Protection(answer=True, by="automated backups kept for 1 day, the service's default", at=at)


def _days(days: float) -> str:
    return "1 day" if days == 1 else f"{days:g} days"


class Replica(NamedTuple):
    """A DynamoDB table in one region: its own, or one of a global table's. ``tags`` are the replica's."""

    region: Value
    point_in_time: Protection
    plans: Coverage

    @property
    def answer(self) -> Answer:
        """Whether anything restores the data of this replica."""
        if self.point_in_time.answer is True or self.plans.answer is True:
            return True
        unknown = [a for a in (self.point_in_time.answer, self.plans.answer) if isinstance(a, Unknown)]
        return Unknown(reasons(unknown)) if unknown else False


PITR = "PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled"


def table_replicas(table: Resource, design: Design) -> list[Replica] | Unknown:
    """A table's copies with what restores each: one for a plain table, one a replica for a global one."""
    replicas = items(table.get("Replicas"))
    if isinstance(replicas, Unknown):
        return replicas
    found: list[Replica] = []
    if table.type == "AWS::DynamoDB::Table":
        # Terraform lists only the other regions of a global table.
        found.append(Replica(table.region, _point_in_time(table.get(PITR), PITR), backup_coverage(table, design)))
    return [*found, *(_replica(replica, table, design) for replica in replicas)]


def _replica(replica: Value, table: Resource, design: Design) -> Replica:
    path = f"Replicas.{PITR}"
    if not isinstance(replica, dict):
        unknown = Unknown(reasons(replica) or ("a replica",))
        return Replica(unknown, Protection(unknown, at="Replicas"), Coverage(answer=False))
    region = replica.get("Region")
    coverage = backup_coverage(table, design, region=region, tags=tags_in(replica.get("Tags")))
    return Replica(region, _point_in_time(field(replica, PITR), path), coverage)


def _point_in_time(value: Value, at: str) -> Protection:
    return Protection(boolean(value) or False, "point-in-time recovery", at)


def versions(bucket: Resource) -> Protection:
    """Whether a bucket keeps overwritten and deleted objects. Object lock switches versioning on."""
    at = "VersioningConfiguration.Status"
    status = same(bucket.get(at), "Enabled")
    lock = boolean(bucket.get("ObjectLockEnabled"))
    if status is True or lock is True:
        return Protection(answer=True, by="versioning" if status is True else "object lock", at=at)
    unknown = [answer for answer in (status, lock) if isinstance(answer, Unknown)]
    return Protection(Unknown(reasons(unknown)) if unknown else False, "versioning", at)


def volume_coverage(volume: Resource, design: Design) -> Coverage:
    """The plans that select a volume, or an instance that it is attached to, whose backup holds it too."""
    own = backup_coverage(volume, design)
    selecting = ("AWS::Backup::BackupSelection", "AWS::DLM::LifecyclePolicy")
    if own.answer is True or not (design.assumed or design.declared(*selecting)):
        return own
    instances = design.once("attached volumes", lambda: _attached(design)).get(volume.key, [])
    every = [own, *(backup_coverage(instance, design) for instance in instances)]
    sure = [found for found in every if found.answer is True]
    unknown = [found for found in every if isinstance(found.answer, Unknown)]
    return (sure or unknown or [own])[0]


def _attached(design: Design) -> dict[Key, list[Resource]]:
    """The instances that each volume is attached to."""
    pairs = [
        (attachment.get("VolumeId"), attachment.get("InstanceId"))
        for attachment in design.of_type("AWS::EC2::VolumeAttachment")
    ]
    for instance in design.of_type("AWS::EC2::Instance"):
        listed = instance.items("Volumes")
        entries = listed if isinstance(listed, list) else []
        pairs += [(field(entry, "VolumeId"), Reference(instance.key)) for entry in entries]
    found: dict[Key, list[Resource]] = {}
    for attached, holder in pairs:
        volume = design.resolve(attached, "AWS::EC2::Volume")
        server = design.resolve(holder, "AWS::EC2::Instance")
        if volume is not None and server is not None:
            found.setdefault(volume.key, []).append(server)
    return found


FSX_DEFAULTS = {"LUSTRE": 0.0, "WINDOWS": 30.0, "ONTAP": 30.0, "OPENZFS": 30.0}
"""Days that automatic backups are kept where the template does not say (FSx API reference)."""

FSX_SECTIONS = {"LUSTRE": "LustreConfiguration", "WINDOWS": "WindowsConfiguration",
                "ONTAP": "OntapConfiguration", "OPENZFS": "OpenZFSConfiguration"}  # fmt: skip


def fsx_section(file_system: Resource) -> str:
    """The property that configures an FSx file system: ``WindowsConfiguration``; empty if unknown."""
    kind = file_system.get("FileSystemType")
    return FSX_SECTIONS.get(kind, "") if isinstance(kind, str) else ""


def file_system_backups(file_system: Resource) -> Protection:
    """The automatic backups of an EFS or FSx file system."""
    if file_system.type == "AWS::EFS::FileSystem":
        return _efs_backups(file_system)
    kind = file_system.get("FileSystemType")
    section = fsx_section(file_system)
    if not section:
        return Protection(Unknown(reasons(kind) or ("the file system's type",)), "automatic backups", "FileSystemType")
    at = f"{section}.AutomaticBackupRetentionDays"
    days = number(file_system.get(at))
    if isinstance(days, Unknown):
        return Protection(days, "automatic backups", at)
    kept = FSX_DEFAULTS[kind] if days is None else days
    by = f"automatic backups kept for {_days(kept)}" if kept else "automatic backups are off"
    return Protection(kept > 0, by, at)


def _efs_backups(file_system: Resource) -> Protection:
    at = "BackupPolicy.Status"
    status = file_system.get(at)
    if status is None and file_system.get("AvailabilityZoneName") is not None:
        return Protection(answer=True, by="automatic backups, on by default for One Zone", at=at)
    return Protection(same(status, "ENABLED"), "automatic backups", at)


__all__ = [
    "CLUSTERS",
    "INSTANCE",
    "Copy",
    "Coverage",
    "Destination",
    "Emptying",
    "PlanCoverage",
    "Protection",
    "Replica",
    "Rule",
    "automated_backups",
    "backup_coverage",
    "emptied_on_delete",
    "file_system_backups",
    "holds_only_a_cache",
    "holds_only_scratch",
    "is_member_or_replica",
    "kept_on_delete",
    "named_bucket",
    "object_lock",
    "replication_destinations",
    "retained",
    "secondary_use",
    "selects",
    "table_replicas",
    "versions",
    "volume_coverage",
    "what_deletion_takes",
]
