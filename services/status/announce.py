"""Tells every subscriber about an incident, once.

    {"incident": "2026-11-27-uploads", "message": "first"}      message: first | update | resolved

The text is fixed when an announcement is first asked for; asking again sends what is still unsent. The sending
(`sending.py`) goes on in pages through a queue. At `SEND_RATE` messages a second the first one has reached
SEND_RATE × 900 subscribers after a quarter of an hour: 12 600 at the rate Amazon SES starts with.

Environment: AWS_REGION, STATUS_BUCKET, STATUS_URL, SUBSCRIBERS_TABLE, ANNOUNCE_QUEUE_URL.
"""

import json
from collections.abc import Mapping
from typing import Any, Literal

from services.drive import aws
from services.drive.environment import here
from services.status import drafts, store
from services.status.incident import Incident

MESSAGES = ("first", "update", "resolved")


class NothingToAnnounceError(Exception):
    """The request names no incident that is written down, or no message that there is."""


def handle(event: Mapping[str, Any], _context: Any) -> dict[str, str]:
    """Start an announcement and return its name. Raises NothingToAnnounceError."""
    return {"announcement": announce(str(event.get("incident")), event.get("message", "first"))}


def announce(identity: str, message: Literal["first", "update", "resolved"]) -> str:
    """Fix the text of an announcement and start sending it; return its name. Raises NothingToAnnounceError."""
    if message not in MESSAGES:
        error = f"message: one of {', '.join(MESSAGES)}"
        raise NothingToAnnounceError(error)
    incident = _find(identity)
    # Every further update is an announcement of its own; of the first and the last message there is one each.
    number = f"-{len(incident.updates)}" if message == "update" else ""
    name = f"{incident.id}/{message}{number}"
    values = {"title": incident.title, "text": incident.updates[-1].text, "started": incident.started[:10]}
    store.write_once(f"announcements/{name}.json", {"message": message, "values": values})
    enqueue(name, None)
    return name


def enqueue(announcement: str, after: dict[str, Any] | None, delay: int = 0) -> None:
    """Send the message that makes `sending.py` go on after a subscriber, `delay` seconds from now."""
    body = json.dumps({"announcement": announcement, "after": after})
    aws.client("sqs").send_message(QueueUrl=here.announce_queue_url, MessageBody=body, DelaySeconds=delay)


def _find(identity: str) -> Incident:
    """Return the incident that people wrote, a past one, or else the draft of that name."""
    previous = store.previous_picture()
    current = store.current_incident(previous)
    past = previous.past if previous else ()
    for incident in (current, *past, drafts.find(identity)):
        if incident and incident.id == identity:
            return incident
    message = f"there is neither an incident nor a draft {identity!r}"
    raise NothingToAnnounceError(message)
