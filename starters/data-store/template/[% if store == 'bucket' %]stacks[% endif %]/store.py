"""The bucket: what this service must not lose.

Survives the loss of a zone: S3 keeps every object in three.
Survives the loss of the region, if there is a second one: each object is in a bucket there within 15 minutes.
Survives a deletion or an overwriting by mistake: what was there can be had back for 35 days; deletions are not copied.
Survives a careless link: neither the bucket's policy nor an ACL can make it public.
Survives its stack: the bucket stays behind when that goes.
"""

from aws_cdk import Aws, CfnOutput, Duration
from aws_cdk.aws_cloudwatch import TreatMissingData
from aws_cdk.aws_iam import PolicyStatement
from aws_cdk.aws_s3 import LifecycleRule
from constructs import Construct
from seawall_constructs.alarms import RunbookAlarm, Urgency
from seawall_constructs.copy_alarms import CopiesFailed, copies_of
from seawall_constructs.data_kind import holds_primary_data
from seawall_constructs.measure import FIVE_MINUTES, measure
from seawall_constructs.resilient_bucket import ResilientBucket
from seawall_constructs.restore_test import restored_bucket

from stacks.regional_stack import RegionalStack
from stacks.watched_store import WatchedStore

BUCKET, COPY = "files", "copy"

LIFECYCLE = [
    # As far back as the backups go.
    LifecycleRule(id="old-versions", noncurrent_version_expiration=Duration.days(35)),
    # services/heartbeat writes one each hour; a backup needs those of its last hours.
    LifecycleRule(id="heartbeats", prefix="heartbeats/", expiration=Duration.days(4)),
]

ALL_REQUESTS = "all"

FEW_FAULTS = 10
"""In five minutes: the SDK repeats such a call, and nobody notices."""


class Store(RegionalStack):
    """The bucket, copied to the one in `second_region` (standby.py), which has to be there first."""

    def __init__(self, scope: Construct, *, service: str, region: str, second_region: str, disposable: bool) -> None:
        super().__init__(scope, "store", service=service, region=region, disposable=disposable)
        name = self.bucket_named(BUCKET, region)
        copy = self.bucket_named(COPY, second_region) if second_region else None
        bucket = ResilientBucket(
            self,
            "Bucket",
            bucket_name=name,
            lifecycle=LIFECYCLE,
            events=True,  # AWS Backup follows changes by them
            copies_to=copy,
            disposable=disposable,
        )
        bucket.add_metric(id=ALL_REQUESTS)
        holds_primary_data(bucket, backup=service)
        self._failing(name)
        if copy:
            CopiesFailed(
                self,
                "CopiesFailed",
                on_call=self.on_call,
                copies=copies_of(name, copy),
                means=f"Objects could not be copied to {second_region}: they lie in one region only.",
                alarm_name=self.named("copies-failed"),
            )
        CfnOutput(self, "StoreName", value=name)

    def _failing(self, bucket: str) -> None:
        RunbookAlarm(
            self,
            "Failing",
            on_call=self.on_call,
            alarm_name=self.named(f"{BUCKET}-failing"),
            means="Amazon S3 refuses or fails requests: too many for one prefix, or a fault of its own.",
            runbook="bucket-failing",
            metric=measure("AWS/S3", "5xxErrors", "Sum", period=FIVE_MINUTES, BucketName=bucket, FilterId=ALL_REQUESTS),
            threshold=FEW_FAULTS,
            periods=2,
            urgency=Urgency.TICKET,
            missing=TreatMissingData.NOT_BREACHING,
        )


def watched(stack: RegionalStack, *, is_home: bool) -> WatchedStore:
    """Return what heartbeat and restore check of a region are about: its own bucket, and restored ones."""
    name = stack.bucket_named(BUCKET if is_home else COPY, stack.region)
    bucket, restored = f"arn:{Aws.PARTITION}:s3:::{name}", restored_bucket()
    listing = PolicyStatement(actions=["s3:ListBucket"], resources=[bucket])
    writing = PolicyStatement(actions=["s3:GetObject", "s3:PutObject"], resources=[f"{bucket}/*"])
    return WatchedStore(
        kind="S3",
        name=name,
        # What is written to the copy is in no backup.
        beats=is_home,
        may_beat=[listing, writing] if is_home else [],
        may_check=[
            PolicyStatement(actions=["s3:ListBucket"], resources=[bucket, restored]),
            PolicyStatement(actions=["s3:GetObject"], resources=[f"{bucket}/*", f"{restored}/*"]),
        ],
    )
