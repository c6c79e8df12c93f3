"""See trail_in_one_region.md: why it matters, how to fix it, what is and is not flagged."""

from seawall.archives import TRAIL
from seawall.design import Design, Resource
from seawall.policy import Verdict, accepted, flagged, not_applicable, policy, undecided
from seawall.values import Unknown, boolean, field, leaves

AT = "IsMultiRegionTrail"
FIX = f"set {AT}: true"


@policy(applies_to=TRAIL)
def trail_in_one_region(trail: Resource, design: Design) -> Verdict:
    """Audit trail sees one region only."""
    if _only_data(trail):
        return not_applicable("it records access to data, not what is done to resources")
    everywhere = trail.boolean(AT)
    if everywhere is True:
        return accepted("it records every region", at=AT)
    if isinstance(everywhere, Unknown):
        return undecided(everywhere, at=AT, fix=FIX)
    other = next((one for one in design.of_type(TRAIL) if one.boolean(AT) is True and not _only_data(one)), None)
    if other is not None:
        return accepted(f"{other.id} records every region", evidence=(other.id,))
    global_events = trail.boolean("IncludeGlobalServiceEvents")
    return flagged(
        "it records one region: what somebody deletes or starts in any other leaves no trace to recover from",
        fix=FIX,
        at=AT,
        # A trail of every region has to take the events of global services too.
        sets={AT: True} if global_events is not False else None,
    )


def _only_data(trail: Resource) -> bool:
    """Whether a trail records no management events: one that starts a pipeline, for example."""
    selectors = trail.items("EventSelectors")
    advanced = trail.items("AdvancedEventSelectors")
    if isinstance(advanced, list) and advanced:
        return not any(leaf == "Management" for leaf in leaves(advanced))
    listed = selectors if isinstance(selectors, list) else []
    return bool(listed) and all(boolean(field(one, "IncludeManagementEvents")) is False for one in listed)
