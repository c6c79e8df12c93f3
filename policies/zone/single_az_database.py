"""See single_az_database.md: why it matters, how to fix it, what is and is not flagged."""

from seawall.design import Design, Resource
from seawall.policy import Verdict, accept_if, not_applicable, policy


@policy(applies_to="AWS::RDS::DBInstance")
def single_az_database(database: Resource, design: Design) -> Verdict:
    """Database runs in a single availability zone."""
    if database.get("DBClusterIdentifier") or _is_aurora(database):
        return not_applicable("its cluster decides")
    if database.get("SourceDBInstanceIdentifier") or database.get("SourceDBClusterIdentifier"):
        return not_applicable("a read replica is a copy: its source decides")
    return accept_if(
        database,
        "MultiAZ",
        equals=True,
        otherwise="one zone's power or network takes it down until it is restored elsewhere",
        fix="set MultiAZ: true",
        accepting="a standby in another zone takes over by itself",
    )


def _is_aurora(database: Resource) -> bool:
    engine = database.get("Engine")
    return isinstance(engine, str) and engine.startswith("aurora")
