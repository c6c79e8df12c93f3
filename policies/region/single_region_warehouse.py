"""See single_region_warehouse.md: why it matters, how to fix it, what is and is not flagged."""

from seawall.design import Design, Resource
from seawall.policy import Verdict, policy
from seawall.regions import RegionalCopy, backup_copies, is_elsewhere, judged_by_copies, named_region
from seawall.twins import twin_copies
from seawall.values import Unknown, Value, field

CLUSTER = "AWS::Redshift::Cluster"
NAMESPACE = "AWS::RedshiftServerless::Namespace"
PATHS = {CLUSTER: "DestinationRegion", NAMESPACE: "SnapshotCopyConfigurations"}


@policy(applies_to=(CLUSTER, NAMESPACE))
def single_region_warehouse(warehouse: Resource, design: Design) -> Verdict:
    """Warehouse has no copy in another region."""
    at = PATHS[warehouse.type]
    return judged_by_copies(
        [
            *(_copy(region, warehouse, at) for region in _destinations(warehouse, at)),
            *backup_copies(warehouse, design),
            *twin_copies(warehouse, design, name="DBName"),
        ],
        otherwise="its snapshots stay in its region: when the region fails nobody reaches the data",
        fix=f"set {at} to another region, or copy its backups there"
        if warehouse.type == CLUSTER
        else f"set {at} with the DestinationRegion of another region",
        at=at,
    )


def _destinations(warehouse: Resource, at: str) -> list[Value]:
    if warehouse.type == CLUSTER:
        region = warehouse.get(at)
        return [] if region in (None, "") else [region]
    copies = warehouse.items(at)
    return [copies] if isinstance(copies, Unknown) else [field(copy, "DestinationRegion") for copy in copies]


def _copy(region: Value, warehouse: Resource, at: str) -> RegionalCopy:
    where = named_region(region, warehouse.region)
    return RegionalCopy(is_elsewhere(region, warehouse.region), f"its snapshots are copied to {where}", at)
