"""See backup_failure_unnoticed.md: why it matters, how to fix it, what is and is not flagged."""

from seawall.backup_failures import failure_rule, vault_tells
from seawall.backup_plans import PLAN, rules_of
from seawall.design import Design, Resource
from seawall.policy import Verdict, accepted, flagged, not_applicable, policy, undecided
from seawall.values import Unknown

FIX = (
    "add an AWS::Events::Rule for source aws.backup and detail-type 'Backup Job State Change' that reaches somebody, "
    "or BACKUP_JOB_COMPLETED to the Notifications of its vault"
)


@policy(applies_to=PLAN)
def backup_failure_unnoticed(plan: Resource, design: Design) -> Verdict:
    """Nobody is told when a backup fails."""
    rules, unknown = rules_of(plan)
    if not rules and unknown is None:
        return not_applicable("it has no rules")
    heard, told = failure_rule(plan, design), vault_tells([rule.vault for rule in rules], design)
    for found in (heard, told):
        if found.answer is True:
            return accepted(f"failed jobs are noticed: {found.by}")
    at = "BackupPlan.BackupPlanRule"
    for answer in (heard.answer, told.answer, unknown):
        if isinstance(answer, Unknown):
            return undecided(answer, at=at, message=f"who hears of a failed backup depends on {answer}", fix=FIX)
    problem = f"{told.by}, and no rule or alarm" if told.by else "no rule, alarm or vault"
    return flagged(
        f"{problem} tells anybody that a backup job has failed: the gap is found on the day of the restore",
        fix=FIX,
        at=at,
    )
