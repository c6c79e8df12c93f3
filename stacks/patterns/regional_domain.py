"""The API's host names in one region: the one that all clients use, and the region's own."""

from aws_cdk.aws_apigateway import BasePathMapping, DomainName, EndpointType, RestApi, SecurityPolicy
from aws_cdk.aws_certificatemanager import Certificate, CertificateValidation
from aws_cdk.aws_route53 import CfnRecordSet, HostedZone
from constructs import Construct

from seawall_constructs.findings import accept_finding
from stacks.hosts import api_host, entry_host, regional_api_host, zone_name


def validation(scope: Construct, domain: str, zone_id: str | None) -> CertificateValidation:
    """Return how a certificate under `domain` is validated.

    CloudFormation writes the validating records itself where it knows the zone's id; without it a person copies them
    once from ACM into the zone, while the first deployment waits, and they serve every renewal.
    """
    if zone_id is None:
        return CertificateValidation.from_dns()
    zone = HostedZone.from_hosted_zone_attributes(scope, "Zone", hosted_zone_id=zone_id, zone_name=domain)
    return CertificateValidation.from_dns(zone)


class RegionalDomain(Construct):
    """Serves `api` under the common name and under one of its own, each with a record in the zone.

    Survives the loss of DNS changes: the records of a region lead to that region for good; which one the common name
    leads to is decided by health checks, not by a change.
    """

    def __init__(
        self, scope: Construct, name: str, *, api: RestApi, region: str, domain: str, zone_id: str | None
    ) -> None:
        super().__init__(scope, name)
        certificate = Certificate(
            self,
            "Certificate",
            domain_name=api_host(domain),
            subject_alternative_names=[regional_api_host(region, domain)],
            validation=validation(self, domain, zone_id),
        )
        hosts = {
            "Common": (api_host(domain), entry_host(region, domain)),
            "Regional": (regional_api_host(region, domain), regional_api_host(region, domain)),
        }
        for role, (host, record) in hosts.items():
            serving = DomainName(
                self,
                role,
                domain_name=host,
                certificate=certificate,
                endpoint_type=EndpointType.REGIONAL,
                security_policy=SecurityPolicy.TLS_1_2,
            )
            # Not the domain's own argument: it names the mapping after the stack, so that two regions would differ.
            BasePathMapping(self, f"{role}Path", domain_name=serving, rest_api=api)
            # The high-level record takes a zone by its id, which no stack knows by name.
            leads_here = CfnRecordSet(
                self,
                f"{role}Record",
                hosted_zone_name=zone_name(domain),
                name=record,
                type="A",
                alias_target=CfnRecordSet.AliasTargetProperty(
                    dns_name=serving.domain_name_alias_domain_name,
                    hosted_zone_id=serving.domain_name_alias_hosted_zone_id,
                    evaluate_target_health=False,
                ),
            )
            accept_finding(
                leads_here,
                "SEA_DNS_WITHOUT_FAILOVER",
                reason="it names this region on purpose; clients use the common name, which Recovery fails over",
            )
