"""See single_az_transit_attachment.md: why it matters, how to fix it, what is and is not flagged."""

from seawall.design import Design, Resource
from seawall.networks import judged_in_its_network
from seawall.placement import spread_of_subnets
from seawall.policy import Verdict, policy

CLOUD_WAN = "AWS::NetworkManager::VpcAttachment"


@policy(applies_to=("AWS::EC2::TransitGatewayAttachment", "AWS::EC2::TransitGatewayVpcAttachment", CLOUD_WAN))
def single_az_transit_attachment(attachment: Resource, design: Design) -> Verdict:
    """Network joins the transit gateway in a single availability zone."""
    at = "SubnetArns" if attachment.type == CLOUD_WAN else "SubnetIds"
    subnets = attachment.get(at)
    return judged_in_its_network(
        spread_of_subnets(subnets, attachment, design),
        subnets,
        attachment,
        design,
        at=at,
        otherwise="it enters the network in one zone: no other zone is reached through it, and none when it is lost",
        fix=f"list one subnet of each zone that the network uses in {at}",
        accepting="it enters the network in two zones or more",
    )
