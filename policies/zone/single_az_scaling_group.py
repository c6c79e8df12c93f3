"""See single_az_scaling_group.md: why it matters, how to fix it, what is and is not flagged."""

from seawall.design import Design, Resource
from seawall.placement import judged_by_spread, spread_of_group
from seawall.policy import Verdict, policy


@policy(applies_to="AWS::AutoScaling::AutoScalingGroup")
def single_az_scaling_group(group: Resource, design: Design) -> Verdict:
    """Auto Scaling group launches into a single availability zone."""
    subnets = group.get("VPCZoneIdentifier") is not None
    return judged_by_spread(
        spread_of_group(group, design),
        at="VPCZoneIdentifier" if subnets else "AvailabilityZones",
        otherwise="it launches into one zone only: when that zone is lost, so are all its instances",
        fix="list subnets of two or more zones in VPCZoneIdentifier",
        accepting="it launches into two zones or more",
    )
