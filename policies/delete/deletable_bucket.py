"""See deletable_bucket.md: why it matters, how to fix it, what is and is not flagged."""

from seawall.design import Design, Resource
from seawall.policy import Verdict, accepted, flagged, not_applicable, policy, undecided
from seawall.protection import emptied_on_delete, kept_on_delete, object_lock, secondary_use
from seawall.values import Unknown


@policy(applies_to="AWS::S3::Bucket")
def deletable_bucket(bucket: Resource, design: Design) -> Verdict:
    """Bucket is emptied and deleted together with its stack."""
    emptied = emptied_on_delete(bucket, design)
    kept = kept_on_delete(bucket)
    lock = object_lock(bucket)
    if kept.answer is True or lock.answer is True:
        by = kept if kept.answer is True else lock
        return accepted(f"kept by {by.by}", at=by.at)
    if emptied.answer is False:
        return accepted("S3 deletes no bucket that holds objects, and nothing here empties it", at=kept.at)
    use = secondary_use(bucket, design)
    if use:
        return not_applicable(f"it holds {use}, no data of its own")
    setting = "lifecycle.prevent_destroy = true" if bucket.language == "terraform" else "DeletionPolicy: Retain"
    fix = f"remove {emptied.by} and set {setting}"
    for answer in (emptied.answer, kept.answer, lock.answer):
        if isinstance(answer, Unknown):
            message = f"whether it is emptied and deleted depends on {answer}"
            return undecided(answer, at=emptied.at or kept.at, message=message, fix=fix)
    when = "the bucket is destroyed" if bucket.language == "terraform" else "the stack is deleted"
    return flagged(
        f"{emptied.by} deletes every object when {when}",
        fix=fix,
        at=emptied.at or kept.at,
        evidence=(f"{emptied.by} → {bucket.id}",),
        sets={emptied.at: False} if emptied.at else None,
    )
