"""See file_system_without_backup.md: why it matters, how to fix it, what is and is not flagged."""

from seawall.design import Design, Resource
from seawall.policy import Verdict, accepted, flagged, not_applicable, policy, undecided
from seawall.protection import backup_coverage, file_system_backups, holds_only_scratch
from seawall.values import Unknown


@policy(applies_to=("AWS::EFS::FileSystem", "AWS::FSx::FileSystem"))
def file_system_without_backup(file_system: Resource, design: Design) -> Verdict:
    """File system has no backup."""
    scratch = holds_only_scratch(file_system, design)
    if scratch is True:
        return not_applicable("a scratch file system holds copies of data that lives elsewhere")
    automatic = file_system_backups(file_system)
    if automatic.answer is True:
        return accepted(f"it has {automatic.by}", at=automatic.at)
    plans = backup_coverage(file_system, design)
    if plans.answer is True:
        return accepted(f"plan {plans.plans[0].name} backs it up", at=automatic.at, evidence=plans.evidence)
    setting = "BackupPolicy.Status: ENABLED" if file_system.type.startswith("AWS::EFS") else f"{automatic.at}: 7"
    fix = f"set {setting}, or select it in a backup plan"
    for answer in (scratch, automatic.answer, plans.answer):
        if isinstance(answer, Unknown):
            message = f"whether anything backs it up depends on {answer}"
            return undecided(answer, at=automatic.at, message=message, fix=fix, evidence=plans.evidence)
    return flagged(
        "it has neither automatic backups nor a backup plan: a file that is deleted or encrypted is gone",
        fix=fix,
        at=automatic.at,
        sets=_mending(file_system, automatic.at, design),
    )


def _mending(file_system: Resource, at: str, design: Design) -> dict[str, str | int]:
    if file_system.type == "AWS::EFS::FileSystem":
        return {"BackupPolicy.Status": "ENABLED"}
    return {at: design.thresholds.minimum_retention_days}
