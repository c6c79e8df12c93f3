"""See snapshot_policy_disabled.md: why it matters, how to fix it, what is and is not flagged."""

from seawall.design import Design, Resource
from seawall.policy import Verdict, accepted, flagged, not_applicable, policy, undecided
from seawall.snapshot_policies import LIFECYCLE
from seawall.snapshot_schedules import RULE, SCHEDULE, makes_snapshots
from seawall.values import Unknown, same

FIX = "set State: ENABLED"


@policy(applies_to=(LIFECYCLE, RULE, SCHEDULE))
def snapshot_policy_disabled(snapshots: Resource, design: Design) -> Verdict:
    """Snapshots are planned and switched off."""
    if snapshots.type != LIFECYCLE and not makes_snapshots(snapshots):
        return not_applicable("it makes no snapshots")
    state = snapshots.get("State")
    if state is None and snapshots.type == LIFECYCLE and snapshots.get("DefaultPolicy") is None:
        because = "what the service does with a policy that has no State"
        return undecided(because, at="State", message="State is not set, and has no documented default", fix=FIX)
    enabled = same("ENABLED" if state is None else state, "ENABLED")
    if isinstance(enabled, Unknown):
        return undecided(enabled, at="State", fix=FIX)
    if enabled or state == "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS":
        return accepted("it is enabled", at="State")
    return flagged(
        "it looks like a backup and takes no snapshot: whoever needs one finds the last one from before it was "
        "switched off",
        fix=FIX,
        at="State",
        sets={"State": "ENABLED"},
    )
