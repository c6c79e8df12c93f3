"""See database_without_backup.md: why it matters, how to fix it, what is and is not flagged."""

from seawall.design import Design, Resource
from seawall.policy import Verdict, accepted, flagged, not_applicable, policy, undecided
from seawall.protection import CLUSTERS, INSTANCE, automated_backups, backup_coverage, is_member_or_replica
from seawall.values import Unknown


@policy(applies_to=(INSTANCE, *CLUSTERS))
def database_without_backup(database: Resource, design: Design) -> Verdict:
    """Database has no backup."""
    elsewhere = is_member_or_replica(database)
    if elsewhere:
        return not_applicable(elsewhere)
    automated = automated_backups(database)
    if automated.answer is True:
        return accepted(f"it has {automated.by}", at=automated.at)
    plans = backup_coverage(database, design)
    if plans.answer is True:
        return accepted(f"plan {plans.plans[0].name} backs it up", at=automated.at, evidence=plans.evidence)
    fix = "set BackupRetentionPeriod to the days you may need to go back, or select it in a backup plan"
    for answer in (automated.answer, plans.answer):
        if isinstance(answer, Unknown):
            message = f"whether anything backs it up depends on {answer}"
            return undecided(answer, at=automated.at, message=message, fix=fix, evidence=plans.evidence)
    return flagged(
        f"{automated.by} and no backup plan selects it: one wrong statement loses the data for good",
        fix=fix,
        at=automated.at,
        sets={"BackupRetentionPeriod": design.thresholds.minimum_retention_days},
    )
