"""See volume_without_backup.md: why it matters, how to fix it, what is and is not flagged."""

from seawall.design import Design, Resource
from seawall.policy import Verdict, accepted, flagged, policy, undecided
from seawall.protection import volume_coverage
from seawall.values import Unknown


@policy(applies_to="AWS::EC2::Volume")
def volume_without_backup(volume: Resource, design: Design) -> Verdict:
    """Volume has no snapshots."""
    plans = volume_coverage(volume, design)
    fix = "give it a tag that a backup plan or an enabled AWS::DLM::LifecyclePolicy selects"
    if plans.answer is True:
        return accepted(f"{plans.plans[0].name} backs it up", at="Tags", evidence=plans.evidence)
    if isinstance(plans.answer, Unknown):
        message = f"whether a backup plan or snapshot policy selects it depends on {plans.answer}"
        return undecided(plans.answer, at="Tags", message=message, fix=fix, evidence=plans.evidence)
    return flagged(
        "no backup plan or snapshot policy selects it: a damaged or failed disk takes its data along",
        fix=fix,
        at="Tags",
    )
