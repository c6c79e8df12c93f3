"""See backup_plan_selects_nothing.md: why it matters, how to fix it, what is and is not flagged."""

from seawall.design import Design, Resource
from seawall.plan_reach import Reach, reach_of
from seawall.policy import Verdict, accepted, flagged, policy, undecided

FIX = "add an AWS::Backup::BackupSelection whose Resources or ListOfTags name what the plan is for"


@policy(applies_to="AWS::Backup::BackupPlan")
def backup_plan_selects_nothing(plan: Resource, design: Design) -> Verdict:
    """Backup plan backs nothing up."""
    reach: Reach = reach_of(plan, design)
    if reach.taken:
        count = len(reach.taken)
        message = f"it backs up {reach.taken[0]}" + (f" and {count - 1} more" if count > 1 else "")
        return accepted(message, evidence=reach.evidence)
    if reach.barren:
        return flagged(
            f"{reach.barren}: the plan runs on time and holds nothing to restore from",
            fix=reach.fix or FIX,
            at=reach.at,
            evidence=reach.evidence,
        )
    return undecided(reach.because, fix=FIX, at=reach.at, evidence=reach.evidence)
