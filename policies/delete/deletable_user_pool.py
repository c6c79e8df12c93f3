"""See deletable_user_pool.md: why it matters, how to fix it, what is and is not flagged."""

from seawall.design import Design, Resource
from seawall.policy import Verdict, accepted, flagged, policy, undecided
from seawall.protection import kept_on_delete, retained, what_deletion_takes
from seawall.values import Unknown, same

LOCK = "DeletionProtection"


@policy(applies_to="AWS::Cognito::UserPool")
def deletable_user_pool(pool: Resource, design: Design) -> Verdict:
    """User pool is deleted together with its stack."""
    kept, locked = kept_on_delete(pool), same(pool.get(LOCK), "ACTIVE")
    if kept.answer is True or locked is True:
        by, at = (kept.by, kept.at) if kept.answer is True else (f"{LOCK}: ACTIVE", LOCK)
        return accepted(f"kept by {by}", at=at)
    active = 'deletion_protection = "ACTIVE"' if pool.language == "terraform" else f"{LOCK}: ACTIVE"
    fix = f"set {kept.remedy}, and {active}"
    for answer, at in ((kept.answer, kept.at), (locked, LOCK)):
        if isinstance(answer, Unknown):
            return undecided(answer, at=at, fix=fix)
    message = what_deletion_takes(pool, kept, "every user, and no backup brings them back")
    return flagged(message, fix=fix, at=kept.at, sets=retained(pool))
