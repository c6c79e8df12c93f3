"""See replica_without_recovery.md: why it matters, how to fix it, what is and is not flagged."""

from seawall.buckets import BUCKET
from seawall.design import Design, Resource
from seawall.policy import Verdict, accepted, flagged, not_applicable, policy, undecided
from seawall.protection import INSTANCE, RESTORES, backup_coverage, secondary_use, versions
from seawall.regions import is_elsewhere, region_of_arn
from seawall.values import Unknown, Value

RETENTION = "BackupRetentionPeriod"
LOSS = "the mistake that made you turn to the copy is in it already, and no earlier state is"


@policy(applies_to=(INSTANCE, BUCKET))
def replica_without_recovery(copy: Resource, design: Design) -> Verdict:
    """Copy in another region cannot be taken back to an earlier state."""
    return _bucket(copy, design) if copy.type == BUCKET else _database(copy, design)


def _database(replica: Resource, design: Design) -> Verdict:
    source = replica.get("SourceDBInstanceIdentifier")
    if source is None or any(replica.get(name) is not None for name in RESTORES):
        return not_applicable("it is no replica")
    apart = is_elsewhere(_source_region(replica, source, design), replica.region)
    if apart is not True:
        return not_applicable("it is a replica in its source's region: the source is judged")
    fix = f"set {RETENTION} to at least 1"
    days = replica.number(RETENTION)
    if isinstance(days, float) and days > 0:
        return accepted("automated backups restore the replica to any second of the last days", at=RETENTION)
    coverage = backup_coverage(replica, design)
    if coverage.answer is True:
        return accepted(f"{coverage.plans[0].name} backs it up", evidence=coverage.evidence)
    for unknown in (days, coverage.answer):
        if isinstance(unknown, Unknown):
            return undecided(unknown, at=RETENTION, fix=fix)
    how = "its automated backups are off" if days == 0 else "RDS makes replicas without automated backups"
    return flagged(f"{how}: {LOSS}", fix=fix, at=RETENTION, sets={RETENTION: 7})


def _source_region(replica: Resource, source: Value, design: Design) -> Value:
    written = replica.get("SourceRegion")
    if written not in (None, ""):
        return written
    region = region_of_arn(source, design, INSTANCE)
    return replica.region if region is None else region  # a bare name is one of the same region


def _bucket(bucket: Resource, design: Design) -> Verdict:
    if not secondary_use(bucket, design).startswith("the replica"):
        return not_applicable("it holds no replicas")
    kept = versions(bucket)
    fix = "set VersioningConfiguration.Status: Enabled"
    if kept.answer is True:
        return accepted(f"{kept.by} keeps what a replicated change overwrites", at=kept.at)
    if isinstance(kept.answer, Unknown):
        return undecided(kept.answer, at=kept.at, fix=fix)
    return flagged(
        f"it receives replicas and keeps no versions (S3 refuses such a rule): {LOSS}",
        fix=fix, at=kept.at, sets={"VersioningConfiguration.Status": "Enabled"},
    )  # fmt: skip
