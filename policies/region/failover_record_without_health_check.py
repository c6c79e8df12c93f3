"""See failover_record_without_health_check.md: why it matters, how to fix it, what is and is not flagged."""

from seawall.design import Design, Resource
from seawall.dns_records import worst_of_records
from seawall.policy import Verdict, accepted, flagged, not_applicable, policy, undecided
from seawall.values import Unknown, Value, boolean, field, same

FIX = "set HealthCheckId to a health check of what the record names, or EvaluateTargetHealth: true in AliasTarget"
CLOUDFRONT = "Z2FDTNDATAQYW2"
"""The zone that every alias of a distribution names."""
CHECK = "AWS::Route53::HealthCheck"
NOT_WAITED_FOR = "no record waits for another one to fail"


@policy(applies_to=("AWS::Route53::RecordSet", "AWS::Route53::RecordSetGroup"))
def failover_record_without_health_check(resource: Resource, design: Design) -> Verdict:
    """Failover record counts as healthy whatever happens to what it names."""
    return worst_of_records(
        resource, lambda record: _judge(record, resource, design), fix=FIX, otherwise=NOT_WAITED_FOR
    )


def _judge(record: Value, resource: Resource, design: Design) -> Verdict:
    group = "RecordSets." if resource.type.endswith("Group") else ""
    primary = same(field(record, "Failover"), "PRIMARY")
    several = boolean(field(record, "MultiValueAnswer"))
    if primary is False or (field(record, "Failover") is None and several is not True):
        return not_applicable(NOT_WAITED_FOR)
    check = field(record, "HealthCheckId")
    follows = boolean(field(record, "AliasTarget.EvaluateTargetHealth"))
    at = group + ("AliasTarget.EvaluateTargetHealth" if follows is not None else "HealthCheckId")
    declared = design.resolve(check, CHECK)
    disabled = declared is not None and declared.boolean("HealthCheckConfig.Disabled") is True
    if follows is True or (check not in (None, "") and not isinstance(check, Unknown) and not disabled):
        return accepted("Route 53 answers with another record when the check fails", at=at)
    for unknown in (follows, check, primary):
        if isinstance(unknown, Unknown):
            return undecided(unknown, at=at, fix=FIX)
    why = f"{declared.id} is disabled" if declared is not None and disabled else "it has no health check"
    then = "never answers with the secondary" if primary is True else "goes on answering with it"
    problem = f"{why}, so it counts as healthy and Route 53 {then}"
    return flagged(problem, fix=FIX, at=at, sets=_mending(record, resource))


def _mending(record: Value, resource: Resource) -> dict[str, bool] | None:
    """Asking the target of an alias, where it can be asked: CloudFront cannot."""
    target = field(record, "AliasTarget")
    if target is None or resource.type != "AWS::Route53::RecordSet":
        return None
    asked = field(target, "HostedZoneId") != CLOUDFRONT and "cloudfront" not in str(field(target, "DNSName")).lower()
    return {"AliasTarget.EvaluateTargetHealth": True} if asked else None
