"""A bucket as every bucket of the drive is: private, encrypted, over TLS only, its requests logged."""

from collections.abc import Sequence
from typing import cast

from aws_cdk import Aws, Duration
from aws_cdk.aws_iam import IRole, PolicyStatement, ServicePrincipal
from aws_cdk.aws_kms import Key
from aws_cdk.aws_s3 import (
    BlockPublicAccess,
    Bucket,
    BucketEncryption,
    CfnBucket,
    CorsRule,
    LifecycleRule,
    ObjectLockRetention,
    ObjectOwnership,
    ReplicationRule,
)

from services.drive.limits import UPLOAD_LIFE
from stacks.names import Names
from stacks.patterns.regional_stack import RegionalStack

LOGS = "logs"
"""Role of the bucket that receives the access logs; it is made in each region by Foundation."""

LEAST_TLS = 1.2


class DriveBucket(Bucket):
    """A bucket named after its `role`, encrypted with the key that bears the alias of `key`.

    Survives a careless link: neither its policy nor an ACL can make it public.
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
        forgotten = LifecycleRule(
            id="unfinished-uploads",
            abort_incomplete_multipart_upload_after=Duration.seconds(UPLOAD_LIFE),
            expired_object_delete_marker=versions or None,
        )
        super().__init__(
            scope,
            name,
            bucket_name=names.bucket(role, scope.region),
            encryption=BucketEncryption.KMS,
            # By its alias: the key is another stack's. S3 takes a key, its ARN or its alias.
            encryption_key=Key.from_key_arn(scope, f"{name}Key", names.key_alias_arn(key, scope.region)),
            bucket_key_enabled=True,
            versioned=versions,
            enforce_ssl=True,
            minimum_tls_version=LEAST_TLS,
            block_public_access=BlockPublicAccess.BLOCK_ALL,
            object_ownership=ObjectOwnership.BUCKET_OWNER_ENFORCED,
            lifecycle_rules=[forgotten, lifecycle] if lifecycle else [forgotten],
            cors=cors or None,
            object_lock_default_retention=lock,
            replication_role=replication_role,
            replication_rules=replication or None,
            removal_policy=scope.data_removal,
        )
        bucket = cast(CfnBucket, self.node.default_child)
        # The construct's own ways would let the logs' bucket, which is another stack's, be changed from here, and
        # would add a custom resource for the events.
        bucket.logging_configuration = CfnBucket.LoggingConfigurationProperty(
            destination_bucket_name=names.bucket(LOGS, scope.region), log_file_prefix=f"{role}/"
        )
        if events:
            bucket.notification_configuration = CfnBucket.NotificationConfigurationProperty(
                event_bridge_configuration=CfnBucket.EventBridgeConfigurationProperty(event_bridge_enabled=True)
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
