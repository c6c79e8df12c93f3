"""See single_az_load_balancer.md: why it matters, how to fix it, what is and is not flagged."""

from seawall.design import Design, Resource
from seawall.placement import judged_by_spread, spread_of_subnets, spread_of_zones
from seawall.policy import Verdict, accepted, policy
from seawall.subnet_lists import subnets_in
from seawall.zone_proofs import is_application


@policy(applies_to=("AWS::ElasticLoadBalancingV2::LoadBalancer", "AWS::ElasticLoadBalancing::LoadBalancer"))
def single_az_load_balancer(load_balancer: Resource, design: Design) -> Verdict:
    """Load balancer stands in a single availability zone."""
    names = ("SubnetMappings", "Subnets", "AvailabilityZones")
    at = next((name for name in names if load_balancer.get(name) not in (None, [])), "Subnets")
    value = subnets_in(load_balancer.get(at))
    spread = (spread_of_zones if at == "AvailabilityZones" else spread_of_subnets)(value, load_balancer, design)
    if is_application(load_balancer) and spread.several is not False:
        return accepted(
            "an Application Load Balancer stands in two zones or more: the API refuses less",
            at=at,
            evidence=spread.evidence,
        )
    return judged_by_spread(
        spread,
        at=at,
        otherwise="it stands in one zone: nobody reaches what is behind it when that zone is lost",
        fix=f"list subnets of two or more zones in {'Subnets' if at == 'AvailabilityZones' else at}",
        accepting="it stands in two zones or more",
    )
