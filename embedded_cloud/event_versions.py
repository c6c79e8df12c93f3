"""S3's events on EventBridge name the object's version, as on AWS; ministack leaves it out of them.

Without it nobody could say which version of an overwritten object an event is about (services/ingest/arrival.py).
"""

import json
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from embedded_cloud import pinned

_version: ContextVar[str | None] = ContextVar("version of the object that an event is about", default=None)


def install() -> None:
    """Adds `version-id` to what ministack tells EventBridge about an object in a versioned bucket."""
    parameters = (
        "bucket_name key event_name size etag deletion_type restore_event_data version_id sequencer object_extra "
        "record_extra"
    )
    pinned.replace("services.s3", "_fire_s3_event", parameters, _remembering)
    pinned.replace("services.eventbridge", "_dispatch_event", "event view", _adding)


def _remembering(original: Callable[..., None]) -> Callable[..., None]:
    def fire(*given: Any, version_id: str | None = None, **named: Any) -> None:
        token = _version.set(version_id)
        try:
            original(*given, version_id=version_id, **named)
        finally:
            _version.reset(token)

    return fire


def _adding(original: Callable[..., None]) -> Callable[..., None]:
    def dispatch(event: dict[str, Any], view: Any = None) -> None:
        version = _version.get()
        if version and event.get("Source") == "aws.s3":
            detail = json.loads(event["Detail"])
            detail["object"]["version-id"] = version
            event, view = event | {"Detail": json.dumps(detail)}, None
        original(event, view)

    return dispatch
