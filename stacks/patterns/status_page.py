"""A page at the edge that goes on being shown when nobody is left to write it."""

from aws_cdk import Annotations, Duration
from aws_cdk.aws_certificatemanager import Certificate
from aws_cdk.aws_cloudfront import (
    AllowedMethods,
    BehaviorOptions,
    CachePolicy,
    Distribution,
    ErrorResponse,
    HttpVersion,
    PriceClass,
    ResponseHeadersPolicy,
    SecurityPolicyProtocol,
    ViewerProtocolPolicy,
)
from aws_cdk.aws_cloudfront_origins import S3BucketOrigin
from aws_cdk.aws_iam import PolicyStatement, ServicePrincipal
from aws_cdk.aws_s3 import BlockPublicAccess, Bucket, BucketEncryption, LifecycleRule, ObjectOwnership
from constructs import Construct

from seawall_constructs.data_kind import holds_derived_data
from seawall_constructs.findings import accept_finding
from seawall_constructs.resilient_bucket import LEAST_TLS
from stacks.names import Names
from stacks.patterns.drive_bucket import of_a_distribution
from stacks.patterns.regional_stack import RegionalStack

PAGE = "index.html"
PUBLIC = (PAGE, "status.json")
"""All that the edge may read: drafts and mails that were sent are nobody's business."""

NO_PAGE_CACHED = Duration.seconds(5)
"""An error is asked for again soon: the page is rewritten each minute."""

OLD_VERSIONS_KEPT = Duration.days(7)
"""Two small objects a minute; longer than anybody asks what the page said when."""


class StatusPage(Construct):
    """The bucket that the page is written to, and the distribution that shows it.

    Survives the loss of its region: the page asks the edge to show it for a day after it could last be fetched.
    Survives a flood of readers: the edge fetches it every 30 seconds at most.
    Survives a reader of secrets: two objects are public, and no others.
    """

    bucket: Bucket
    url: str

    def __init__(
        self, scope: RegionalStack, name: str, *, names: Names, domain: str | None, certificate: str | None
    ) -> None:
        super().__init__(scope, name)
        self.bucket = self._bucket(scope, names)
        # By its name, since CDK would let the edge read all of the bucket.
        origin = Bucket.from_bucket_attributes(
            self,
            "Origin",
            bucket_name=names.bucket("status", scope.region),
            bucket_regional_domain_name=self.bucket.bucket_regional_domain_name,
        )
        named = domain if certificate else None
        distribution = Distribution(
            self,
            "Distribution",
            comment="Status of the drive",
            default_root_object=PAGE,
            domain_names=[named] if named else None,
            certificate=Certificate.from_certificate_arn(self, "Certificate", certificate) if certificate else None,
            minimum_protocol_version=SecurityPolicyProtocol.TLS_V1_2_2021 if certificate else None,
            http_version=HttpVersion.HTTP2_AND_3,
            # Whoever has no service still wants to know, wherever that is.
            price_class=PriceClass.PRICE_CLASS_ALL,
            default_behavior=BehaviorOptions(
                origin=S3BucketOrigin.with_origin_access_control(origin),
                viewer_protocol_policy=ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
                allowed_methods=AllowedMethods.ALLOW_GET_HEAD,
                cache_policy=CachePolicy.CACHING_OPTIMIZED,
                response_headers_policy=ResponseHeadersPolicy.SECURITY_HEADERS,
                compress=True,
            ),
            # S3 says 403 of what does not exist to whoever may not list.
            error_responses=[
                ErrorResponse(
                    http_status=403, response_http_status=404, response_page_path=f"/{PAGE}", ttl=NO_PAGE_CACHED
                )
            ],
        )
        Annotations.of(distribution).acknowledge_warning(
            "@aws-cdk/aws-cloudfront-origins:updateImportedBucketPolicyOac", "The bucket's policy names what is public"
        )
        self._accept(distribution, named)
        self.url = f"https://{named or distribution.distribution_domain_name}"

    def _bucket(self, scope: RegionalStack, names: Names) -> Bucket:
        bucket = Bucket(
            self,
            "Bucket",
            bucket_name=names.bucket("status", scope.region),
            encryption=BucketEncryption.S3_MANAGED,
            enforce_ssl=True,
            minimum_tls_version=LEAST_TLS,
            versioned=True,
            block_public_access=BlockPublicAccess.BLOCK_ALL,
            object_ownership=ObjectOwnership.BUCKET_OWNER_ENFORCED,
            lifecycle_rules=[LifecycleRule(id="old", noncurrent_version_expiration=OLD_VERSIONS_KEPT)],
            removal_policy=scope.data_removal,
        )
        bucket.add_to_resource_policy(
            PolicyStatement(
                sid="Edge",
                principals=[ServicePrincipal("cloudfront.amazonaws.com")],
                actions=["s3:GetObject"],
                resources=[bucket.arn_for_objects(key) for key in PUBLIC],
                conditions=of_a_distribution(),
            )
        )
        holds_derived_data(bucket)
        accept_finding(
            bucket,
            "SEA_SINGLE_REGION_BUCKET",
            reason="The page is rewritten each minute, and the edge shows the last one while this region is lost",
        )
        accept_finding(
            bucket,
            "AwsSolutions-S1",
            reason="Only this stack's functions and the edge ask it, two things a minute; nobody would read its log",
        )
        return bucket

    def _accept(self, distribution: Distribution, named: str | None) -> None:
        accept_finding(
            distribution,
            "SEA_SINGLE_ORIGIN_DISTRIBUTION",
            reason="While this region is lost the edge shows the last page for a day, and the page says how old it is",
        )
        accept_finding(
            distribution,
            "AwsSolutions-CFR1",
            "AwsSolutions-CFR2",
            reason="Two public objects for everybody everywhere: there is nothing to attack but the edge itself",
        )
        accept_finding(
            distribution,
            "AwsSolutions-CFR3",
            reason="A log would hold nothing but the addresses of people who wanted to know whether the drive works",
        )
        if not named:
            accept_finding(
                distribution,
                "AwsSolutions-CFR4",
                reason="Under CloudFront's own name its own certificate decides; with a domain it is TLS 1.2",
            )
