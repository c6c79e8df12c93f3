"""See single_az_storage_class.md: why it matters, how to fix it, what is and is not flagged."""

from seawall.design import Design, Resource
from seawall.policy import Verdict, accepted, flagged, not_applicable, policy, undecided
from seawall.protection import replication_destinations, secondary_use
from seawall.values import Unknown, Value, field, items, number, same, values_at

AT = "LifecycleConfiguration.Rules"
ONE_ZONE = "ONEZONE_IA"
DIRECTORY = "AWS::S3Express::DirectoryBucket"
SHORT_LIVED = 30
"""Days after which an object is deleted that was never meant to last."""

FIX = f"set StorageClass: STANDARD_IA in {AT}"


@policy(applies_to=("AWS::S3::Bucket", DIRECTORY))
def single_az_storage_class(bucket: Resource, design: Design) -> Verdict:
    """Objects are kept in a single availability zone."""
    if bucket.type == DIRECTORY:
        return _directory(bucket)
    rules = items(bucket.get(AT))
    if isinstance(rules, Unknown):
        return undecided(rules, at=AT, fix=FIX)
    classes = [found for rule in rules for found in _classes(rule)]
    if not classes:
        return not_applicable("S3 keeps objects in three zones by itself")
    return _by_classes(bucket, classes, design)


def _by_classes(bucket: Resource, classes: list[Value], design: Design) -> Verdict:
    answers = [same(found, ONE_ZONE) for found in classes]
    unknown = [answer for answer in answers if isinstance(answer, Unknown)]
    if not any(answers):  # an Unknown counts as something
        return accepted("each class it moves objects to keeps them in three zones", at=AT)
    use = secondary_use(bucket, design)
    if use:
        return not_applicable(f"it holds {use}, no data of its own")
    if any(target.enabled is not False for target in replication_destinations(bucket, design)):
        return accepted("a copy of its objects is in another bucket", at="ReplicationConfiguration")
    if True not in answers:
        return undecided(unknown[0], at=AT, fix=FIX)
    return flagged(
        f"it moves objects to {ONE_ZONE}: their only copy is gone when that zone is destroyed, and out of reach "
        "while it is lost",
        fix=FIX,
        at=AT,
    )


def _directory(bucket: Resource) -> Verdict:
    rules = items(bucket.get(AT))
    fix = f"write what must last to an AWS::S3::Bucket; for the rest, set ExpirationInDays in {AT}"
    if isinstance(rules, Unknown):
        return undecided(rules, at=AT, fix=fix)
    ages = [number(field(rule, "ExpirationInDays")) for rule in rules if _holds_for_all(rule)]
    known = [age for age in ages if isinstance(age, float)]
    if known and min(known) <= SHORT_LIVED:
        return accepted(f"its objects are deleted after {min(known):g} days: none is meant to last", at=AT)
    unknown = [age for age in ages if isinstance(age, Unknown)]
    if unknown:
        return undecided(unknown[0], at=AT, fix=fix)
    return flagged(
        "a directory bucket has no class that spans zones: its objects are gone when its zone is destroyed",
        fix=fix,
        at="LocationName",
    )


def _holds_for_all(rule: Value) -> bool:
    """Whether a rule is about every object of its bucket."""
    limits = ("Prefix", "Filter.Prefix", "Filter.And", "ObjectSizeGreaterThan", "ObjectSizeLessThan")
    return field(rule, "Status") == "Enabled" and all(field(rule, name) in (None, "") for name in limits)


def _classes(rule: Value) -> list[Value]:
    """The classes that a rule moves current objects to; earlier versions are copies beside them."""
    if isinstance(rule, Unknown):
        return [rule]
    if not isinstance(rule, dict) or rule.get("Status") == "Disabled":
        return []
    transitions = [rule.get("Transitions"), rule.get("Transition")]
    unknown = [transition for transition in transitions if isinstance(transition, Unknown)]
    classes = [*unknown, *values_at(transitions, "StorageClass")]
    status = rule.get("Status")
    return [status if found == ONE_ZONE else found for found in classes] if isinstance(status, Unknown) else classes
