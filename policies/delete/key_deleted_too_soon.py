"""See key_deleted_too_soon.md: why it matters, how to fix it, what is and is not flagged."""

from seawall.deletion import kept_on_delete
from seawall.design import Design, Resource
from seawall.policy import Verdict, accepted, flagged, policy, undecided
from seawall.values import Unknown

AT = "PendingWindowInDays"
DEFAULT = 30
NOTICED = 14
"""Days after which somebody who is back from a holiday has seen the errors."""

FIX = f"leave {AT} out, which means {DEFAULT} days, or set it to {NOTICED} or more"


@policy(applies_to=("AWS::KMS::Key", "AWS::KMS::ReplicaKey"))
def key_deleted_too_soon(key: Resource, design: Design) -> Verdict:
    """Encryption key is gone before anybody misses it."""
    kept = kept_on_delete(key)
    if kept.answer is True:
        return accepted(f"kept by {kept.by}", at=kept.at)
    days = key.number(AT)
    if isinstance(days, Unknown):
        return undecided(days, at=AT, fix=FIX)
    if days is None or days >= NOTICED:
        return accepted(f"its deletion can be cancelled for {DEFAULT if days is None else days:g} days", at=AT)
    return flagged(
        f"{days:g} days after the stack lets go of it the key is gone, and with it everything it has encrypted, "
        "backups included",
        fix=FIX,
        at=AT,
        sets={AT: DEFAULT},
    )
