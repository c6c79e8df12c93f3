"""What moves clients out of a lost region: DNS, health checks, and the role of those who decide it.

Survives the loss of a region: clients are led to the other one by health checks; no record has to be changed.
Survives the loss of the control planes in us-east-1: a recovery is a write of an item, and the operator is denied more.
Survives a false alarm: unless `failover_mode` is automatic, only a person's word moves traffic.
Survives both regions failing their checks: then DNS leads to both, as if none had failed.
Survives a long outage of us-east-1: DNS records can be changed again within about an hour, should that be needed.
Survives its stack: the zone stays when the stack is deleted.
"""

from collections.abc import Mapping, Sequence

from aws_cdk import CfnOutput, Duration
from aws_cdk.aws_route53 import CnameRecord, PublicHostedZone
from constructs import Construct

from stacks.hosts import api_host, entry_host
from stacks.names import Names
from stacks.patterns.operator_role import OperatorRole
from stacks.patterns.region_health import ObservedHealth, RegionHealth
from stacks.patterns.regional_stack import RegionalStack

TTL = Duration.seconds(60)
"""How long clients keep an address: shorter multiplies the queries, longer the time in a lost region."""


class Recovery(RegionalStack):
    """One zone, one record for each region, one role. It needs nothing but the names, so it can be deployed first.

    `traffic` is the weight of each region's record. Without a domain nothing moves clients by itself: they read both
    regions' addresses from the edge, and the switch, the health checks and the role are there all the same.
    """

    operator: OperatorRole

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        names: Names,
        region: str,
        disposable: bool,
        data_regions: Sequence[str],
        observer: str,
        traffic: Mapping[str, int],
        failover_mode: str,
        domain: str | None = None,
    ) -> None:
        super().__init__(scope, name, names=names, region=region, disposable=disposable)
        self._data_regions = data_regions
        self.operator = OperatorRole(self, "Operator", names=names, data_regions=data_regions, observer=observer)
        if domain:
            self._lead_clients(domain, traffic, automatic=failover_mode == "automatic")
            return
        for served, peer in self._pairs():
            ObservedHealth(self, _construct_id(served), names=names, peer=peer)

    def _pairs(self) -> list[tuple[str, str]]:
        first, second = self._data_regions
        return [(first, second), (second, first)]

    def _lead_clients(self, domain: str, traffic: Mapping[str, int], *, automatic: bool) -> None:
        zone = PublicHostedZone(self, "Zone", zone_name=domain, accelerated_recovery_enabled=True)
        zone.apply_removal_policy(self.data_removal)
        # For the registrar, and for cdk.json: certificates are then validated without a person.
        CfnOutput(self, "ZoneId", value=zone.hosted_zone_id)
        for served, peer in self._pairs():
            health = RegionHealth(
                self, _construct_id(served), region=served, peer=peer, domain=domain, automatic=automatic
            )
            CnameRecord(
                self,
                f"{_construct_id(served)}Record",
                zone=zone,
                record_name=api_host(domain),
                domain_name=entry_host(served, domain),
                set_identifier=served,
                weight=traffic[served],
                health_check=health.serving,
                ttl=TTL,
            )


def _construct_id(region: str) -> str:
    return "".join(part.title() for part in region.split("-"))
