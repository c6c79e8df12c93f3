"""How much time lies between two backups, in minutes: what is lost at most when the latest one is restored.

Sources: "Latest restorable time" of RDS and DynamoDB (five minutes); "Automated snapshots" of Redshift (eight hours).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from seawall.backup_plans import backup_coverage, rules_of
from seawall.backup_times import DAY, minutes_between
from seawall.coverage import PlanCoverage, Rule
from seawall.design import Design, Resource
from seawall.protection import automated_backups, file_system_backups, table_replicas, versions, volume_coverage
from seawall.retention import DATABASES, FSX, TABLES, WAREHOUSE, own_backups
from seawall.values import Answer, Unknown, field, number

POINT_IN_TIME = 5.0
WAREHOUSE_INTERVAL = 480.0
RESTORES_ANY_MOMENT = (*DATABASES, "AWS::S3::Bucket")
"""Types that a continuous backup of AWS Backup restores to any moment."""


class Made(NamedTuple):
    """Backups that are made every so many minutes, and what makes them."""

    minutes: float | Unknown
    by: str


def own_intervals(resource: Resource, design: Design) -> list[Made]:
    """The backups that the service makes by itself."""
    if resource.type in DATABASES:
        return _made(automated_backups(resource).answer, POINT_IN_TIME, "point-in-time recovery")
    if resource.type == WAREHOUSE:
        return [Made(WAREHOUSE_INTERVAL, "automated snapshots") for _ in own_backups(resource)]
    if resource.type in ("AWS::EFS::FileSystem", FSX):
        return _made(file_system_backups(resource).answer, DAY, "automatic backups")
    if resource.type == "AWS::S3::Bucket":
        return _made(versions(resource).answer, 0.0, "versioning")
    if resource.type in TABLES:
        replicas = table_replicas(resource, design)
        first = replicas[0].point_in_time.answer if isinstance(replicas, list) and replicas else False
        return _made(first, POINT_IN_TIME, "point-in-time recovery")
    return []


def _made(answer: Answer, minutes: float, by: str) -> list[Made]:
    if answer is False:
        return []
    return [Made(answer if isinstance(answer, Unknown) else minutes, by)]


def planned_intervals(resource: Resource, design: Design) -> list[Made]:
    """The backups that plans of the design make of a resource."""
    volume = resource.type == "AWS::EC2::Volume"
    coverage = volume_coverage(resource, design) if volume else backup_coverage(resource, design)
    found = [made for plan in coverage.plans for made in _by_plan(plan, resource.type)]
    if isinstance(coverage.answer, Unknown):
        found += [Made(coverage.answer, f"plan {plan.name}") for plan in coverage.possible]
    return found


def intervals_of_plan(plan: Resource) -> list[Made]:
    """The backups that a plan makes of whatever it selects."""
    rules, unknown = rules_of(plan)
    return list(_by_plan(PlanCoverage(plan, plan, rules, (), unknown), ""))


def _by_plan(plan: PlanCoverage, kind: str) -> Iterator[Made]:
    for rule in plan.rules:
        yield Made(_of_rule(rule, kind), f"plan {plan.name}")
    if plan.rules_unknown is not None:
        yield Made(plan.rules_unknown, f"plan {plan.name}")


def _of_rule(rule: Rule, kind: str) -> float | Unknown:
    if rule.continuous is True and kind in (*RESTORES_ANY_MOMENT, ""):
        return POINT_IN_TIME
    return minutes_between(rule.schedule)


class Allowed(NamedTuple):
    """The minutes of data that may be lost (``None``: nobody has said), and who says so."""

    minutes: float | Unknown | None
    by: str = ""


HUB = "AWS::ResilienceHub::ResiliencyPolicy"


def allowed_loss(design: Design) -> Allowed:
    """The recovery point objective: ``rpo_minutes`` of seawall.yaml, else the design's Resilience Hub policy."""
    configured = design.thresholds.rpo_minutes
    if configured is not None:
        return Allowed(float(configured), "rpo_minutes")
    policies = design.of_type(HUB)
    if not policies:
        return Allowed(None)
    found = {policy.id: number(field(policy.get("Policy"), "Software.RpoInSecs")) for policy in policies}
    if len(set(map(str, found.values()))) > 1:
        return Allowed(Unknown((f"which of {' and '.join(found)} holds for it",)), "Resilience Hub")
    name, seconds = next(iter(found.items()))
    return Allowed(seconds / 60 if isinstance(seconds, float) else seconds, name)
