"""See single_az_database.md: why it matters, how to fix it, what is and is not flagged."""

from seawall.design import Design, Resource
from seawall.policy import Verdict, accept_if, accepted, not_applicable, policy, undecided
from seawall.values import Unknown

FIX = "set MultiAZ: true"

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
    return accept_if(
        database,
        "MultiAZ",
        equals=True,
        otherwise="no standby waits in another zone: the loss of one zone takes it down until it is restored",
        fix=FIX,
        accepting=accepting,
    )
