"""See table_without_recovery.md: why it matters, how to fix it, what is and is not flagged."""

from seawall.design import Design, Resource
from seawall.policy import Verdict, accepted, flagged, policy, undecided
from seawall.protection import Replica, table_replicas
from seawall.values import Unknown

SWITCH = "PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled"
FIX = f"set {SWITCH}: true, or select it in a backup plan"


@policy(applies_to=("AWS::DynamoDB::Table", "AWS::DynamoDB::GlobalTable"))
def table_without_recovery(table: Resource, design: Design) -> Verdict:
    """Table cannot be restored."""
    replicas = table_replicas(table, design)
    if isinstance(replicas, Unknown):
        return undecided(replicas, at="Replicas", fix=FIX)
    if not replicas:
        return undecided("which replicas it has", at="Replicas", fix=FIX)
    bare = [replica for replica in replicas if replica.answer is False]
    if bare:
        whole = table.type == "AWS::DynamoDB::Table" and len(replicas) == 1
        path = SWITCH if whole else f"Replicas[].{SWITCH}"
        sets = {path: True} if whole or table.type == "AWS::DynamoDB::GlobalTable" else None
        return flagged(_loss(bare, replicas), fix=FIX, at=bare[0].point_in_time.at, sets=sets)
    for replica in replicas:
        if isinstance(replica.answer, Unknown):
            return undecided(
                replica.answer,
                at=replica.point_in_time.at,
                message=f"whether it can be restored depends on {replica.answer}",
                fix=FIX,
                evidence=replica.plans.evidence,
            )
    planned = next((replica for replica in replicas if replica.point_in_time.answer is not True), None)
    if planned is None:
        return accepted("point-in-time recovery restores any second of the last days", at=replicas[0].point_in_time.at)
    message = (
        f"plan {planned.plans.plans[0].name} backs it up: a restore loses what was written since the plan's "
        "last run, which point-in-time recovery would keep"
    )
    return accepted(message, at=planned.point_in_time.at, evidence=planned.plans.evidence)


def _loss(bare: list[Replica], replicas: list[Replica]) -> str:
    where = "it" if len(bare) == len(replicas) else f"the replica in {', '.join(str(one.region) for one in bare)}"
    loss = "a faulty deployment that overwrites items cannot be undone"
    if len(replicas) > 1 and len(bare) == len(replicas):
        loss += ": replicas repeat the mistake within a second"
    return f"{where} has neither point-in-time recovery nor a backup plan: {loss}"
