"""See single_region_file_system.md: why it matters, how to fix it, what is and is not flagged."""

from seawall.design import Design, Resource
from seawall.policy import Verdict, not_applicable, policy
from seawall.protection import holds_only_scratch
from seawall.regions import RegionalCopy, backup_copies, is_elsewhere, judged_by_copies, named_region
from seawall.values import Unknown, field, items, same

AT = "ReplicationConfiguration.Destinations.Region"
VOLUME = "AWS::EC2::Volume"
FIXES = {
    "AWS::EFS::FileSystem": f"set {AT}, or copy its backups to another region",
    VOLUME: "set CopyActions of the backup plan that selects it, or CrossRegionCopyRules of its snapshot policy",
}


@policy(applies_to=("AWS::EFS::FileSystem", "AWS::FSx::FileSystem", VOLUME))
def single_region_file_system(file_system: Resource, design: Design) -> Verdict:
    """File system or volume has no copy in another region."""
    if holds_only_scratch(file_system, design) is True:
        return not_applicable("a scratch file system holds nothing that has to last")
    if _is_copy(file_system, design):
        return not_applicable("it is itself a replica")
    efs = file_system.type == "AWS::EFS::FileSystem"
    return judged_by_copies(
        [*(_replicas(file_system) if efs else []), *backup_copies(file_system, design)],
        otherwise="no copy of it is in another region: when its region fails nobody reaches what it holds",
        fix=FIXES.get(file_system.type, "copy its backups to a vault in another region"),
        at=AT if efs else "",
    )


def _replicas(file_system: Resource) -> list[RegionalCopy]:
    destinations = items(file_system.get("ReplicationConfiguration.Destinations"))
    if isinstance(destinations, Unknown):
        return [RegionalCopy(destinations, "its replication", AT)]
    own = file_system.region
    regions = [field(destination, "Region") or own for destination in destinations]
    return [
        RegionalCopy(is_elsewhere(region, own), f"it is replicated to {named_region(region, own)}", AT)
        for region in regions
    ]


def _is_copy(file_system: Resource, design: Design) -> bool:
    overwritten = file_system.get("FileSystemProtection.ReplicationOverwriteProtection")
    named = [path for _, path in design.referrers(file_system) if path.startswith("ReplicationConfiguration.")]
    return bool(named) or same(overwritten, "DISABLED") is True
