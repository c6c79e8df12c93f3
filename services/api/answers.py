"""What a caller is told when the answer is yes."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools.event_handler import Response


def answer(body: Mapping[str, Any], status: int = 200, *, location: str | None = None) -> Response[str]:
    """Return a JSON answer; what a caller may see is nobody else's, so no cache keeps it."""
    headers: dict[str, str | list[str]] = {"Cache-Control": "no-store"}
    if location:
        headers["Location"] = location
    return Response(status, content_type="application/json", body=json.dumps(body), headers=headers)


def moment(milliseconds: int) -> str:
    """Return a moment as the API writes it (RFC 3339, UTC)."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="milliseconds")
