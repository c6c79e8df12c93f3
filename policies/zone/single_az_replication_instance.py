"""See single_az_replication_instance.md: why it matters, how to fix it, what is and is not flagged."""

from seawall.design import Design, Resource
from seawall.policy import Verdict, accept_if, policy


@policy(applies_to="AWS::DMS::ReplicationInstance")
def single_az_replication_instance(instance: Resource, design: Design) -> Verdict:
    """Replication instance runs in a single availability zone."""
    placed = instance.get("AvailabilityZone") is not None  # the API takes no zone together with a standby
    return accept_if(
        instance,
        "MultiAZ",
        equals=True,
        otherwise="no standby waits in another zone: replication stops when its zone is lost, and the source "
        "may drop the changes from its log before it goes on",
        fix="set MultiAZ: true" + (" and leave AvailabilityZone out" if placed else ""),
        accepting="a standby in another zone carries on",
        sets=None if placed else {"MultiAZ": True},
    )
