"""See single_az_database.md: why it matters, how to fix it, what is and is not flagged."""

from seawall.design import Design, Resource
from seawall.policy import Verdict, accept_if, accepted, not_applicable, policy, undecided
from seawall.values import Unknown

FIX = "set MultiAZ: true"

ALONE = ("sqlserver-ex", "sqlserver-web", "custom-")

ELSEWHERE = {
    "DBClusterIdentifier": "its cluster decides",
    "SourceDBInstanceIdentifier": "a read replica is a copy: its source decides",
    "SourceDBClusterIdentifier": "a read replica is a copy: its source decides",
}


@policy(applies_to="AWS::RDS::DBInstance")
def single_az_database(database: Resource, design: Design) -> Verdict:
    """Database runs in a single availability zone."""
    accepting = "a standby in another zone takes over by itself"
    engine = database.get("Engine")
    if isinstance(engine, str) and engine.startswith("aurora"):
        return not_applicable("its cluster decides")
    for name, why in ELSEWHERE.items():
        value = database.get(name)
        if isinstance(value, Unknown) and value.identity is None:  # a condition that nobody can tell
            multi_az = database.boolean("MultiAZ") is True
            return accepted(accepting, at="MultiAZ") if multi_az else undecided(value, at=name, fix=FIX)
        if value:
            return not_applicable(why)
    placed = database.get("AvailabilityZone") is not None  # the API takes no zone together with a standby
    return accept_if(
        database,
        "MultiAZ",
        equals=True,
        otherwise="no standby waits in another zone: the loss of one zone takes it down until it is restored",
        fix=FIX + (" and leave AvailabilityZone out" if placed else ""),
        accepting=accepting,
        # Not every edition of SQL Server takes a standby.
        sets=None if placed or str(engine).startswith(ALONE) else {"MultiAZ": True},
    )
