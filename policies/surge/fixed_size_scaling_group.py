"""See fixed_size_scaling_group.md: why it matters, how to fix it, what is and is not flagged."""

from seawall.design import Design, Resource
from seawall.policy import Verdict, accepted, flagged, not_applicable, policy, undecided
from seawall.scaling import GROUP, Scaling, group_scaling
from seawall.values import Unknown, leaves, reasons, same

NODE_GROUP = "AWS::EKS::Nodegroup"
POLICY = "add an AWS::AutoScaling::ScalingPolicy for the group"
FIX = f"set MaxSize above the MinSize and {POLICY}"
NODE_FIX = "set ScalingConfig.MaxSize above the ScalingConfig.MinSize and run a cluster autoscaler"
INSIDE = "a cluster autoscaler inside the cluster"
NUMBERS = ("MinSize", "MaxSize", "DesiredCapacity")
FILLED = "whoever sets its capacity later"


@policy(applies_to=(GROUP, NODE_GROUP))
def fixed_size_scaling_group(group: Resource, design: Design) -> Verdict:
    """Auto Scaling group does not grow."""
    at = "MaxSize" if group.type == GROUP else "ScalingConfig.MaxSize"
    most = group.number(at)
    if isinstance(most, float) and most <= 1:
        return not_applicable("it is meant to run one instance, which lone_scaling_group judges")
    if group.type == NODE_GROUP:
        return _nodes(group, most, design)
    scaling = group_scaling(group, design)
    pinned = _pinned(group, "MinSize", at)
    if pinned is True and isinstance(most, float):
        problem = f"MinSize and MaxSize are both {most:g}: it never starts another instance, however much arrives"
        return flagged(problem, fix=FIX, at=at, evidence=scaling.evidence)
    if scaling.answer is False and (_starts_empty(group) or group.is_left_to_others(*NUMBERS)):
        return undecided(FILLED, at=at, message=f"how many instances it runs is left to {FILLED}", fix=FIX)
    if scaling.answer is False and not _is_kubernetes(group) and not isinstance(most, Unknown):
        problem = f"{scaling.why}: it stays at the size it was given, however much arrives"
        return flagged(problem, fix=POLICY if pinned is False else FIX, at=at)
    return _growing(group, scaling, pinned if scaling.answer else most, at)


def _starts_empty(group: Resource) -> bool:
    return group.number("MinSize") == 0 and group.number("DesiredCapacity") in (None, 0)


def _growing(group: Resource, scaling: Scaling, size: object, at: str) -> Verdict:
    inside = Unknown((INSIDE,)) if scaling.answer is False and _is_kubernetes(group) else None
    unknown = [value for value in (inside, scaling.answer, size) if isinstance(value, Unknown)]
    if not unknown:
        return accepted("it grows with the load", at=at, evidence=scaling.evidence)
    message = f"whether it grows with the load depends on {' and '.join(reasons(unknown))}"
    return undecided(Unknown(reasons(unknown)), at=at, message=message, fix=FIX, evidence=scaling.evidence)


def _pinned(group: Resource, least_at: str, most_at: str) -> bool | Unknown:
    """Whether the smallest size is the largest; two sizes that are left open under two names are meant to differ."""
    least, most = group.get(least_at), group.get(most_at)
    if least is None or most is None:
        return False
    answer = same(least, most)
    return answer if not (isinstance(least, Unknown) and isinstance(most, Unknown)) else answer is True


def _nodes(group: Resource, most: float | Unknown | None, design: Design) -> Verdict:
    at = "ScalingConfig.MaxSize"
    scaler = _autoscaler(design)
    if scaler is not None:
        return accepted(f"{scaler.id} adds nodes to the cluster", at=at, evidence=(f"{group.id} ← {scaler.id}",))
    if _pinned(group, "ScalingConfig.MinSize", at) is True and isinstance(most, float):
        problem = f"its smallest and largest size are both {most:g}: no node is added, however much arrives"
        return flagged(problem, fix=NODE_FIX, at=at)
    message = "whether it grows is left to a cluster autoscaler, which stands in no template here"
    return undecided(INSIDE, at=at, message=message, fix=NODE_FIX)


def _is_kubernetes(group: Resource) -> bool:
    tags = group.tags
    return isinstance(tags, dict) and any(name.startswith(("kubernetes.io/cluster/", "k8s.io/")) for name in tags)


def _autoscaler(design: Design) -> Resource | None:
    """A chart of Cluster Autoscaler or Karpenter, or a cluster in automatic mode."""
    for cluster in design.of_type("AWS::EKS::Cluster"):
        if cluster.boolean("ComputeConfig.Enabled") is True:
            return cluster
    for chart in design.of_type("Custom::AWSCDK-EKS-HelmChart", "helm_release"):
        names = [str(leaf).lower() for name in ("Chart", "Release") for leaf in leaves(chart.get(name))]
        if any("karpenter" in name or "cluster-autoscaler" in name for name in names):
            return chart
    return None
