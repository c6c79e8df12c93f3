"""See same_account_backup.md: why it matters, how to fix it, what is and is not flagged."""

from seawall.backup_plans import PLAN, rules_of
from seawall.design import Design, Resource
from seawall.policy import Verdict, accepted, flagged, not_applicable, policy, undecided
from seawall.values import Unknown
from seawall.vault_accounts import leaves_account, left_by_another_plan

AT = "BackupPlan.BackupPlanRule.CopyActions"
FIX = "set CopyActions in a rule, with the DestinationBackupVaultArn of a vault in another account"


@policy(applies_to=PLAN)
def same_account_backup(plan: Resource, design: Design) -> Verdict:
    """Backups stay in the account of what they protect."""
    rules, unknown = rules_of(plan)
    if not rules and unknown is None:
        return not_applicable("it has no rules")
    copies = [copy for rule in rules for copy in rule.copies]
    answers = [leaves_account(copy, plan, design) for copy in copies]
    if True in answers:
        vault = copies[answers.index(True)].vault
        return accepted(f"a copy goes to {vault}, out of the account's reach", at=AT)
    other = left_by_another_plan(plan, design)
    if other:
        return accepted(f"{other} copies all of it to another account", at=AT)
    open_end = next((answer for answer in answers if isinstance(answer, Unknown)), unknown)
    if open_end is not None:
        message = f"whether a copy leaves the account depends on {open_end}"
        return undecided(open_end, at=AT, message=message, fix=FIX)
    problem = "every copy goes to a vault of its own account" if copies else "no rule copies its backups"
    return flagged(
        f"{problem}: whoever gets hold of the account, or closes it, takes the data and all its backups",
        fix=FIX,
        at=AT,
    )
