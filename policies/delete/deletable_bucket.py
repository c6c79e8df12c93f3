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
    if lock.answer is True:
        return accepted(f"kept by {lock.by}", at=lock.at)
    if kept.answer is True and (bucket.language == "terraform" or emptied.answer is False):
        return accepted(f"kept by {kept.by}", at=kept.at)
    if emptied.answer is False:
        return accepted("S3 deletes no bucket that holds objects, and nothing here empties it", at=kept.at)
    use = secondary_use(bucket, design)
    if use:
        return not_applicable(f"it holds {use}, no data of its own")
    # A retained bucket stays with its stack gone, but CloudFormation still tells the helper to empty it.
    deciding = [emptied.answer, lock.answer]
    fix = f"remove {emptied.by}"
    if bucket.language == "terraform":
        deciding.append(kept.answer)
        fix += " and set lifecycle.prevent_destroy = true"
    for answer in deciding:
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
