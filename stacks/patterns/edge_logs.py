"""Where CloudFront writes who asked for what."""

from aws_cdk import Duration
from aws_cdk.aws_s3 import BlockPublicAccess, Bucket, BucketEncryption, LifecycleRule, ObjectOwnership

from seawall_constructs.data_kind import holds_derived_data
from seawall_constructs.findings import accept_finding
from seawall_constructs.resilient_bucket import LEAST_TLS
from stacks.names import Names
from stacks.patterns.regional_stack import RegionalStack

KEPT = Duration.days(90)


class EdgeLogs(Bucket):
    """The bucket for the logs of distributions, which CloudFront delivers with an ACL.

    Survives a forgotten log: each is removed after 90 days.
    """

    def __init__(self, scope: RegionalStack, name: str, *, names: Names) -> None:
        super().__init__(
            scope,
            name,
            bucket_name=names.bucket("edge-logs", scope.region),
            encryption=BucketEncryption.S3_MANAGED,
            enforce_ssl=True,
            minimum_tls_version=LEAST_TLS,
            block_public_access=BlockPublicAccess.BLOCK_ALL,
            object_ownership=ObjectOwnership.BUCKET_OWNER_PREFERRED,
            lifecycle_rules=[LifecycleRule(id="old", expiration=KEPT)],
            removal_policy=scope.data_removal,
        )
        holds_derived_data(self)
        accept_finding(
            self,
            "AwsSolutions-S1",
            reason="It is where access logs are delivered; logging its own deliveries would grow without end",
        )
