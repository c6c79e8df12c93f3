"""A bucket as every bucket of the drive is: under its name and its key, its requests logged."""

from collections.abc import Sequence

from aws_cdk import Aws, Duration
from aws_cdk.aws_iam import IRole, PolicyStatement, ServicePrincipal
from aws_cdk.aws_kms import Key
from aws_cdk.aws_s3 import CorsRule, LifecycleRule, ObjectLockRetention, ReplicationRule

from seawall_constructs.resilient_bucket import ResilientBucket
from services.drive.limits import UPLOAD_LIFE
from stacks.names import Names
from stacks.patterns.regional_stack import RegionalStack

LOGS = "logs"
"""Role of the bucket that receives the access logs; it is made in each region by Foundation."""


class DriveBucket(ResilientBucket):
    """A bucket named after its `role`, encrypted with the key that bears the alias of `key`.

    Survives unfinished uploads: their parts are removed as soon as the drive has forgotten them.
    """

    def __init__(
        self,
        scope: RegionalStack,
        name: str,
        *,
        names: Names,
        role: str,
        key: str,
        versions: bool = True,
        lifecycle: LifecycleRule | None = None,
        events: bool = False,
        cors: Sequence[CorsRule] = (),
        lock: ObjectLockRetention | None = None,
        replication_role: IRole | None = None,
        replication: Sequence[ReplicationRule] = (),
    ) -> None:
        super().__init__(
            scope,
            name,
            bucket_name=names.bucket(role, scope.region),
            # By its alias: the key is another stack's. S3 takes a key, its ARN or its alias.
            encryption_key=Key.from_key_arn(scope, f"{name}Key", names.key_alias_arn(key, scope.region)),
            versions=versions,
            lifecycle=[lifecycle] if lifecycle else [],
            forgotten_uploads=Duration.seconds(UPLOAD_LIFE),
            events=events,
            cors=cors,
            lock=lock,
            replication_role=replication_role,
            replication=replication,
            logs_to=names.bucket(LOGS, scope.region),
            logs_prefix=f"{role}/",
            disposable=scope.disposable,
        )

    def readable_by_cloudfront(self) -> None:
        """Let distributions of this account read objects; which one is decided at the edge, by its signed links."""
        self.add_to_resource_policy(
            PolicyStatement(
                sid="Edge",
                principals=[ServicePrincipal("cloudfront.amazonaws.com")],
                actions=["s3:GetObject"],
                resources=[self.arn_for_objects("*")],
                conditions=of_a_distribution(),
            )
        )


def of_a_distribution() -> dict[str, dict[str, str]]:
    """Return the condition that a request is made for a distribution of this account."""
    return {"ArnLike": {"AWS:SourceArn": f"arn:{Aws.PARTITION}:cloudfront::{Aws.ACCOUNT_ID}:distribution/*"}}
