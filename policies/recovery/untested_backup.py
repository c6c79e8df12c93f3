"""See untested_backup.md: why it matters, how to fix it, what is and is not flagged."""

from seawall.backup_plans import PLAN, rules_of
from seawall.design import Design, Resource
from seawall.policy import Verdict, accepted, flagged, not_applicable, policy, undecided
from seawall.restore_testing import restore_tests
from seawall.values import Unknown

FIX = (
    "add an AWS::Backup::RestoreTestingPlan whose RecoveryPointSelection.IncludeVaults names the vault, "
    "and an AWS::Backup::RestoreTestingSelection for it"
)


@policy(applies_to=PLAN)
def untested_backup(plan: Resource, design: Design) -> Verdict:
    """Backups of this plan are never restored as a test."""
    rules, unknown = rules_of(plan)
    if not rules and unknown is None:
        return not_applicable("it has no rules")
    vaults = [vault for rule in rules for vault in (rule.vault, *(copy.vault for copy in rule.copies))]
    tested = restore_tests(vaults, design)
    if tested.answer is True:
        return accepted("a restore testing plan restores from its vault", evidence=(tested.by,))
    because = tested.answer if isinstance(tested.answer, Unknown) else unknown
    at = "BackupPlan.BackupPlanRule.TargetBackupVault"
    if because is not None:
        return undecided(because, at=at, fix=FIX)
    problem = (
        "no restore testing plan restores from its vault: nobody knows whether the backups can be restored, "
        "or how fast, until the day they are needed"
    )
    missing = f" ({tested.by})" if tested.by else ""
    return flagged(problem + missing, fix=FIX, at=at)
