"""See single_az_function.md: why it matters, how to fix it, what is and is not flagged."""

from seawall.design import Design, Resource
from seawall.placement import judged_by_spread, spread_of_subnets
from seawall.policy import Verdict, not_applicable, policy

AT = "VpcConfig.SubnetIds"


@policy(applies_to="AWS::Lambda::Function")
def single_az_function(function: Resource, design: Design) -> Verdict:
    """Function in a VPC runs in a single availability zone."""
    subnets = function.get(AT)
    if subnets in (None, [], ""):
        return not_applicable("outside a VPC a function runs in several zones by itself")
    return judged_by_spread(
        spread_of_subnets(subnets, function, design),
        at=AT,
        otherwise="all its subnets are in one zone: it cannot be invoked while that zone is lost",
        fix=f"list subnets of two or more zones in {AT}",
        accepting="its subnets lie in two zones or more",
    )
