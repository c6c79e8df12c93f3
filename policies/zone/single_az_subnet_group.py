"""See single_az_subnet_group.md: why it matters, how to fix it, what is and is not flagged."""

from seawall.design import Design, Resource
from seawall.placement import judged_by_spread, spread_of_subnets
from seawall.policy import Verdict, policy

GROUPS = (
    "AWS::RDS::DBSubnetGroup",
    "AWS::DocDB::DBSubnetGroup",
    "AWS::Neptune::DBSubnetGroup",
    "AWS::ElastiCache::SubnetGroup",
    "AWS::MemoryDB::SubnetGroup",
    "AWS::DAX::SubnetGroup",
    "AWS::DMS::ReplicationSubnetGroup",
    "AWS::Redshift::ClusterSubnetGroup",
)


@policy(applies_to=GROUPS)
def single_az_subnet_group(group: Resource, design: Design) -> Verdict:
    """Subnet group lies in a single availability zone."""
    return judged_by_spread(
        spread_of_subnets(group.get("SubnetIds"), group, design),
        at="SubnetIds",
        otherwise="its subnets lie in one zone: whatever uses it has nowhere to go when that zone is lost",
        fix="list subnets of two or more zones in SubnetIds",
        accepting="its subnets lie in two zones or more",
    )
