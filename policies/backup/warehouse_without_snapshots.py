"""See warehouse_without_snapshots.md: why it matters, how to fix it, what is and is not flagged."""

from seawall.design import Design, Resource
from seawall.policy import Verdict, accepted, flagged, policy, undecided
from seawall.protection import backup_coverage
from seawall.retention import LONGEST, WAREHOUSE, in_days, own_backups
from seawall.values import Unknown

AT = "AutomatedSnapshotRetentionPeriod"
FIX = f"set {AT} to the days you may need to go back"


@policy(applies_to=(WAREHOUSE, "AWS::RedshiftServerless::Namespace"))
def warehouse_without_snapshots(warehouse: Resource, design: Design) -> Verdict:
    """Data warehouse takes no snapshots."""
    if warehouse.type != WAREHOUSE:
        return accepted("the service keeps recovery points of the last 24 hours")
    own = own_backups(warehouse)
    if own and not isinstance(own[0].days, Unknown):
        return accepted(f"automated snapshots are kept for {in_days(own[0].days)}", at=AT)
    plans = backup_coverage(warehouse, design)
    if plans.answer is True:
        return accepted(f"plan {plans.plans[0].name} backs it up", at=AT, evidence=plans.evidence)
    for answer in (own[0].days if own else None, plans.answer):
        if isinstance(answer, Unknown):
            return undecided(answer, at=AT, message=f"whether it takes snapshots depends on {answer}", fix=FIX)
    return flagged(
        "automated snapshots are switched off and no backup plan selects it: one wrong statement takes years of data "
        "for good",
        fix=FIX,
        at=AT,
        sets={AT: min(design.thresholds.minimum_retention_days, LONGEST)},
    )
