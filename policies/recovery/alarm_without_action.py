"""See alarm_without_action.md: why it matters, how to fix it, what is and is not flagged."""

from seawall.alarm_listeners import ALARM, COMPOSITE, actions_of, reaction
from seawall.design import Design, Resource
from seawall.policy import Verdict, accepted, flagged, policy, undecided
from seawall.values import Unknown

AT = "AlarmActions"
SWITCH = "ActionsEnabled"


@policy(applies_to=(ALARM, COMPOSITE))
def alarm_without_action(alarm: Resource, design: Design) -> Verdict:
    """Alarm goes off and nobody hears it."""
    actions, enabled, other = actions_of(alarm), alarm.boolean(SWITCH), reaction(alarm, design)
    if isinstance(other, str) and other:
        return accepted(f"it {other}")
    if actions and not isinstance(actions, Unknown) and enabled in (None, True):
        return accepted(f"{actions[0]} hears it", at=AT)
    switched = bool(actions) and not isinstance(actions, Unknown)
    at = SWITCH if switched else AT
    fix = f"set {SWITCH}: true" if switched else f"set {AT} to a topic that reaches somebody"
    for unknown in (actions, enabled if actions else None, other):
        if isinstance(unknown, Unknown):
            return undecided(unknown, at=at, message=f"whether anybody hears it depends on {unknown}", fix=fix)
    if actions:
        return flagged(
            f"its actions are switched off: it goes off, and {actions[0]} hears nothing",
            fix=fix,
            at=SWITCH,
            sets={SWITCH: True},
        )
    return flagged("it has no action: it turns red on a page that nobody is looking at", fix=fix, at=AT)
