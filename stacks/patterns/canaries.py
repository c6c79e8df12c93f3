"""Checks from outside, as a client would make them, every few minutes."""

from collections.abc import Mapping
from pathlib import Path

from aws_cdk import Aws, Duration, RemovalPolicy, Size
from aws_cdk.aws_cloudwatch import Metric
from aws_cdk.aws_iam import PolicyStatement, Role, ServicePrincipal
from aws_cdk.aws_s3 import BlockPublicAccess, Bucket, BucketEncryption, LifecycleRule, ObjectOwnership
from aws_cdk.aws_synthetics import ArtifactsBucketLocation, Canary, Code, Runtime, RuntimeFamily, Schedule, Test
from constructs import Construct

from seawall_constructs.data_kind import holds_derived_data
from seawall_constructs.findings import accept_finding, accept_wildcards
from seawall_constructs.measure import measure
from seawall_constructs.resilient_bucket import LEAST_TLS
from stacks.hosts import regional_api_host
from stacks.names import Names
from stacks.patterns.access import to_objects
from stacks.patterns.boundary import boundary
from stacks.patterns.regional_stack import RegionalStack

EVERY = Duration.minutes(5)
"""Each minute, the drive's six canaries would cost about 315 dollars a month instead of 63 (docs/costs.md); the health
checks of DNS, which ask every ten seconds, are what a failover waits for."""

TIMEOUT = Duration.seconds(60)

SYNTHETICS = Runtime("syn-python-selenium-11.1", RuntimeFamily.PYTHON)
"""CDK 2.275 knows older ones by name, which Synthetics retires within a year (CloudWatch User Guide, "Runtime versions
using Python and Selenium")."""

CHECK = Path(__file__).parent.parent.parent / "services" / "canaries" / "check.py"

KEPT_DAYS = 31

WILDCARDS = (
    "Objects of one bucket, and log groups whose names end in what Synthetics chooses; buckets are only listed; "
    "metrics have no ARN, and a condition names their namespace"
)


def address(names: Names, region: str, domain: str | None) -> dict[str, str]:
    """Return how services/canaries/check.py finds the API of `region`."""
    if domain:
        return {"ADDRESS": f"https://{regional_api_host(region, domain)}"}
    return {"ADDRESS_REGION": region, "ADDRESS_PARAMETER": parameter(names)}


def parameter(names: Names) -> str:
    """Return the name of the parameter in which the API's stack leaves its address, in its own region."""
    return f"/{names.name('api')}/url"


class Canaries(Construct):
    """The canaries of one stack, with the bucket of what they saw and the role they run as.

    Survives the loss of what it watches: a canary that cannot ask has failed, and so has one that no longer runs.
    """

    def __init__(self, scope: RegionalStack, name: str, *, names: Names, asked: list[str]) -> None:
        super().__init__(scope, name)
        self._names = names
        self._region = scope.region
        self._seen = self._bucket(scope)
        self._role = self._role_of(asked)

    def add(self, name: str, *, role: str, environment: Mapping[str, str]) -> Metric:
        """Add a canary and return how many of its runs succeed, in percent."""
        Canary(
            self,
            name,
            canary_name=self._names.name(role),
            runtime=SYNTHETICS,
            # One file and no package: what runs can be read in the template.
            test=Test.custom(code=Code.from_inline(CHECK.read_text()), handler="index.handler"),
            schedule=Schedule.rate(EVERY),
            timeout=TIMEOUT,
            memory=Size.mebibytes(1024),
            environment_variables=dict(environment),
            role=self._role,
            artifacts_bucket_location=ArtifactsBucketLocation(bucket=self._seen, prefix=role),
            success_retention_period=Duration.days(KEPT_DAYS),
            failure_retention_period=Duration.days(KEPT_DAYS),
            provisioned_resource_cleanup=True,
        )
        return measure(
            "CloudWatchSynthetics",
            "SuccessPercent",
            "Average",
            period=EVERY,
            unit="succeeded, percent",
            CanaryName=self._names.name(role),
        )

    def _bucket(self, scope: RegionalStack) -> Bucket:
        seen = Bucket(
            self,
            "Seen",
            bucket_name=self._names.bucket("canaries", self._region),
            encryption=BucketEncryption.S3_MANAGED,
            enforce_ssl=True,
            minimum_tls_version=LEAST_TLS,
            block_public_access=BlockPublicAccess.BLOCK_ALL,
            object_ownership=ObjectOwnership.BUCKET_OWNER_ENFORCED,
            lifecycle_rules=[LifecycleRule(id="old", expiration=Duration.days(KEPT_DAYS))],
            removal_policy=RemovalPolicy.DESTROY if scope.disposable else RemovalPolicy.RETAIN,
        )
        holds_derived_data(seen)
        accept_finding(
            seen,
            "AwsSolutions-S1",
            "SEA_BUCKET_WITHOUT_VERSIONS",
            "SEA_SINGLE_REGION_BUCKET",
            reason="It holds what canaries wrote down for a month; a lost one is replaced by the next, in five minutes",
        )
        return seen

    def _role_of(self, asked: list[str]) -> Role:
        names = self._names
        role = Role(
            self,
            "Role",
            role_name=names.in_region("canary", self._region),
            assumed_by=ServicePrincipal("lambda.amazonaws.com"),
            permissions_boundary=boundary(self, names),
        )
        for statement in (statements := self._permissions(asked)):
            role.add_to_policy(statement)
        accept_wildcards(role, *statements, reason=WILDCARDS)
        return role

    def _permissions(self, asked: list[str]) -> list[PolicyStatement]:
        """What the CloudWatch User Guide asks for ("Required roles and permissions for canaries"), and the address."""
        names, region = self._names, self._region
        group = names.arn("logs", region, f"log-group:/aws/lambda/cwsyn-{names.prefix}-*")
        return [
            to_objects(names, region, "canaries", "PutObject"),
            PolicyStatement(
                actions=["s3:GetBucketLocation"],
                resources=[f"arn:{Aws.PARTITION}:s3:::{names.bucket('canaries', region)}"],
            ),
            PolicyStatement(actions=["s3:ListAllMyBuckets"], resources=["*"]),
            PolicyStatement(
                actions=["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"], resources=[group]
            ),
            PolicyStatement(
                actions=["cloudwatch:PutMetricData"],
                resources=["*"],
                conditions={"StringEquals": {"cloudwatch:namespace": ["CloudWatchSynthetics", "Drive"]}},
            ),
            PolicyStatement(
                actions=["ssm:GetParameter"],
                resources=[names.arn("ssm", place, f"parameter{parameter(names)}") for place in asked],
            ),
        ]
