"""What stands between all users and the regions: downloads, the progress of builds, and the front page.

Survives the loss of a region: what its bucket does not answer is read from the copy in the other region.
Survives a region that hangs: nobody waits for it longer than ten seconds before the copy is asked.
Survives a stampede for one album: a bucket is asked once, and a million askers for its progress once in three seconds.
Survives the loss of both regions: the front page is part of the edge, and a banner on it can say what is wrong.
Survives a stampede that is too large: how many are let in is a value that reaches every edge within seconds.
Survives one greedy client: its address is answered 429, and nobody else's.
Survives a leaked key: no link is accepted that is not signed with one of the keys given, and they can be changed.
"""

from collections.abc import Mapping, Sequence

from aws_cdk import CfnOutput, Duration
from aws_cdk.aws_certificatemanager import Certificate
from aws_cdk.aws_cloudfront import (
    AllowedMethods,
    BehaviorOptions,
    CachePolicy,
    ErrorResponse,
    FunctionAssociation,
    FunctionEventType,
    IOrigin,
    OriginRequestHeaderBehavior,
    OriginRequestPolicy,
    ViewerProtocolPolicy,
)
from constructs import Construct

from seawall_constructs.findings import accept_finding
from stacks.hosts import files_host, regional_api_host
from stacks.names import Names
from stacks.patterns.distribution_headers import DownloadHeaders, PageHeaders
from stacks.patterns.edge_distribution import EdgeDistribution
from stacks.patterns.edge_logs import EdgeLogs
from stacks.patterns.edge_shell import EdgeShell
from stacks.patterns.rate_limit import RateLimit
from stacks.patterns.region_origins import RegionOrigins, be_impatient
from stacks.patterns.regional_domain import validation
from stacks.patterns.regional_stack import RegionalStack
from stacks.patterns.signing_keys import SigningKeys

NEVER_CHANGES = Duration.days(365)
"""An object's key says its version: what was read once is right for ever."""

PROGRESS = Duration.seconds(3)
"""How old the progress of a build may be that people look at."""

NOT_YET = Duration.seconds(3)
"""How long an object that is not there yet is taken for missing."""


class Edge(RegionalStack):
    """Two distributions, in the one region that CloudFront takes certificates and web ACLs from.

    `signing_keys` are public keys in PEM; without one no download link is accepted, and links lead to S3. `addresses`
    are the regions' APIs where no domain names them; clients read them at `/regions.json`.
    """

    files: EdgeDistribution
    shell: EdgeDistribution

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        names: Names,
        region: str,
        disposable: bool,
        data_regions: Sequence[str],
        domain: str | None = None,
        zone_id: str | None = None,
        signing_keys: Sequence[str] = (),
        addresses: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(scope, name, names=names, region=region, disposable=disposable)
        self._first, self._second = data_regions
        self._domain = domain
        self._addresses = dict(addresses or {})
        if domain:
            self._addresses = {place: f"https://{regional_api_host(place, domain)}" for place in data_regions}
        self._logs = EdgeLogs(self, "Logs", names=names)
        self._limit = RateLimit(self, "RateLimit", acl_name=names.name("edge"), serves="CLOUDFRONT").acl.attr_arn
        self._origins = RegionOrigins(self, "Origins", names=names)
        self._certificate = domain and Certificate(
            self,
            "Certificate",
            domain_name=domain,
            subject_alternative_names=[files_host(domain)],
            validation=validation(self, domain, zone_id),
        )
        self.files = self._files(signing_keys)
        self.shell = self._shell()
        CfnOutput(self, "FilesHost", value=self.files.distribution_domain_name)
        CfnOutput(self, "ShellHost", value=self.shell.distribution_domain_name)

    def _files(self, signing_keys: Sequence[str]) -> EdgeDistribution:
        """Files lie under their region's name; what was built for somebody lies beside them."""
        keys = SigningKeys(self, "Keys", names=self.names, keys=signing_keys)
        headers = DownloadHeaders(self, "DownloadHeaders", names=self.names)
        unchanging = self._cached("files", NEVER_CHANGES)
        built = self._origins.bundles(self._first, self._second)

        def signed(origin: IOrigin) -> BehaviorOptions:
            return BehaviorOptions(
                origin=origin,
                trusted_key_groups=[keys],
                cache_policy=unchanging,
                response_headers_policy=headers,
                viewer_protocol_policy=ViewerProtocolPolicy.HTTPS_ONLY,
                allowed_methods=AllowedMethods.ALLOW_GET_HEAD_OPTIONS,
                compress=False,  # files are sent as they are, so that parts of them can be asked for
            )

        progress = BehaviorOptions(
            origin=built,
            cache_policy=self._cached("progress", PROGRESS),
            response_headers_policy=headers,
            viewer_protocol_policy=ViewerProtocolPolicy.HTTPS_ONLY,
            allowed_methods=AllowedMethods.ALLOW_GET_HEAD_OPTIONS,
        )
        distribution = EdgeDistribution(
            self,
            "Files",
            comment=self.names.name("files"),
            default=signed(built),
            paths={
                f"/{self._first}/*": signed(self._origins.files(self._first, self._second)),
                f"/{self._second}/*": signed(self._origins.files(self._second, self._first)),
                "/status/*": progress,
            },
            errors=[ErrorResponse(http_status=status, ttl=NOT_YET) for status in (403, 404)],
            limit=self._limit,
            logs=self._logs,
            host=self._domain and files_host(self._domain),
            domain=self._domain,
            certificate=self._certificate or None,
        )
        be_impatient(distribution, origins=6)
        return distribution

    def _shell(self) -> EdgeDistribution:
        """The function answers every request, so that the origin, which CloudFront insists on, is never asked."""
        shell = EdgeShell(self, "ShellPage", names=self.names, regions=self._addresses)
        distribution = EdgeDistribution(
            self,
            "Shell",
            comment=self.names.name("shell"),
            default=BehaviorOptions(
                origin=self._origins.bucket("bundles", self._first),
                cache_policy=CachePolicy.CACHING_DISABLED,
                origin_request_policy=OriginRequestPolicy(
                    self,
                    "Visitor",
                    origin_request_policy_name=self.names.name("visitor"),
                    comment="Tells the function which country a visitor comes from",
                    header_behavior=OriginRequestHeaderBehavior.allow_list("CloudFront-Viewer-Country"),
                ),
                response_headers_policy=PageHeaders(self, "PageHeaders", names=self.names),
                viewer_protocol_policy=ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
                function_associations=[
                    FunctionAssociation(function=shell.function, event_type=FunctionEventType.VIEWER_REQUEST)
                ],
            ),
            paths={},
            limit=self._limit,
            logs=self._logs,
            host=self._domain,
            domain=self._domain,
            certificate=self._certificate or None,
        )
        accept_finding(
            distribution,
            "SEA_SINGLE_ORIGIN_DISTRIBUTION",
            reason="its function answers every request with the page; the origin, which must be named, is never asked",
        )
        be_impatient(distribution, origins=1)
        return distribution

    def _cached(self, role: str, age: Duration) -> CachePolicy:
        return CachePolicy(
            self,
            f"{role.title()}Cache",
            cache_policy_name=self.names.name(role),
            min_ttl=age,
            default_ttl=age,
            max_ttl=age,
        )
