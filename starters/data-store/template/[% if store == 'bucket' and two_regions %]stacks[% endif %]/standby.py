"""The second region's bucket: a copy of every object, to be read, and written to when the first region is lost.

Survives the loss of the first region: nothing here is needed from there.
Survives a deletion in the first region: deletions are not copied, and what was overwritten can be had back for 35 days.
Survives an intruder: nobody removes a copy in its first 35 days, but who may lift its lock, and is seen doing so.
Survives falling behind: copies that are late are noticed here, where they are missing.
"""

from aws_cdk import Duration
from aws_cdk.aws_s3 import ObjectLockRetention
from constructs import Construct
from seawall_constructs.copy_alarms import CopiesLate, copies_of
from seawall_constructs.data_kind import holds_derived_data
from seawall_constructs.resilient_bucket import ResilientBucket

from stacks.regional_stack import RegionalStack
from stacks.store import BUCKET, COPY, LIFECYCLE

LOCKED = Duration.days(35)
"""As long as the backups are kept."""


class Standby(RegionalStack):
    """The bucket that the one in the region `home` is copied to."""

    def __init__(self, scope: Construct, *, service: str, region: str, home: str, disposable: bool) -> None:
        super().__init__(scope, "copy", service=service, region=region, disposable=disposable)
        name = self.bucket_named(COPY, region)
        bucket = ResilientBucket(
            self,
            "Bucket",
            bucket_name=name,
            lifecycle=LIFECYCLE,
            lock=None if disposable else ObjectLockRetention.governance(LOCKED),
            disposable=disposable,
        )
        holds_derived_data(bucket)
        CopiesLate(
            self,
            "CopiesLate",
            on_call=self.on_call,
            copies=copies_of(self.bucket_named(BUCKET, home), name),
            means=f"Objects of {home} take more than 15 minutes to get here.",
            alarm_name=self.named("copies-late"),
        )
