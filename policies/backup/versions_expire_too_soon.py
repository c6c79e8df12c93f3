"""See versions_expire_too_soon.md: why it matters, how to fix it, what is and is not flagged."""

from collections.abc import Iterator

from seawall.design import Design, Resource
from seawall.policy import Verdict, accepted, flagged, not_applicable, policy, undecided
from seawall.protection import secondary_use, versions
from seawall.retention import in_days
from seawall.values import Unknown, Value, field, items, number, same

AT = "LifecycleConfiguration.Rules"
DAYS = "NoncurrentVersionExpiration.NoncurrentDays"
TRANSIENT = 90
"""Days within which a bucket that deletes all its objects holds nothing that has to be brought back."""


@policy(applies_to="AWS::S3::Bucket")
def versions_expire_too_soon(bucket: Resource, design: Design) -> Verdict:
    """Bucket throws old versions away before a mistake is noticed."""
    rules = items(bucket.get(AT))
    elsewhere = _keeps_nothing(bucket, rules, design)
    if elsewhere:
        return not_applicable(elsewhere)
    demanded = design.thresholds.minimum_retention_days
    fix = f"set {DAYS} to {demanded} or more"
    if isinstance(rules, Unknown):
        return undecided(rules, at=AT, fix=fix)
    spans = list(_spans(rules))
    for unknown in spans:
        if isinstance(unknown, Unknown):
            return undecided(unknown, at=AT, message=f"when old versions go depends on {unknown}", fix=fix)
    shortest = min((days for days in spans if not isinstance(days, Unknown)), default=None)
    if shortest is None:
        return accepted("no rule deletes old versions everywhere", at=AT)
    if shortest >= demanded:
        return accepted(f"old versions are kept for {in_days(shortest)}", at=AT)
    return flagged(
        f"an overwritten or deleted object is gone for good after {in_days(shortest)}: a mistake that is noticed "
        "later cannot be undone",
        fix=fix,
        at=f"{AT}.NoncurrentVersionExpiration",
        sets={f"{AT}[].{DAYS}": demanded} if _is_alone(rules) and bucket.language != "terraform" else None,
    )


def _is_alone(rules: list[Value]) -> bool:
    # Of several rules each has days of its own.
    return len(rules) == 1 and field(rules[0], DAYS) is not None


def _keeps_nothing(bucket: Resource, rules: list[Value] | Unknown, design: Design) -> str:
    """Why no old version in this bucket is worth keeping; empty where it may be."""
    if versions(bucket).answer is False:
        return "it keeps no versions"
    if isinstance(rules, list) and _is_transient(rules):
        return "all its objects expire by themselves"
    use = secondary_use(bucket, design)
    return f"it holds {use}, no data of its own" if use else ""


def _is_transient(rules: list[Value]) -> bool:
    """Whether a rule deletes every object before long anyway."""
    for rule in rules:
        days = number(field(rule, "ExpirationInDays"))
        whole = field(rule, "Status") == "Enabled" and not _is_partial(rule)
        if whole and isinstance(days, float) and days <= TRANSIENT:
            return True
    return False


def _spans(rules: list[Value]) -> Iterator[float | Unknown]:
    """The days after which rules delete old versions of every object."""
    for rule in rules:
        if isinstance(rule, Unknown):
            yield rule
            continue
        enabled = same(field(rule, "Status"), "Enabled")
        if enabled is False or _keeps_some(rule) or _is_partial(rule):
            continue
        days = _days(rule)
        if days is not None:
            yield enabled if isinstance(enabled, Unknown) else days


def _days(rule: Value) -> float | Unknown | None:
    days = number(field(rule, DAYS))
    return number(field(rule, "NoncurrentVersionExpirationInDays")) if days is None else days


def _keeps_some(rule: Value) -> bool:
    # The newest old versions stay however old they get.
    return field(rule, "NoncurrentVersionExpiration.NewerNoncurrentVersions") is not None


def _is_partial(rule: Value) -> bool:
    """Whether a rule is for some objects only: what lies under ``tmp/`` may well go tomorrow."""
    names = ("Prefix", "TagFilters", "ObjectSizeGreaterThan", "ObjectSizeLessThan",
             "Filter.Prefix", "Filter.Tag", "Filter.TagFilters", "Filter.And", "Filter.ObjectSizeGreaterThan",
             "Filter.ObjectSizeLessThan")  # fmt: skip
    return any(field(rule, name) not in (None, "", [], {}) for name in names)
