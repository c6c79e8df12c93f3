"""See backup_without_regional_copy.md: why it matters, how to fix it, what is and is not flagged."""

from seawall.backup_plans import PLAN, rules_of
from seawall.coverage import PlanCoverage
from seawall.design import Design, Resource
from seawall.policy import Verdict, not_applicable, policy
from seawall.regions import copies_of_plan, judged_by_copies

AT = "BackupPlan.BackupPlanRule.CopyActions"


@policy(applies_to=PLAN)
def backup_without_regional_copy(plan: Resource, design: Design) -> Verdict:
    """Backups stay in the region of what they protect."""
    rules, unknown = rules_of(plan)
    if not rules and unknown is None:
        return not_applicable("it has no rules")
    coverage = PlanCoverage(plan, plan, rules, (), unknown)
    return judged_by_copies(
        copies_of_plan(coverage, plan.region, design),
        otherwise="no rule copies its backups to another region: when the region fails they are out of reach together "
        "with what they were made of",
        fix="set CopyActions in a rule, with the DestinationBackupVaultArn of a vault in another region",
        at=AT,
    )
