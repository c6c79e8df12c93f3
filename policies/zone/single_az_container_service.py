"""See single_az_container_service.md: why it matters, how to fix it, what is and is not flagged."""

from seawall.capacity import groups_under, is_daemon
from seawall.design import Design, Resource
from seawall.placement import judged_by_spread, spread_of_groups, spread_of_subnets
from seawall.policy import Verdict, not_applicable, policy, undecided

SUBNETS = "NetworkConfiguration.AwsvpcConfiguration.Subnets"
FIX = "list private subnets of two or more zones"


@policy(applies_to="AWS::ECS::Service")
def single_az_container_service(service: Resource, design: Design) -> Verdict:
    """Container service runs in a single availability zone."""
    if is_daemon(service) or service.get("LaunchType") == "EXTERNAL":
        return not_applicable("its instances decide")
    if service.get("NetworkConfiguration") is None:
        return _on_instances(service, design)
    return judged_by_spread(
        spread_of_subnets(service.get(SUBNETS), service, design),
        at=SUBNETS,
        otherwise="all its tasks run in one zone and stop together when that zone is lost",
        fix=f"{FIX} in {SUBNETS}",
        accepting="its subnets lie in two zones or more",
    )


def _on_instances(service: Resource, design: Design) -> Verdict:
    groups = groups_under(service, design)
    if not groups:
        message = "its tasks run where its cluster's instances are, and these are not in the design"
        fix = "let its cluster's instances launch into two zones or more"
        return undecided("the instances of its cluster", at="Cluster", message=message, fix=fix)
    names = " and ".join(group.id for group in groups)
    return judged_by_spread(
        spread_of_groups(groups, design),
        at="Cluster",
        otherwise=f"all its tasks run on {names}, which launches into one zone",
        fix=f"{FIX} in VPCZoneIdentifier of {names}",
        accepting=f"it runs on {names}, which spans two zones or more",
    )
