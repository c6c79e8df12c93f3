"""See backup_expires_too_soon.md: why it matters, how to fix it, what is and is not flagged."""

from seawall.backup_plans import PLAN
from seawall.design import Design, Resource
from seawall.policy import Verdict, accepted, flagged, not_applicable, policy, undecided
from seawall.protection import is_member_or_replica
from seawall.retention import (
    DATABASES,
    FSX,
    LONGEST,
    TABLES,
    WAREHOUSE,
    in_days,
    kept_by_lifecycle,
    kept_by_plan,
    longest,
    own_backups,
    planned_backups,
    undecided_days,
)
from seawall.snapshot_policies import LIFECYCLE
from seawall.values import field

TYPES = (*DATABASES, WAREHOUSE, FSX, *TABLES, PLAN, LIFECYCLE)
RULES = "BackupPlan.BackupPlanRule"
BY_THEMSELVES = {PLAN: kept_by_plan, LIFECYCLE: kept_by_lifecycle}


@policy(applies_to=TYPES)
def backup_expires_too_soon(resource: Resource, design: Design) -> Verdict:
    """Backups expire before a mistake is noticed."""
    elsewhere = is_member_or_replica(resource) if resource.type in DATABASES else ""
    if elsewhere:
        return not_applicable(elsewhere)
    plan = BY_THEMSELVES.get(resource.type)
    own = plan(resource) if plan else own_backups(resource)
    every = own if plan else [*own, *planned_backups(resource, design)]
    if not every:
        return not_applicable("it has no backups that could expire")
    demanded = design.thresholds.minimum_retention_days
    best, unknown = longest(every), undecided_days(every)
    at = own[0].at if own else ""
    if best is not None and best[0] >= demanded:
        return accepted(f"{best[1].by}: kept {_span(best[0])}", at=best[1].at or at)
    fix = _fix(at, every[0].by, demanded)
    if unknown is not None:
        return undecided(unknown, at=at, message=f"how long its backups are kept depends on {unknown}", fix=fix)
    kept = in_days(best[0]) if best is not None else "a moment"
    return flagged(
        f"nothing older than {kept} can be restored: a mistake that is noticed later stays",
        fix=fix,
        at=at,
        sets=_sets(resource, at, demanded),
    )


def _fix(at: str, by: str, days: int) -> str:
    if at.endswith("RetainRule"):
        return f"set RetainRule to keep {days} days or more"
    where = at.rpartition(".")[2] if at else f"DeleteAfterDays in a rule of {by}"
    return f"set {where} to {days} or more"


def _span(days: float) -> str:
    return in_days(days) if days == float("inf") else f"for {in_days(days)}"


def _sets(resource: Resource, at: str, days: int) -> dict[str, int] | None:
    rules = resource.get(RULES) if resource.type == PLAN else None
    # Of several rules, schedules or replicas each has days of its own; cold storage asks for ninety more.
    if isinstance(rules, list) and len(rules) == 1 and not field(rules[0], "Lifecycle.MoveToColdStorageAfterDays"):
        return {f"{RULES}[].Lifecycle.DeleteAfterDays": days}
    one = bool(at) and resource.type not in (*BY_THEMSELVES, TABLES[1])
    return {at: days} if one and days <= LONGEST else None
