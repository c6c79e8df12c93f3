"""See lone_cluster_member.md: why it matters, how to fix it, what is and is not flagged."""

from seawall.capacity import Count, counted, members_of
from seawall.design import Design, Resource
from seawall.placement import spread_of_subnets, spread_of_zones
from seawall.policy import Verdict, accepted, flagged, policy, undecided
from seawall.scaling import scaling_floor
from seawall.values import Unknown

CLUSTERS = ("AWS::RDS::DBCluster", "AWS::DocDB::DBCluster", "AWS::Neptune::DBCluster")


@policy(applies_to=CLUSTERS)
def lone_cluster_member(cluster: Resource, design: Design) -> Verdict:
    """Database cluster has no second instance in another availability zone."""
    by_itself = _spread_by_itself(cluster)
    if by_itself:
        return accepted(by_itself)
    members = members_of(cluster, design)
    fix = f"add a second {cluster.type.replace('DBCluster', 'DBInstance')} with this DBClusterIdentifier"
    evidence = (f"{cluster.id} → {', '.join(member.id for member in members)}",) if members else ()
    confined = _confined(cluster, members, design)
    if confined:
        message = f"its instances are all in one zone ({confined}): none is left when that zone is lost"
        return flagged(message, fix="spread its instances over zones", at=confined, evidence=evidence)
    if not members:
        return undecided("its instances", message="none of its instances is in the design", fix=fix)
    return _by_number(_with_scaling(cluster, members, design), fix, evidence)


def _by_number(count: Count, fix: str, evidence: tuple[str, ...]) -> Verdict:
    if count.at_least >= 2:
        message = "a second instance takes over when the writer's zone is lost"
        return accepted(message, evidence=evidence)
    if count.at_most >= 2:
        because = Unknown(count.because)
        message = f"whether it has a second instance depends on {because}"
        return undecided(because, message=message, fix=fix, evidence=evidence)
    message = "one instance serves it: reads and writes fail from the loss of its zone until a new one is made"
    return flagged(message, fix=fix, evidence=evidence)


def _spread_by_itself(cluster: Resource) -> str:
    if cluster.type != "AWS::RDS::DBCluster":
        return ""
    engine = cluster.get("Engine")
    if cluster.get("EngineMode") == "serverless":
        return "Aurora Serverless v1 moves to another zone by itself"
    other_engine = isinstance(engine, str) and not engine.startswith("aurora")
    if other_engine or cluster.get("DBClusterInstanceClass") is not None:
        return "a Multi-AZ DB cluster has a writer and two readers in three zones by itself"
    return ""


def _with_scaling(cluster: Resource, members: list[Resource], design: Design) -> Count:
    count = counted(members)
    replicas = scaling_floor(cluster, design)
    if isinstance(replicas, float):
        return Count(count.at_least + int(replicas), count.at_most + int(replicas), count.because)
    if isinstance(replicas, Unknown):
        return Count(count.at_least, count.at_most + 1, (*count.because, *replicas.because))
    return count


def _confined(cluster: Resource, members: list[Resource], design: Design) -> str:
    """The property that keeps every instance in one zone, empty where nothing does."""
    zones = cluster.get("AvailabilityZones")
    neptune = cluster.type == "AWS::Neptune::DBCluster"  # elsewhere the property places storage, not instances
    if neptune and zones is not None and spread_of_zones(zones, cluster, design).several is False:
        return "AvailabilityZones"
    placed = [member.get("AvailabilityZone") for member in members]
    if len(placed) > 1 and None not in placed and spread_of_zones(placed, cluster, design).several is False:
        return "AvailabilityZone"
    group = design.resolve(cluster.get("DBSubnetGroupName"), cluster.type.replace("DBCluster", "DBSubnetGroup"))
    if group is not None and spread_of_subnets(group.get("SubnetIds"), group, design).several is False:
        return "DBSubnetGroupName"
    return ""
