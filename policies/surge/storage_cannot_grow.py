"""See storage_cannot_grow.md: why it matters, how to fix it, what is and is not flagged."""

from seawall.design import Design, Resource
from seawall.policy import Verdict, accepted, flagged, not_applicable, policy, undecided
from seawall.scaling import scaling_of
from seawall.values import Unknown, same

DATABASE = "AWS::RDS::DBInstance"
BROKERS = "AWS::MSK::Cluster"
LIMIT = "MaxAllocatedStorage"
FIX = f"set {LIMIT} well above the AllocatedStorage"
VOLUME = "BrokerNodeGroupInfo.StorageInfo.EBSStorageInfo.VolumeSize"
BROKER_FIX = (
    "add an AWS::ApplicationAutoScaling::ScalableTarget for kafka:broker-storage:VolumeSize and a target tracking"
    " AWS::ApplicationAutoScaling::ScalingPolicy on KafkaBrokerStorageUtilization"
)
ELSEWHERE = {
    "DBClusterIdentifier": "its cluster holds the storage",
    "SourceDBInstanceIdentifier": "a read replica is a copy: its source decides",
    "SourceDBClusterIdentifier": "a read replica is a copy: its source decides",
}
RESTORED = (
    "DBSnapshotIdentifier", "DBClusterSnapshotIdentifier", "SourceDBInstanceAutomatedBackupsArn",
    "SourceDbiResourceId", "RestoreTime", "UseLatestRestorableTime",
)  # fmt: skip
"""Whoever restores a database leaves its settings as they were."""


@policy(applies_to=(DATABASE, BROKERS))
def storage_cannot_grow(holder: Resource, design: Design) -> Verdict:
    """Storage does not grow before it is full."""
    return _database(holder) if holder.type == DATABASE else _brokers(holder, design)


def _database(database: Resource) -> Verdict:
    engine = database.get("Engine")
    if isinstance(engine, str) and engine.startswith(("aurora", "custom-")):
        return not_applicable("its storage is not set here")
    for name, why in ELSEWHERE.items():
        value = database.get(name)
        if isinstance(value, Unknown) and value.identity is None:  # a condition that nobody can tell
            return undecided(value, at=name, fix=FIX)
        if value:
            return not_applicable(why)
    pinned = same(database.get(LIMIT), database.get("AllocatedStorage")) is True
    return _limited(database, database.number(LIMIT), pinned)


def _limited(database: Resource, limit: float | Unknown | None, pinned: bool) -> Verdict:
    if isinstance(limit, Unknown) and not pinned:
        return undecided(limit, at=LIMIT, fix=FIX)
    if limit and not pinned:
        return accepted("its storage grows by itself before it is full", at=LIMIT)
    restored = next((name for name in RESTORED if database.get(name) not in (None, "", False)), "")
    if not limit and restored:
        return undecided("what the restored database had set", at=restored, fix=FIX)
    missing = f"{LIMIT} is AllocatedStorage, which switches growth off" if limit else f"{LIMIT} is not set"
    problem = f"{missing}: a surge that fills the volume stops every write until somebody enlarges it"
    return flagged(problem, fix=FIX, at=LIMIT)


def _brokers(cluster: Resource, design: Design) -> Verdict:
    instance = cluster.get("BrokerNodeGroupInfo.InstanceType")
    if isinstance(instance, str) and instance.startswith("express."):
        return not_applicable("express brokers have storage without a limit")
    scaling = scaling_of(cluster, "kafka:broker-storage:VolumeSize", design)
    if scaling.answer is True:
        return accepted("the brokers' volumes grow before they are full", at=VOLUME, evidence=scaling.evidence)
    if isinstance(scaling.answer, Unknown):
        return undecided(scaling.answer, at=VOLUME, fix=BROKER_FIX, evidence=scaling.evidence)
    mode = cluster.get("StorageMode")
    if isinstance(mode, Unknown):
        return undecided(mode, at="StorageMode", fix=BROKER_FIX)
    if mode == "TIERED":
        message = "topics that use tiered storage free their broker's volume, and only the topics say whether they do"
        return undecided("which topics use tiered storage", at="StorageMode", message=message, fix=BROKER_FIX)
    problem = f"nothing enlarges the brokers' volumes ({scaling.why}): a surge that fills one stops its broker"
    return flagged(problem, fix=BROKER_FIX, at=VOLUME)
