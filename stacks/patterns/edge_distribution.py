"""A distribution as both of the drive's are: limited, logged, over TLS only, with a record where there is a domain."""

from collections.abc import Mapping

from aws_cdk.aws_certificatemanager import ICertificate
from aws_cdk.aws_cloudfront import (
    BehaviorOptions,
    Distribution,
    ErrorResponse,
    HttpVersion,
    SecurityPolicyProtocol,
)
from aws_cdk.aws_route53 import CfnRecordSet
from aws_cdk.aws_route53_targets import CloudFrontTarget
from aws_cdk.aws_s3 import IBucket
from constructs import Construct

from seawall_constructs.findings import accept_finding
from stacks.hosts import zone_name


class EdgeDistribution(Distribution):
    """Serves `host` of `domain` when there is one, and CloudFront's own name otherwise.

    Survives one greedy client: the web ACL `limit` answers its address 429.
    """

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        comment: str,
        default: BehaviorOptions,
        paths: Mapping[str, BehaviorOptions],
        limit: str,
        logs: IBucket,
        host: str | None,
        domain: str | None,
        certificate: ICertificate | None,
        errors: list[ErrorResponse] | None = None,
    ) -> None:
        super().__init__(
            scope,
            name,
            comment=comment,
            default_behavior=default,
            additional_behaviors=dict(paths),
            error_responses=errors,
            web_acl_id=limit,
            enable_logging=True,
            log_bucket=logs,
            log_file_prefix=f"{name.lower()}/",
            domain_names=[host] if host else None,
            certificate=certificate,
            # CloudFront's own certificate comes with its own, lower minimum, and refuses another.
            minimum_protocol_version=SecurityPolicyProtocol.TLS_V1_2_2021 if certificate else None,
            http_version=HttpVersion.HTTP2_AND_3,
            enable_ipv6=True,
        )
        accept_finding(self, "AwsSolutions-CFR1", reason="customers are everywhere; a lever can turn countries off")
        accept_finding(
            self,
            "Annotation::@aws-cdk/aws-cloudfront-origins:updateImportedBucketPolicyOac",
            reason="each bucket lets the distributions of this account in by itself, in its own stack",
        )
        if host and domain:
            self._record(host, domain)
            return
        accept_finding(self, "AwsSolutions-CFR4", reason="without a domain there is only CloudFront's own certificate")

    def _record(self, host: str, domain: str) -> None:
        for kind in ("A", "AAAA"):
            # The high-level record takes a zone by its id, which no stack knows by name.
            CfnRecordSet(
                self,
                kind,
                hosted_zone_name=zone_name(domain),
                name=host,
                type=kind,
                alias_target=CfnRecordSet.AliasTargetProperty(
                    dns_name=self.distribution_domain_name,
                    hosted_zone_id=CloudFrontTarget.CLOUDFRONT_ZONE_ID,
                ),
            )
