"""See deletes_replicate.md: why it matters, how to fix it, what is and is not flagged."""

from seawall.design import Design, Resource
from seawall.policy import Verdict, accepted, flagged, not_applicable, policy, undecided
from seawall.protection import backup_coverage, object_lock, replication_destinations
from seawall.values import Answer, Unknown, Value, field, items, reasons, same

AT = "ReplicationConfiguration.Rules"
FIX = "set DeleteMarkerReplication with Status: Disabled, and a filter, in every rule of ReplicationConfiguration"


@policy(applies_to="AWS::S3::Bucket")
def deletes_replicate(bucket: Resource, design: Design) -> Verdict:
    """Deleting an object deletes its copy as well."""
    if bucket.get("ReplicationConfiguration") is None:
        return not_applicable("nothing is replicated")
    rules = items(bucket.get(AT))
    if isinstance(rules, Unknown):
        return undecided(rules, at=AT, fix=FIX)
    carrying = [_carries(rule) for rule in rules]
    if all(answer is False for answer in carrying):
        return accepted("a delete hides the object in this bucket only", at=AT)
    kept = _kept_by(bucket, design)
    if kept:
        return accepted(f"deletes are carried over, and {kept}", at=AT)
    if True not in carrying:
        return undecided(next(answer for answer in carrying if answer is not False), at=AT, fix=FIX)
    rule = rules[carrying.index(True)]
    old = field(rule, "Filter") is None and field(rule, "DeleteMarkerReplication") is None
    how = "a rule without Filter carries deletes over" if old else "delete markers are replicated"
    problem = f"{how}: what is deleted here by mistake disappears from the copy too, within minutes"
    return flagged(problem, fix=FIX, at=AT)


def _carries(rule: Value) -> Answer:
    """Whether a rule replicates delete markers; one without a filter does (the first version of such rules)."""
    if isinstance(rule, Unknown):
        return rule
    if not isinstance(rule, dict):
        return Unknown(reasons(rule) or ("a rule",))
    if same(rule.get("Status"), "Disabled") is True:
        return False
    if rule.get("DeleteMarkerReplication") is not None:
        return same(field(rule, "DeleteMarkerReplication.Status"), "Enabled")
    return rule.get("Filter") is None and field(rule, "Destination.ReplicationTime") is None


def _kept_by(bucket: Resource, design: Design) -> str:
    """What keeps deleted objects all the same, or why both sides have to forget them."""
    for destination in replication_destinations(bucket, design):
        copy = destination.resource
        if copy is not None and any(back.resource is bucket for back in replication_destinations(copy, design)):
            return f"{copy.id} replicates back: both sides are one bucket to those who use them"
        if copy is not None and object_lock(copy).answer is True:
            return f"{copy.id} locks what it holds"
    modified = bucket.values_at(f"{AT}.SourceSelectionCriteria.ReplicaModifications.Status")
    if any(same(status, "Enabled") is True for status in modified):
        return "changes of the copy come back: both sides are one bucket to those who use them"
    coverage = backup_coverage(bucket, design)
    return f"{coverage.plans[0].name} backs the bucket up" if coverage.answer is True and coverage.plans else ""
