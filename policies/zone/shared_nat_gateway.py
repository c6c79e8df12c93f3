"""See shared_nat_gateway.md: why it matters, how to fix it, what is and is not flagged."""

from seawall.design import Design, Resource
from seawall.placement import same_zone, spread_of_subnets, zone_of_subnet
from seawall.policy import Verdict, accepted, flagged, not_applicable, policy, undecided
from seawall.routing import subnets_routed_through
from seawall.values import Unknown, reasons

FIX = "make one NAT gateway for each zone's own route table, or set AvailabilityMode: regional"


@policy(applies_to="AWS::EC2::NatGateway")
def shared_nat_gateway(gateway: Resource, design: Design) -> Verdict:
    """NAT gateway of one zone carries the traffic of other zones."""
    mode = gateway.get("AvailabilityMode")
    if mode == "regional":
        return accepted("a regional NAT gateway is present in every zone", at="AvailabilityMode")
    subnets = subnets_routed_through(gateway, design)
    if not subnets:
        return not_applicable("no route table of the design sends traffic through it")
    spread = spread_of_subnets(subnets, gateway, design)
    zone = zone_of_subnet(gateway.get("SubnetId"), design)
    answers = [same_zone(zone, zone_of_subnet(subnet, design), design) for subnet in subnets]
    evidence = tuple(step.replace("→", "←", 1) for step in spread.evidence)
    if False in answers or spread.at_least >= 2:
        return flagged(
            "subnets of other zones leave through it: when its zone is lost, so is their way out",
            fix=FIX,
            at="SubnetId",
            evidence=evidence,
        )
    if all(answer is True for answer in answers):
        message = "only subnets of its own zone depend on it"
        return accepted(message, at="SubnetId", evidence=evidence)
    because = Unknown(reasons([*answers, mode]))
    message = f"whether subnets of other zones leave through it depends on {because}"
    return undecided(because, at="SubnetId", message=message, fix=FIX, evidence=evidence)
