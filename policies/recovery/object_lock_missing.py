"""See object_lock_missing.md: why it matters, how to fix it, what is and is not flagged."""

from seawall.archives import archive_in, locked
from seawall.deletion import object_lock
from seawall.design import Design, Resource
from seawall.policy import Verdict, accepted, flagged, not_applicable, policy, undecided
from seawall.values import Unknown

FIX = "set ObjectLockEnabled: true and ObjectLockConfiguration.Rule.DefaultRetention"


@policy(applies_to="AWS::S3::Bucket")
def object_lock_missing(bucket: Resource, design: Design) -> Verdict:
    """Archive can be deleted by whoever gets hold of the account."""
    archive = archive_in(bucket, design)
    if archive is None:
        own = object_lock(bucket)
        if own.answer is True:
            return accepted(f"locked by {own.by}", at=own.at)
        return not_applicable("nothing here archives anything in it")
    lock = locked(bucket, archive)
    if lock.answer is True:
        return accepted(f"it holds {archive.holds}, locked by {lock.by}", at=lock.at)
    if isinstance(lock.answer, Unknown):
        return undecided(lock.answer, at=lock.at, fix=FIX)
    half = bucket.boolean("ObjectLockEnabled") is True
    problem = "object lock is on, but no default retention locks anything" if half else "object lock is off"
    return flagged(
        f"it holds {archive.holds}, and {problem}: whoever gets hold of the account deletes it first",
        fix=FIX,
        at=lock.at,
    )
