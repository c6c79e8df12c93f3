"""See single_region_database.md: why it matters, how to fix it, what is and is not flagged."""

from seawall.design import Design, Resource
from seawall.policy import Verdict, not_applicable, policy
from seawall.protection import CLUSTERS, INSTANCE, is_member_or_replica
from seawall.regions import backup_copies, database_copies, judged_by_copies


@policy(applies_to=(INSTANCE, *CLUSTERS))
def single_region_database(database: Resource, design: Design) -> Verdict:
    """Database has no copy in another region."""
    elsewhere = is_member_or_replica(database)
    if elsewhere:
        return not_applicable(elsewhere)
    instance = database.type == INSTANCE
    return judged_by_copies(
        [*database_copies(database, design), *backup_copies(database, design)],
        otherwise="no copy of it is in another region: when its region fails nobody reaches the data",
        fix=(
            "set AutomaticBackupReplicationRegion, add a replica in another region, or copy its backups there"
            if instance
            else "join a global cluster with a member in another region, or copy its backups there"
        ),
        at="AutomaticBackupReplicationRegion" if instance else "GlobalClusterIdentifier",
    )
