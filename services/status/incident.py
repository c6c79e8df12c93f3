"""An incident as people write it: the manual word that wins over what the probes say.

{"id": "2026-11-27-uploads", "title": "Uploads fail for some customers", "impact": "degraded",
 "state": "investigating", "started": "2026-11-27T08:04:00Z",
 "updates": [{"at": "2026-11-27T08:09:00Z", "text": "We see failing uploads and look for the cause."}]}
"""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, TypeVar

LONGEST_TEXT = 2000
"""Characters of one update; the page must stay readable on a phone."""
LONGEST_TITLE = 150

Kind = TypeVar("Kind", bound=StrEnum)

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")


class InvalidIncidentError(Exception):
    """What was written is not an incident; the message says which part, and what it needs to be."""


class Impact(StrEnum):
    NONE = "none"
    DEGRADED = "degraded"
    DOWN = "down"


class Progress(StrEnum):
    INVESTIGATING = "investigating"
    IDENTIFIED = "identified"
    MONITORING = "monitoring"
    RESOLVED = "resolved"


@dataclass(frozen=True)
class Update:
    """What was known at a moment (ISO 8601, UTC)."""

    at: str
    text: str


@dataclass(frozen=True)
class Incident:
    """One incident; the newest update comes last."""

    id: str
    title: str
    impact: Impact
    state: Progress
    started: str
    updates: tuple[Update, ...]

    @property
    def is_over(self) -> bool:
        return self.state == Progress.RESOLVED

    def to_json(self) -> dict[str, Any]:
        """Return what `parse` reads."""
        return asdict(self)


def parse(text: str | bytes) -> Incident:
    """Read an incident. Raises InvalidIncidentError."""
    try:
        written = json.loads(text)
    except ValueError as error:
        message = f"not JSON: {error}"
        raise InvalidIncidentError(message) from error
    return from_json(written)


def from_json(written: Any) -> Incident:
    """Return the incident that `to_json` gave. Raises InvalidIncidentError."""
    if not isinstance(written, Mapping):
        raise InvalidIncidentError("an incident is a JSON object")
    identity = _text(written, "id", 80)
    if not _ID.fullmatch(identity):
        raise InvalidIncidentError("id: letters, digits, dots, dashes; it becomes part of an address")
    updates = written.get("updates")
    if not isinstance(updates, list) or not updates:
        raise InvalidIncidentError("updates: at least one {at, text}")
    return Incident(
        id=identity,
        title=_text(written, "title", LONGEST_TITLE),
        impact=_one_of(Impact, written, "impact"),
        state=_one_of(Progress, written, "state"),
        started=_moment(written, "started"),
        updates=tuple(Update(_moment(update, "at"), _text(update, "text", LONGEST_TEXT)) for update in updates),
    )


def moment(seconds: float) -> str:
    """Return a time (seconds UTC) as the page and its data write it, to the second."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _text(written: Any, name: str, longest: int) -> str:
    value = written.get(name) if isinstance(written, Mapping) else None
    if not isinstance(value, str) or not value.strip() or len(value) > longest:
        message = f"{name}: a text of at most {longest} characters"
        raise InvalidIncidentError(message)
    return value.strip()


def _moment(written: Any, name: str) -> str:
    value = _text(written, name, 40)
    try:
        parsed = datetime.fromisoformat(value)
    except ValueError:
        parsed = None
    if parsed is None or parsed.tzinfo is None:
        message = f"{name}: a time with its zone, such as 2026-11-27T08:04:00Z"
        raise InvalidIncidentError(message)
    return moment(parsed.timestamp())


def _one_of(kind: type[Kind], written: Mapping[str, Any], name: str) -> Kind:
    try:
        return kind(str(written.get(name)))
    except ValueError as error:
        message = f"{name}: one of {', '.join(kind)}"
        raise InvalidIncidentError(message) from error
