"""For how long what restores a resource's data is kept, by its own backups and by backup plans.

Defaults: BackupRetentionPeriod, AutomatedSnapshotRetentionPeriod (both 1 day) and RecoveryPeriodInDays (35) as
their pages in the CloudFormation reference state them; a restored Redshift cluster keeps its source's setting
(Redshift API, RestoreFromClusterSnapshot).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from seawall.backup_plans import rules_of
from seawall.backup_times import DAY, minutes_between
from seawall.coverage import Coverage, Rule
from seawall.design import Design, Resource
from seawall.protection import (
    CLUSTERS,
    INSTANCE,
    RESTORED_FROM,
    automated_backups,
    backup_coverage,
    file_system_backups,
    fsx_section,
    volume_coverage,
)
from seawall.snapshot_policies import days_of
from seawall.values import Unknown, Value, boolean, field, items, number, reasons

WAREHOUSE = "AWS::Redshift::Cluster"
DATABASES = (INSTANCE, *CLUSTERS)
TABLES = ("AWS::DynamoDB::Table", "AWS::DynamoDB::GlobalTable")
FSX = "AWS::FSx::FileSystem"
FOR_EVER = float("inf")

RECOVERY = "PointInTimeRecoverySpecification"
RECOVERY_DAYS = 35
"""Days that point-in-time recovery of a table reaches back where nothing is said."""

DEFAULT_POLICY_DAYS = 7.0
"""Days that a default policy of Data Lifecycle Manager keeps a snapshot where nothing is said."""

FSX_DAYS = {"WINDOWS": 30.0, "ONTAP": 30.0, "OPENZFS": 30.0}
LONGEST = 35
"""The most days that any of these services keeps its own backups; only a backup plan keeps more."""


class Kept(NamedTuple):
    """Backups that are kept for some days (infinite: for ever), what makes them, and the property that says so."""

    days: float | Unknown
    by: str
    at: str = ""


def in_days(days: float) -> str:
    """The days as a sentence says them."""
    return "for ever" if days == FOR_EVER else "1 day" if days == 1 else f"{days:g} days"


def own_backups(resource: Resource) -> list[Kept]:
    """The backups that the service makes by itself; none where they are switched off."""
    if resource.type in DATABASES:
        return _database(resource)
    if resource.type == WAREHOUSE:
        return _warehouse(resource)
    if resource.type == FSX:
        return _file_system(resource)
    return list(_tables(resource)) if resource.type in TABLES else []


def _set_or(resource: Resource, at: str, by: str, default: float | Unknown) -> list[Kept]:
    days = resource.number(at)
    kept = default if days is None else days
    return [] if kept == 0 else [Kept(kept, by, at)]


def _database(database: Resource) -> list[Kept]:
    automated, at = automated_backups(database), "BackupRetentionPeriod"
    if automated.answer is False:
        return []
    if isinstance(automated.answer, Unknown):
        return [Kept(automated.answer, "automated backups", at)]
    # "When you don't explicitly set this value, the restored database inherits it" (RDS user guide).
    names = (*RESTORED_FROM, "SnapshotIdentifier")
    source = next((name for name in names if database.get(name)), None)
    default = 1.0 if source is None else Unknown((f"the backup retention of what {source} names",))
    return _set_or(database, at, "automated backups", default)


def _warehouse(warehouse: Resource) -> list[Kept]:
    restored = warehouse.get("SnapshotIdentifier")
    default = Unknown(("the snapshot retention of what SnapshotIdentifier names",)) if restored else 1.0
    return _set_or(warehouse, "AutomatedSnapshotRetentionPeriod", "automated snapshots", default)


def _file_system(file_system: Resource) -> list[Kept]:
    automatic = file_system_backups(file_system)
    if automatic.answer is False:
        return []
    if isinstance(automatic.answer, Unknown):
        return [Kept(automatic.answer, "automatic backups", automatic.at)]
    default = FSX_DAYS.get(str(file_system.get("FileSystemType")), 0.0)
    at = f"{fsx_section(file_system)}.AutomaticBackupRetentionDays"
    return _set_or(file_system, at, "automatic backups", default)


def _tables(table: Resource) -> Iterator[Kept]:
    specification = table.get(RECOVERY)
    if specification is not None:
        yield from _recovery(specification, f"{RECOVERY}.RecoveryPeriodInDays")
    replicas = items(table.get("Replicas"))
    for replica in replicas if isinstance(replicas, list) else ():
        yield from _recovery(field(replica, RECOVERY), f"Replicas.{RECOVERY}.RecoveryPeriodInDays")


def _recovery(specification: Value, at: str) -> Iterator[Kept]:
    enabled = boolean(field(specification, "PointInTimeRecoveryEnabled"))
    days = number(field(specification, "RecoveryPeriodInDays"))
    if enabled is True:
        yield Kept(RECOVERY_DAYS if days is None else days, "point-in-time recovery", at)
    elif isinstance(enabled, Unknown):
        yield Kept(enabled, "point-in-time recovery", at)


def planned_backups(resource: Resource, design: Design) -> list[Kept]:
    """The backups that plans of the design make of a resource."""
    volume = resource.type == "AWS::EC2::Volume"
    return kept_by(volume_coverage(resource, design) if volume else backup_coverage(resource, design))


def kept_by(coverage: Coverage) -> list[Kept]:
    """The backups that the plans of a coverage make."""
    found: list[Kept] = []
    for plan in coverage.plans:
        unknown = plan.rules_unknown
        found += kept_by_rules(plan.rules, plan.name)
        found += [Kept(unknown, f"plan {plan.name}")] if unknown is not None else []
    if isinstance(coverage.answer, Unknown):
        found += [Kept(coverage.answer, f"plan {plan.name}") for plan in coverage.possible]
    return found


def kept_by_plan(plan: Resource) -> list[Kept]:
    """The backups that a plan makes of whatever it selects."""
    rules, unknown = rules_of(plan)
    at = "BackupPlan.BackupPlanRule"
    found = [kept._replace(at=f"{at}.Lifecycle.DeleteAfterDays") for kept in kept_by_rules(rules, plan.id)]
    return [*found, Kept(unknown, f"plan {plan.id}", at)] if unknown is not None else found


def kept_by_rules(rules: tuple[Rule, ...], name: str) -> list[Kept]:
    """The backups that a plan's rules make, and their copies."""
    every = [rule.delete_after_days for rule in rules]
    every += [copy.delete_after_days for rule in rules for copy in rule.copies]
    return [Kept(FOR_EVER if days is None else days, f"plan {name}") for days in every]


