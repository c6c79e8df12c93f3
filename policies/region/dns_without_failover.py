"""See dns_without_failover.md: why it matters, how to fix it, what is and is not flagged."""

from seawall.design import Design, Resource
from seawall.dns_records import CHOOSING, is_private, moves_away, target_of, worst_of_records
from seawall.policy import Verdict, accepted, flagged, not_applicable, policy, undecided
from seawall.values import Unknown, Value, field

FIX = (
    "set SetIdentifier and Failover with a HealthCheckId (or Region with EvaluateTargetHealth), "
    "and add the record of a second region"
)
ELSEWHERE = "it leads to no front door of one region"


@policy(applies_to=("AWS::Route53::RecordSet", "AWS::Route53::RecordSetGroup"))
def dns_without_failover(resource: Resource, design: Design) -> Verdict:
    """Name leads to one region and stays there when the region fails."""
    return worst_of_records(resource, lambda record: _judge(record, resource, design), fix=FIX, otherwise=ELSEWHERE)


def _judge(record: Value, resource: Resource, design: Design) -> Verdict:
    at = "RecordSets." if resource.type.endswith("Group") else ""
    target = target_of(record, design)
    if target.regional is False or is_private(record, resource, design):
        return not_applicable(ELSEWHERE)
    moves = moves_away(record)
    if moves is True:
        chosen = _chosen(record)
        message = "Route 53 answers with another record when the target of this one fails"
        if chosen == "Failover":
            message = "its name has a second record; whether Route 53 notices a failure is judged by itself"
        return accepted(message, at=f"{at}{chosen}")
    at += "AliasTarget" if field(record, "AliasTarget") is not None else "ResourceRecords"
    if isinstance(target.regional, Unknown):
        return undecided(target.regional, at=at, fix=FIX)
    evidence = (f"{resource.id} → {target.name}",)
    if isinstance(moves, Unknown):
        return undecided(moves, at=at, fix=FIX, evidence=evidence)
    problem = f"when the region of {target.name} fails clients are still sent there until someone changes the name"
    return flagged(problem, fix=FIX, at=at, evidence=evidence)


def _chosen(record: Value) -> str:
    return next((name for name in CHOOSING if field(record, name) is not None), "")
