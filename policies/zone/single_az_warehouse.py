"""See single_az_warehouse.md: why it matters, how to fix it, what is and is not flagged."""

from seawall.design import Design, Resource
from seawall.policy import Verdict, accepted, flagged, policy, undecided
from seawall.values import Unknown

AT = "MultiAZ"
FIX = "set MultiAZ: true, with two or more nodes of an ra3 type"


@policy(applies_to=("AWS::Redshift::Cluster", "AWS::RedshiftServerless::Workgroup"))
def single_az_warehouse(warehouse: Resource, design: Design) -> Verdict:
    """Data warehouse computes in a single availability zone."""
    if warehouse.type == "AWS::RedshiftServerless::Workgroup":
        return accepted("a serverless workgroup has subnets of several zones and moves on by itself")
    several, moves = warehouse.boolean(AT), warehouse.boolean("AvailabilityZoneRelocation")
    if several is True:
        return accepted("nodes in two zones answer queries, and those of one carry on", at=AT)
    if isinstance(several, Unknown):
        return undecided(several, at=AT, fix=FIX)
    if isinstance(moves, Unknown):
        return undecided(moves, at="AvailabilityZoneRelocation", fix=FIX)
    if moves is True:
        because, message = "the spare nodes of other zones", "it moves to another zone if that has nodes to spare"
        return undecided(because, at="AvailabilityZoneRelocation", message=message, fix=FIX)
    nodes = "its only node is" if warehouse.get("ClusterType") == "single-node" else "its nodes are all"
    message = f"{nodes} in one zone: no query is answered while that zone is lost"
    return flagged(message, fix=FIX, at=AT)
