"""See fixed_capacity_table.md: why it matters, how to fix it, what is and is not flagged."""

from collections.abc import Iterator

from seawall.design import Design, Resource
from seawall.policy import Verdict, accepted, flagged, not_applicable, policy, undecided
from seawall.scaling import OUTSIDE, Scaling, scaling_of
from seawall.values import Unknown, field, items, reasons

TABLE = "AWS::DynamoDB::Table"
GLOBAL_TABLE = "AWS::DynamoDB::GlobalTable"
MODE = "BillingMode"
FIX = "set BillingMode: PAY_PER_REQUEST and leave ProvisionedThroughput out, or register scalable targets with policies"
KINDS = {"ReadCapacityUnits": "reads", "WriteCapacityUnits": "writes"}


@policy(applies_to=(TABLE, GLOBAL_TABLE))
def fixed_capacity_table(table: Resource, design: Design) -> Verdict:
    """Table has a fixed capacity."""
    mode = table.get(MODE)
    if isinstance(mode, Unknown):
        return undecided(mode, at=MODE, fix=FIX)
    if mode == "PAY_PER_REQUEST":
        return accepted("it takes as many requests as come", at=MODE)
    if _holds_locks(table):
        return not_applicable("it holds the locks of a Terraform state")
    parts = list(_replicas(table) if table.type == GLOBAL_TABLE else _provisioned(table, design))
    if table.is_left_to_others("ProvisionedThroughput", "GlobalSecondaryIndexes"):
        parts = [(name, scaling._replace(answer=scaling.answer or OUTSIDE)) for name, scaling in parts]
    fixed = [(name, scaling) for name, scaling in parts if scaling.answer is False]
    if fixed:
        name, scaling = fixed[0]
        alike = [one for one, other in fixed if other.why == scaling.why]
        both = " and ".join(alike[:2])
        problem = f"nothing raises {both} ({scaling.why}): a surge beyond the provisioned capacity is throttled"
        return flagged(problem, fix=FIX, at=_place(name), evidence=scaling.evidence)
    unknown = [scaling.answer for _, scaling in parts if isinstance(scaling.answer, Unknown)]
    if unknown:
        return undecided(Unknown(reasons(unknown)), message=_doubt(unknown), at=_place(parts[0][0]), fix=FIX)
    evidence = tuple(dict.fromkeys(step for _, scaling in parts for step in scaling.evidence))
    return accepted("its capacity follows the load", at=_place("its"), evidence=evidence)


def _doubt(unknown: list[Unknown]) -> str:
    return f"whether its capacity follows the load depends on {' and '.join(reasons(unknown))}"


def _place(name: str) -> str:
    return "ProvisionedThroughput" if name.startswith("its") else "GlobalSecondaryIndexes"


def _holds_locks(table: Resource) -> bool:
    return any(name == "LockID" for name in table.values_at("KeySchema.AttributeName"))


def _provisioned(table: Resource, design: Design) -> Iterator[tuple[str, Scaling]]:
    for unit, name in KINDS.items():
        yield f"its {name}", scaling_of(table, f"dynamodb:table:{unit}", design)
    indexes = items(table.get("GlobalSecondaryIndexes"))
    if isinstance(indexes, Unknown):
        yield "indexes", Scaling(indexes)
        return
    for index in indexes:
        called = field(index, "IndexName")
        for unit, name in KINDS.items():
            if isinstance(called, str):
                scaling = scaling_of(table, f"dynamodb:index:{unit}", design, called)
                yield f"the {name} of index {called}", scaling
            else:
                yield "indexes", Scaling(Unknown(reasons(called) or ("the name of an index",)))


def _replicas(table: Resource) -> Iterator[tuple[str, Scaling]]:
    """A global table writes its scaling beside its capacity; CloudFormation takes no fixed writes there."""
    for replica in items(table.get("Replicas")) or []:
        region = field(replica, "Region")
        settings = field(replica, "ReadProvisionedThroughputSettings")
        yield f"its reads in {region}", _written(settings, "ReadCapacityAutoScalingSettings")
    writes = table.get("WriteProvisionedThroughputSettings")
    yield "its writes", _written(writes, "WriteCapacityAutoScalingSettings")


def _written(settings: object, name: str) -> Scaling:
    scaling = field(settings, name)
    if isinstance(scaling, Unknown):
        return Scaling(scaling)
    if scaling is None:
        return Scaling(False, f"{name} is not set")
    least, most = field(scaling, "MinCapacity"), field(scaling, "MaxCapacity")
    return Scaling(least is None or least != most, "minimum and maximum are the same")
