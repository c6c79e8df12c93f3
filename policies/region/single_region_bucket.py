"""See single_region_bucket.md: why it matters, how to fix it, what is and is not flagged."""

from seawall.design import Design, Resource
from seawall.policy import Verdict, not_applicable, policy
from seawall.protection import Destination, replication_destinations, secondary_use
from seawall.regions import RegionalCopy, backup_copies, is_elsewhere, judged_by_copies, named_region
from seawall.values import Unknown

AT = "ReplicationConfiguration"


@policy(applies_to="AWS::S3::Bucket")
def single_region_bucket(bucket: Resource, design: Design) -> Verdict:
    """Bucket has no copy in another region."""
    destinations = replication_destinations(bucket, design)
    use = secondary_use(bucket, design)
    # Whoever replicates a bucket of logs means to keep them, and is told where the copies are.
    if use and not destinations:
        return not_applicable(f"it holds {use}, no data of its own")
    copies = [_copy(destination, bucket) for destination in destinations if destination.enabled is not False]
    return judged_by_copies(
        [*copies, *backup_copies(bucket, design)],
        otherwise="nothing copies it to another region: when its region fails its objects cannot be read anywhere",
        fix="set ReplicationConfiguration with the ARN of a bucket in another region",
        at=AT,
    )


def _copy(destination: Destination, bucket: Resource) -> RegionalCopy:
    answer = is_elsewhere(destination.region, bucket.region)
    if isinstance(destination.enabled, Unknown) and answer is True:
        answer = destination.enabled
    target = destination.resource.id if destination.resource else destination.bucket
    where = named_region(destination.region, bucket.region)
    return RegionalCopy(answer, f"it is replicated to {target} in {where}", AT)
