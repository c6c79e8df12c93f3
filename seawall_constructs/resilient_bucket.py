"""A bucket that is private, encrypted, spoken to over TLS only, and gives back what was deleted or overwritten."""

from collections.abc import Sequence
from typing import cast

from aws_cdk import Duration
from aws_cdk.aws_iam import AccountRootPrincipal, Effect, IRole, PolicyStatement, StarPrincipal
from aws_cdk.aws_kms import IKey
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
from constructs import Construct

from seawall_constructs.bucket_copies import CopierRole, copy_rule
from seawall_constructs.disposal import removal_policy
from seawall_constructs.findings import accept_finding

LEAST_TLS = 1.2

UNDELETE = Duration.days(30)
"""A deletion by mistake is noticed within a month, or by nobody."""

FORGOTTEN = Duration.days(7)
"""An upload that nobody went on with for a week is not one any more."""


class ResilientBucket(Bucket):
    """A bucket that nobody can read by accident, and whose objects come back.

    Survives a careless link: neither its policy nor an ACL can make it public.
    Survives a deletion by mistake: an object that was deleted or overwritten can be had back for 30 days.
    Survives the loss of its region: with `copies_to`, each object is in another region's bucket within 15 minutes.
    Survives a deletion by malice: deletions are not copied, and with a `lock` a copy cannot be removed before its time.
    Survives its stack: a stack that is deleted or replaces it leaves it behind.
    Survives unfinished uploads: their parts are removed after a week.
    """

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        bucket_name: str | None = None,
        encryption_key: IKey | None = None,
        versions: bool = True,
        lifecycle: Sequence[LifecycleRule] | None = None,
        forgotten_uploads: Duration = FORGOTTEN,
        events: bool = False,
        cors: Sequence[CorsRule] = (),
        lock: ObjectLockRetention | None = None,
        copies_to: str | None = None,
        copier_name: str | None = None,
        replication_role: IRole | None = None,
        replication: Sequence[ReplicationRule] = (),
        logs_to: str | None = None,
        logs_prefix: str | None = None,
        disposable: bool = False,
    ) -> None:
        """Encrypt with `encryption_key`, or S3's own. Without `lifecycle`, old versions are kept for 30 days.

        `events` tells EventBridge of each object. `copies_to` is the name of a bucket in another region, and then
        `bucket_name` is needed, and `copier_name` where the other is told who copies (`take_copies_from`); whoever has
        keys of his own to copy with gives `replication_role` and `replication` instead. Requests are logged to the
        bucket named `logs_to`. Raises ValueError for a bucket with `copies_to` that has no name, no versions, or a
        key of its own.
        """
        if copies_to:
            if not bucket_name or not versions:
                raise ValueError(f"{name}: S3 copies buckets that have versions, and its role names them by name")
            if encryption_key:
                raise ValueError(f"{name}: which keys S3 copies with is said in replication_role and replication")
            replication_role = CopierRole(
                scope, f"{name}Copier", source=bucket_name, destination=copies_to, role_name=copier_name
            )
            replication = [copy_rule(scope, f"{name}Copies", destination=copies_to)]
        if lifecycle is None:
            lifecycle = [LifecycleRule(id="undelete", noncurrent_version_expiration=UNDELETE)] if versions else []
        forgotten = LifecycleRule(
            id="unfinished-uploads",
            abort_incomplete_multipart_upload_after=forgotten_uploads,
            expired_object_delete_marker=versions or None,
        )
        super().__init__(
            scope,
            name,
            bucket_name=bucket_name,
            encryption=BucketEncryption.KMS if encryption_key else BucketEncryption.S3_MANAGED,
            encryption_key=encryption_key,
            bucket_key_enabled=True if encryption_key else None,
            versioned=versions,
            enforce_ssl=True,
            minimum_tls_version=LEAST_TLS,
            block_public_access=BlockPublicAccess.BLOCK_ALL,
            object_ownership=ObjectOwnership.BUCKET_OWNER_ENFORCED,
            lifecycle_rules=[forgotten, *lifecycle],
            cors=list(cors) or None,
            object_lock_default_retention=lock,
            replication_role=replication_role,
            replication_rules=list(replication) or None,
            removal_policy=removal_policy(disposable),
        )
        # The construct's own ways would let the logs' bucket, which may be another stack's, be changed from here, and
        # would add a custom resource for the events.
        bucket = cast(CfnBucket, self.node.default_child)
        if logs_to:
            bucket.logging_configuration = CfnBucket.LoggingConfigurationProperty(
                destination_bucket_name=logs_to, log_file_prefix=logs_prefix or f"{bucket_name or name}/"
            )
        else:
            accept_finding(
                self,
                "AwsSolutions-S1",
                reason="No bucket is named for its access logs; CloudTrail's data events tell who read what",
            )
        if events:
            bucket.notification_configuration = CfnBucket.NotificationConfigurationProperty(
                event_bridge_configuration=CfnBucket.EventBridgeConfigurationProperty(event_bridge_enabled=True)
            )

    def take_copies_from(self, role_arn: str) -> None:
        """Let the role that copies another bucket write into this one, by its ARN, whether it is there already or not.

        One account's own roles need no word of the bucket; with it, only this one is spoken of. As a condition: naming
        it as the principal would need it to be there, and it is made later, elsewhere.
        """
        self.add_to_resource_policy(
            PolicyStatement(
                sid="CopiesOfThePeer",
                principals=[AccountRootPrincipal()],
                actions=["s3:ReplicateObject", "s3:ReplicateTags"],
                resources=[self.arn_for_objects("*")],
                conditions={"ArnEquals": {"aws:PrincipalArn": role_arn}},
            )
        )

    def nobody_lifts_the_lock(self) -> None:
        """Make the lock hold for administrators too: they have to change this bucket's policy first, which is seen."""
        self.add_to_resource_policy(
            PolicyStatement(
                sid="Lock",
                effect=Effect.DENY,
                principals=[StarPrincipal()],
                actions=["s3:BypassGovernanceRetention"],
                resources=[self.arn_for_objects("*")],
            )
        )
