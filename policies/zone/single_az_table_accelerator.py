"""See single_az_table_accelerator.md: why it matters, how to fix it, what is and is not flagged."""

from seawall.design import Design, Resource
from seawall.placement import spread_of_subnets, spread_of_zones
from seawall.policy import Verdict, accept_if, flagged, policy

AT = "ReplicationFactor"


@policy(applies_to="AWS::DAX::Cluster")
def single_az_table_accelerator(cluster: Resource, design: Design) -> Verdict:
    """DynamoDB accelerator runs in a single availability zone."""
    confined = _confined(cluster, design)
    if confined:
        return flagged(
            "all its nodes are in one zone: requests through it fail while that zone is lost",
            fix=f"spread its nodes over zones in {confined}",
            at=confined,
        )
    return accept_if(
        cluster,
        AT,
        at_least=2,
        otherwise="a single node is all there is: requests through it fail while its zone is lost",
        fix="set ReplicationFactor: 3",
        accepting="its nodes are spread over zones, and one of them takes over",
        # A list of zones is as long as there are nodes: then both change together.
        sets={AT: 3} if cluster.get("AvailabilityZones") is None else None,
    )


def _confined(cluster: Resource, design: Design) -> str:
    """The property that keeps every node in one zone, empty where nothing does."""
    factor, zones = cluster.number(AT), cluster.get("AvailabilityZones")
    several = not isinstance(factor, float) or factor >= 2
    if several and zones is not None and spread_of_zones(zones, cluster, design).several is False:
        return "AvailabilityZones"
    group = design.resolve(cluster.get("SubnetGroupName"), "AWS::DAX::SubnetGroup")
    if group is not None and spread_of_subnets(group.get("SubnetIds"), group, design).several is False:
        return "SubnetGroupName"
    return ""