def kept_by_lifecycle(policy: Resource) -> list[Kept]:
    """The snapshots of a policy of Data Lifecycle Manager: for some days, or the last so many of them."""
    if policy.get("DefaultPolicy") is not None:
        return _set_or(policy, "RetainInterval", f"policy {policy.id}", DEFAULT_POLICY_DAYS)
    schedules = items(policy.get("PolicyDetails.Schedules"))
    at = "PolicyDetails.Schedules"
    if isinstance(schedules, Unknown):
        return [Kept(schedules, f"policy {policy.id}", at)]
    listed = [schedule for schedule in schedules if isinstance(schedule, dict)]
    return [Kept(_snapshot_days(schedule), f"policy {policy.id}", f"{at}.RetainRule") for schedule in listed]


def _snapshot_days(schedule: dict[str, Value]) -> float | Unknown:
    rule = schedule.get("RetainRule")
    days, count = days_of(rule), number(field(rule, "Count"))
    if days is not None or isinstance(count, Unknown):
        return days if days is not None else Unknown(reasons(count))
    apart = minutes_between(schedule.get("CreateRule"))
    if isinstance(apart, Unknown) or count is None:
        return apart if isinstance(apart, Unknown) else FOR_EVER
    return round(count * apart / DAY, 1)


def longest(kept: list[Kept]) -> tuple[float, Kept] | None:
    """The backups that are kept longest, of those whose days are known, after their days."""
    known = [(one.days, one) for one in kept if not isinstance(one.days, Unknown)]
    return max(known, key=lambda pair: pair[0], default=None)


def undecided_days(kept: list[Kept]) -> Unknown | None:
    """What decides about the backups whose days are not known; ``None`` where all are."""
    unknown = [one.days for one in kept if isinstance(one.days, Unknown)]
    return Unknown(reasons(unknown)) if unknown else None
