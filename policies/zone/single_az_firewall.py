"""See single_az_firewall.md: why it matters, how to fix it, what is and is not flagged."""

from seawall.design import Design, Resource
from seawall.networks import judged_in_its_network
from seawall.placement import spread_of_subnets, spread_of_zones
from seawall.policy import Verdict, policy, undecided
from seawall.subnet_lists import subnets_in
from seawall.values import Unknown, Value, field

FIREWALL = "AWS::NetworkFirewall::Firewall"
SUBNETS, ZONES = "SubnetMappings", "AvailabilityZoneMappings"


@policy(applies_to=FIREWALL)
def single_az_firewall(firewall: Resource, design: Design) -> Verdict:
    """Network firewall has an endpoint in a single availability zone."""
    at = ZONES if firewall.get(ZONES) not in (None, []) else SUBNETS
    fix = f"list a zone more in {ZONES}" if at == ZONES else f"list subnets of two or more zones in {SUBNETS}"
    places = _places(firewall, at, design)
    if places in (None, []):
        return undecided("who gives it endpoints", at=at, message="it names no subnet and no zone here", fix=fix)
    spread = (spread_of_zones if at == ZONES else spread_of_subnets)(places, firewall, design)
    return judged_in_its_network(
        spread,
        None if at == ZONES else places,
        firewall,
        design,
        at=at,
        otherwise="it has an endpoint in one zone only: when that zone is lost, nothing of any zone passes it",
        fix=fix,
        accepting="it has endpoints in two zones or more",
    )


def _places(firewall: Resource, at: str, design: Design) -> Value:
    listed = firewall.get(at)
    if at == ZONES:
        zones = firewall.items(ZONES)
        return zones if isinstance(zones, Unknown) else [field(zone, "AvailabilityZone") for zone in zones]
    further = [
        association.get("SubnetMapping.SubnetId")
        for association in design.of_type("AWS::NetworkFirewall::VpcEndpointAssociation")
        if association.exists is True and design.resolve(association.get("FirewallArn"), FIREWALL) is firewall
    ]
    subnets = subnets_in(firewall.items(SUBNETS) if isinstance(listed, dict) else listed)
    return [subnets, *further] if further else subnets
