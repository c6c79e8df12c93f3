"""See single_az_kubernetes_nodes.md: why it matters, how to fix it, what is and is not flagged."""

from seawall.design import Design, Resource
from seawall.placement import judged_by_spread, spread_of_subnets
from seawall.policy import Verdict, policy
from seawall.values import same

NODES = "AWS::EKS::Nodegroup"
AT = "Subnets"


@policy(applies_to=NODES)
def single_az_kubernetes_nodes(group: Resource, design: Design) -> Verdict:
    """Kubernetes nodes run in a single availability zone."""
    # One group for each zone is how volumes stay near their pods: the groups of a cluster count together.
    cluster = group.get("ClusterName")
    others = [other for other in design.of_type(NODES) if other.exists is True and other is not group]
    together = [group, *(other for other in others if same(other.get("ClusterName"), cluster) is True)]
    return judged_by_spread(
        spread_of_subnets([one.get(AT) for one in together], group, design),
        at=AT,
        otherwise="every node of the cluster is in one zone: no pod has a place to run when that zone is lost",
        fix=f"list subnets of two or more zones in {AT}, or add a group for another zone",
        accepting="the nodes of its cluster are in two zones or more",
    )
