"""See stream_forgets_too_soon.md: why it matters, how to fix it, what is and is not flagged."""

from seawall.design import Design, Resource
from seawall.policy import Verdict, accepted, flagged, policy, undecided
from seawall.streams import BROKER_SETTINGS, STREAM, archive_of, broker_hours, stream_hours
from seawall.values import Unknown

WEEKEND = 72
"""Hours from Friday evening until somebody has repaired a reader on Monday."""


@policy(applies_to=(STREAM, BROKER_SETTINGS))
def stream_forgets_too_soon(stream: Resource, design: Design) -> Verdict:
    """Stream forgets records before a broken reader is repaired."""
    kinesis = stream.type == STREAM
    at = "RetentionPeriodHours" if kinesis else "ServerProperties"
    demanded = min(WEEKEND, 24 * design.thresholds.minimum_retention_days)
    fix = f"set {at} to {demanded} or more" if kinesis else f"set log.retention.hours={demanded} or more in {at}"
    hours = stream_hours(stream) if kinesis else broker_hours(stream)
    archive = archive_of(stream, design) if kinesis else ""
    if archive:
        return accepted(f"{archive} stores every record elsewhere", evidence=(f"{stream.id} → {archive}",))
    if isinstance(hours, Unknown):
        return undecided(hours, at=at, fix=fix)
    if hours >= demanded:
        return accepted("it keeps records for ever" if hours == float("inf") else f"it keeps {hours:g} hours", at=at)
    return flagged(
        f"it keeps {hours:g} hours: a reader that breaks on Friday evening loses records before anybody repairs it "
        "on Monday",
        fix=fix,
        at=at,
        sets={at: demanded} if kinesis else None,
    )
