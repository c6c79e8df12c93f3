"""See single_az_memory_database.md: why it matters, how to fix it, what is and is not flagged."""

from seawall.design import Design, Resource
from seawall.placement import spread_of_subnets
from seawall.policy import Verdict, accept_if, flagged, policy

AT = "NumReplicasPerShard"
DEFAULT = 1
"""Replicas of a shard where nothing is said (MemoryDB API reference, CreateCluster; Terraform likewise)."""


@policy(applies_to="AWS::MemoryDB::Cluster")
def single_az_memory_database(cluster: Resource, design: Design) -> Verdict:
    """In-memory database has no replica in a second availability zone."""
    group = design.resolve(cluster.get("SubnetGroupName"), "AWS::MemoryDB::SubnetGroup")
    if group is not None and spread_of_subnets(group.get("SubnetIds"), group, design).several is False:
        return flagged(
            "its subnets lie in one zone, and so do primaries and replicas: nothing answers while that zone is lost",
            fix="list subnets of two or more zones in SubnetIds of the AWS::MemoryDB::SubnetGroup",
            at="SubnetGroupName",
        )
    return accept_if(
        cluster,
        AT,
        at_least=1,
        default=DEFAULT,
        otherwise="its shards have no replica: reads and writes fail until a node is made anew in another zone "
        "and has read the whole transaction log",
        fix="set NumReplicasPerShard: 1",
        accepting="a replica in another zone takes over by itself",
        sets={AT: 1},
    )
