"""See single_az_database.md: why it matters, how to fix it, what is and is not flagged."""

from seawall.design import Design, Resource
from seawall.policy import Verdict, accept_if, not_applicable, policy


@policy(applies_to="AWS::RDS::DBInstance")
def single_az_database(database: Resource, design: Design) -> Verdict:
    """Database runs in a single availability zone."""
    if database.get("DBClusterIdentifier") or database.get("SourceDBInstanceIdentifier"):
        return not_applicable("its cluster or its source decides")
    return accept_if(
        database,
        "MultiAZ",
        equals=True,
        otherwise="one zone's power or network takes it down until it is restored elsewhere",
        fix="set MultiAZ: true",
    )
