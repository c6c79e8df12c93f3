"""The copy of the other region's files.

Survives the loss of the other region: its files are here, and are read from here.
Survives a deletion by malice: nobody deletes or overwrites a copy in its first seven days, and nobody lifts the lock
without changing the bucket's policy first.
Survives a deletion in the other region: deletions are not repeated here, and what is deleted here is kept for 90 days.
Survives its stack: a stack that is deleted or replaces the bucket leaves the copies behind.
"""

from aws_cdk import Duration
from aws_cdk.aws_s3 import LifecycleRule, ObjectLockRetention
from constructs import Construct

from seawall_constructs.data_kind import holds_derived_data
from stacks.names import Names
from stacks.patterns.drive_bucket import DriveBucket
from stacks.patterns.regional_stack import RegionalStack

LOCKED = Duration.days(7)
"""A week: long enough that somebody notices, short enough that an erasure that the law asks for is in time."""

KEPT_AFTER_DELETION = Duration.days(90)
"""Three times as long as in the files' own bucket: this copy is for the mistake that nobody noticed there."""


class ReplicaStorage(RegionalStack):
    """The bucket that the files of `peer` are copied to. It needs nothing but Foundation of its own region."""

    replica: DriveBucket

    def __init__(self, scope: Construct, name: str, *, names: Names, region: str, disposable: bool, peer: str) -> None:
        super().__init__(scope, name, names=names, region=region, disposable=disposable)
        self.replica = DriveBucket(
            self,
            "Replica",
            names=names,
            role="replica",
            key="replica",
            events=True,
            lock=ObjectLockRetention.governance(LOCKED),
            lifecycle=LifecycleRule(id="undelete", noncurrent_version_expiration=KEPT_AFTER_DELETION),
        )
        self.replica.readable_by_cloudfront()
        self.replica.take_copies_from(names.arn("iam", "", f"role/{names.in_region('replication', peer)}"))
        self.replica.nobody_lifts_the_lock()
        # It is a backup of another bucket and has none of its own; the lock is what protects it.
        holds_derived_data(self.replica)
