"""What the page says: made from what the probes saw, what it said a minute ago, and what people wrote.

The page is never red by its own failure. A region counts as impaired only after `FAILED_PROBES` failed minutes in a
row; when nobody at all answers, it is probably the observer who is cut off, and the page says "unknown".
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from services.drive.limits import FAILED_PROBES, PAST_INCIDENTS
from services.status import incident as incidents
from services.status.incident import Impact, Incident, moment
from services.status.probe import Answer, Look


class Condition(StrEnum):
    """How a region is, or the drive as a whole."""

    WELL = "well"
    DEGRADED = "degraded"
    DOWN = "down"
    UNKNOWN = "unknown"


HEADLINES = {
    Condition.WELL: "The drive is working.",
    Condition.DEGRADED: "One region has a problem. The drive works from the other one, possibly more slowly.",
    Condition.DOWN: "The drive is not available. We are working on it.",
    Condition.UNKNOWN: "We cannot tell at the moment whether the drive is working.",
}


@dataclass(frozen=True)
class Region:
    """One region: in this condition since `since`, and not answering well for `failures` minutes in a row."""

    name: str
    condition: Condition
    since: str
    failures: int = 0


@dataclass(frozen=True)
class Picture:
    """The whole page as data. `condition` and `headline` are people's while an incident is open."""

    updated: str
    condition: Condition
    since: str
    headline: str
    regions: tuple[Region, ...]
    incident: Incident | None = None
    past: tuple[Incident, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return what `from_json` reads, and what customers' programs may read as status.json."""
        return asdict(self)


def from_json(written: Mapping[str, Any]) -> Picture:
    """Return the picture that `to_json` gave. Raises KeyError, ValueError, TypeError or InvalidIncidentError."""
    return Picture(
        updated=written["updated"],
        condition=Condition(written["condition"]),
        since=written["since"],
        headline=written["headline"],
        regions=tuple(
            Region(**(region | {"condition": Condition(region["condition"])})) for region in written["regions"]
        ),
        incident=incidents.from_json(written["incident"]) if written["incident"] else None,
        past=tuple(incidents.from_json(past) for past in written["past"]),
    )


def compose(previous: Picture | None, look: Look, incident: Incident | None, now: float) -> Picture:
    """Return this minute's picture. `now` in seconds UTC."""
    regions = _regions(previous, look, now)
    seen = _overall(regions)
    past = _past(previous, incident)
    open_incident = incident if incident and not incident.is_over else None
    condition, headline = seen, HEADLINES[seen]
    if open_incident:
        condition, headline = _stated(open_incident), open_incident.title
    unchanged = previous is not None and previous.condition == condition
    return Picture(
        updated=moment(now),
        condition=condition,
        since=previous.since if previous and unchanged else moment(now),
        headline=headline,
        regions=regions,
        incident=open_incident,
        past=past,
    )


def _regions(previous: Picture | None, look: Look, now: float) -> tuple[Region, ...]:
    before = {region.name: region for region in previous.regions} if previous else {}
    if look.cut_off:
        return tuple(_become(before.get(name), name, Condition.UNKNOWN, now) for name in (look.answers or before))
    return tuple(_after(before.get(name), name, answer, now) for name, answer in look.answers.items())


def _after(before: Region | None, name: str, answer: Answer, now: float) -> Region:
    if answer == Answer.WELL:
        return _become(before, name, Condition.WELL, now)
    if answer == Answer.NOT_ASKED:
        return _become(before, name, Condition.UNKNOWN, now)
    failures = (before.failures if before else 0) + 1
    if failures >= FAILED_PROBES:
        return _become(before, name, Condition.DOWN, now, failures)
    # One failed minute changes nothing yet, except that a region never seen before is not known to be well.
    return _become(before, name, before.condition if before else Condition.UNKNOWN, now, failures)


def _become(before: Region | None, name: str, condition: Condition, now: float, failures: int = 0) -> Region:
    since = before.since if before and before.condition == condition else moment(now)
    return Region(name, condition, since, failures)


def _overall(regions: tuple[Region, ...]) -> Condition:
    conditions = {region.condition for region in regions}
    if len(conditions) == 1:
        return conditions.pop()
    return Condition.DEGRADED if Condition.DOWN in conditions else Condition.UNKNOWN


def _stated(incident: Incident) -> Condition:
    return {Impact.NONE: Condition.WELL, Impact.DEGRADED: Condition.DEGRADED, Impact.DOWN: Condition.DOWN}[
        incident.impact
    ]


def _past(previous: Picture | None, incident: Incident | None) -> tuple[Incident, ...]:
    """Return resolved incidents, newest first; one that was resolved again replaces its older self."""
    past = previous.past if previous else ()
    if incident is None or not incident.is_over:
        return past
    return (incident, *(old for old in past if old.id != incident.id))[:PAST_INCIDENTS]
