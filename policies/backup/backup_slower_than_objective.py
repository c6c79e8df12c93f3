"""See backup_slower_than_objective.md: why it matters, how to fix it, what is and is not flagged."""

from seawall.backup_intervals import (
    RESTORES_ANY_MOMENT,
    Made,
    allowed_loss,
    intervals_of_plan,
    own_intervals,
    planned_intervals,
)
from seawall.backup_plans import PLAN
from seawall.design import Design, Resource
from seawall.plan_reach import reach_of
from seawall.policy import Verdict, accepted, flagged, not_applicable, policy, undecided
from seawall.protection import is_member_or_replica, secondary_use
from seawall.retention import DATABASES, FSX, TABLES, WAREHOUSE
from seawall.values import Unknown

TYPES = (*RESTORES_ANY_MOMENT, *TABLES, WAREHOUSE, FSX, "AWS::EFS::FileSystem", "AWS::EC2::Volume", PLAN)
PLANNED = "select it in a backup plan whose rule runs as often as that"
FIXES = {
    PLAN: "set BackupPlan.BackupPlanRule.ScheduleExpression to run as often as that",
    "AWS::S3::Bucket": "set VersioningConfiguration.Status: Enabled",
    **dict.fromkeys(DATABASES, "set BackupRetentionPeriod to the days you may need to go back"),
    **dict.fromkeys(TABLES, "set PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled: true"),
}


@policy(applies_to=TYPES)
def backup_slower_than_objective(resource: Resource, design: Design) -> Verdict:
    """Backups are made less often than the objective allows data to be lost."""
    allowed = allowed_loss(design)
    if allowed.minutes is None:
        return not_applicable("nobody has set a recovery point objective")
    elsewhere = _judged_elsewhere(resource, design)
    if elsewhere:
        return not_applicable(elsewhere)
    if resource.type == PLAN:
        every = intervals_of_plan(resource)
    else:
        every = [*own_intervals(resource, design), *planned_intervals(resource, design)]
    if not every:
        return not_applicable("nothing backs it up: another policy says so")
    known = [(made.minutes, made.by) for made in every if not isinstance(made.minutes, Unknown)]
    best = min(known, default=None)
    limit = allowed.minutes
    if best is not None and not isinstance(limit, Unknown) and best[0] <= limit:
        return accepted(f"{best[1]} loses {_time(best[0])} at most, {allowed.by} allows {_time(limit)}")
    open_end = next((made.minutes for made in every if isinstance(made.minutes, Unknown)), None)
    for unknown in (limit, open_end):
        if isinstance(unknown, Unknown):
            message = f"how much may be lost, or is lost, depends on {unknown}"
            return undecided(unknown, at=_at(resource), message=message, fix=FIXES.get(resource.type, PLANNED))
    return _too_slow(resource, every, best, f"{allowed.by} allows {_time(allowed.minutes)}")


def _too_slow(resource: Resource, every: list[Made], best: tuple[float, str] | None, allowed: str) -> Verdict:
    steps = [f"{made.by}: every {_time(made.minutes)}" for made in every]
    return flagged(
        f"up to {_time(best[0] if best else 0)} of work are lost when the latest backup is restored, and {allowed}",
        fix=FIXES.get(resource.type, PLANNED),
        at=_at(resource),
        evidence=tuple(dict.fromkeys(steps)),
    )


def _at(resource: Resource) -> str:
    return "BackupPlan.BackupPlanRule.ScheduleExpression" if resource.type == PLAN else ""


def _judged_elsewhere(resource: Resource, design: Design) -> str:
    if resource.type == PLAN:
        taken = reach_of(resource, design).taken
        return "what it backs up is judged" if taken else ""
    if resource.type == "AWS::S3::Bucket":
        use = secondary_use(resource, design)
        return f"it holds {use}, no data of its own" if use else ""
    return is_member_or_replica(resource) if resource.type in DATABASES else ""


def _time(minutes: float | Unknown) -> str:
    if isinstance(minutes, Unknown):
        return str(minutes)
    if minutes < 120:
        return f"{minutes:g} minutes"
    return f"{minutes / 60:g} hours" if minutes < 2 * 1440 else f"{minutes / 1440:g} days"
