"""Where a region's access logs and flow logs go."""

from aws_cdk import Aws, Duration
from aws_cdk.aws_iam import PolicyStatement, ServicePrincipal
from aws_cdk.aws_s3 import BlockPublicAccess, Bucket, BucketEncryption, LifecycleRule, ObjectOwnership

from seawall_constructs.data_kind import holds_derived_data
from seawall_constructs.findings import accept_finding
from seawall_constructs.resilient_bucket import LEAST_TLS
from stacks.names import Names
from stacks.patterns.drive_bucket import LOGS
from stacks.patterns.regional_stack import RegionalStack

KEPT = Duration.days(400)
"""A year and a month: last year's same event can be compared."""


class LogBucket(Bucket):
    """The bucket that S3 and log delivery of this account write to.

    Survives a full disk's cousin: logs are removed after 400 days.
    """

    def __init__(self, scope: RegionalStack, name: str, *, names: Names) -> None:
        super().__init__(
            scope,
            name,
            bucket_name=names.bucket(LOGS, scope.region),
            # S3 delivers access logs to no bucket that is encrypted with a key of ours (Amazon S3 User Guide,
            # "Enabling Amazon S3 server access logging").
            encryption=BucketEncryption.S3_MANAGED,
            enforce_ssl=True,
            minimum_tls_version=LEAST_TLS,
            block_public_access=BlockPublicAccess.BLOCK_ALL,
            object_ownership=ObjectOwnership.BUCKET_OWNER_ENFORCED,
            lifecycle_rules=[LifecycleRule(id="old", expiration=KEPT)],
            removal_policy=scope.data_removal,
        )
        objects = self.arn_for_objects("*")
        requests = {"aws:SourceArn": f"arn:{Aws.PARTITION}:s3:::{names.prefix}-*"}
        self._let("logging.s3.amazonaws.com", "s3:PutObject", objects, requests)
        flows = {"aws:SourceArn": names.arn("logs", scope.region, "*")}
        self._let("delivery.logs.amazonaws.com", "s3:PutObject", objects, flows)
        self._let("delivery.logs.amazonaws.com", "s3:GetBucketAcl", self.bucket_arn, flows)
        # What it holds is about the drive and not of it: nothing is restored from it.
        holds_derived_data(self)
        accept_finding(
            self,
            "AwsSolutions-S1",
            reason="It is where access logs are delivered; logging its own deliveries would grow without end",
        )

    def _let(self, service: str, action: str, resource: str, source: dict[str, str]) -> None:
        self.add_to_resource_policy(
            PolicyStatement(
                principals=[ServicePrincipal(service)],
                actions=[action],
                resources=[resource],
                conditions={"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}, "ArnLike": source},
            )
        )
