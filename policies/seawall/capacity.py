"""How many copies of something run, and what they run on: cluster members, tasks and their instances."""

from __future__ import annotations

from typing import NamedTuple

from seawall.design import Design, Resource
from seawall.subnet_lists import elements_of
from seawall.values import Unknown, Value, field, number, reasons


class Count(NamedTuple):
    """How many there are at least and at most, and what decides where these differ."""

    at_least: int
    at_most: int
    because: tuple[str, ...] = ()


def members_of(cluster: Resource, design: Design) -> list[Resource]:
    """The instances of a database cluster that exist or may exist here."""
    family = cluster.type.rsplit("::", 1)[0]
    by_cluster = design.once(("members", family), lambda: _members_by_cluster(family, design))
    found: list[Resource] = by_cluster.get(cluster.key, [])
    return found


def _members_by_cluster(family: str, design: Design) -> dict[tuple[str, str], list[Resource]]:
    found: dict[tuple[str, str], list[Resource]] = {}
    for instance in design.of_type(f"{family}::DBInstance"):
        cluster = design.resolve(instance.get("DBClusterIdentifier"), f"{family}::DBCluster")
        if cluster is not None:
            found.setdefault(cluster.key, []).append(instance)
    return found


def counted(resources: list[Resource]) -> Count:
    """How many of these resources exist."""
    surely = sum(1 for resource in resources if resource.exists is True)
    return Count(surely, len(resources), reasons([resource.exists for resource in resources]))


def capacity_of(group: Resource) -> float | Unknown | None:
    """The instances that an Auto Scaling group starts with: the desired capacity, or else the minimum."""
    minimum, desired = group.number("MinSize"), group.number("DesiredCapacity")
    if group.number("MaxSize") == 1:
        return min(1, minimum) if isinstance(minimum, float) and desired is None else 1
    if desired is None:
        return minimum
    if isinstance(desired, Unknown) and isinstance(minimum, float) and minimum >= 2:
        return minimum
    return desired


def is_behind_load_balancer(group: Resource, design: Design) -> bool | Unknown:
    """Whether a load balancer sends requests to an Auto Scaling group; unknown where a whole list is."""
    lists = [group.get(name) for name in ("TargetGroupARNs", "LoadBalancerNames", "TrafficSources")]
    single, unbounded = elements_of(lists, design)
    if single:
        return True
    return Unknown(reasons(unbounded)) if unbounded else False


def is_daemon(service: Resource) -> bool:
    """Whether an ECS service runs one task on every instance, so that nobody sets how many."""
    return bool(service.get("SchedulingStrategy") == "DAEMON")


def groups_under(service: Resource, design: Design) -> list[Resource]:
    """The Auto Scaling groups whose instances an ECS service runs on, as far as the design shows them."""
    cluster = design.resolve(service.get("Cluster"), "AWS::ECS::Cluster")
    strategy = service.items("CapacityProviderStrategy")
    names = [field(item, "CapacityProvider") for item in strategy] if isinstance(strategy, list) else []
    if not names and cluster is not None:
        providers = cluster.get("CapacityProviders")
        names = providers if isinstance(providers, list) else []
        for association in design.of_type("AWS::ECS::ClusterCapacityProviderAssociations"):
            if design.resolve(association.get("Cluster")) is cluster:
                providers = association.get("CapacityProviders")
                names = [*names, *(providers if isinstance(providers, list) else [])]
    groups = [group for name in names if (group := _group_of_provider(name, design)) is not None]
    return groups or (_groups_that_join(cluster, design) if cluster is not None else [])


def _group_of_provider(name: Value, design: Design) -> Resource | None:
    provider = design.resolve(name, "AWS::ECS::CapacityProvider")
    if provider is None:
        return None
    arn = provider.get("AutoScalingGroupProvider.AutoScalingGroupArn")
    return design.resolve(arn, "AWS::AutoScaling::AutoScalingGroup")


def _groups_that_join(cluster: Resource, design: Design) -> list[Resource]:
    """Groups whose launch template writes the cluster's name into its user data."""
    templates = {other.key for other, _ in design.referrers(cluster) if "::Launch" in other.type}
    if not templates:
        return []
    return [
        group
        for group in design.of_type("AWS::AutoScaling::AutoScalingGroup")
        if any(target in templates for target, _ in group.references())
    ]


def nodes_of_cache(cache: Resource) -> tuple[float | Unknown | None, str]:
    """The nodes of each shard of a replication group (``None``: not said), and the property that says so."""
    if cache.get("NumCacheClusters") is not None:
        return cache.number("NumCacheClusters"), "NumCacheClusters"
    shards = cache.get("NodeGroupConfiguration")
    counts = [number(field(shard, "ReplicaCount")) for shard in shards] if isinstance(shards, list) else []
    known = [count for count in counts if isinstance(count, float)]
    if known:
        return 1 + min(known), "NodeGroupConfiguration"
    replicas = cache.number("ReplicasPerNodeGroup")
    if isinstance(replicas, Unknown):
        return replicas, "ReplicasPerNodeGroup"
    if replicas is not None:
        return 1 + replicas, "ReplicasPerNodeGroup"
    return (1.0 if cache.get("NumNodeGroups") is not None else None), "ReplicasPerNodeGroup"
