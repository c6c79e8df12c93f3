"""Exceptions: where a template says that a finding is meant to be, why, and until when."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

from seawall.design import Resource

_COMMENT = re.compile(r"(?:checkov|seawall):skip=([A-Za-z0-9_]+)[ \t]*(?::[ \t]*(.*))?")


class PolicyException(NamedTuple):
    """An exception as written. It holds where ``complaint`` is empty."""

    reason: str
    complaint: str = ""

    @property
    def holds(self) -> bool:
        """Whether the finding is excused."""
        return not self.complaint


def exception_for(policy_id: str, resource: Resource, today: date | None = None) -> PolicyException | None:
    """The exception that a resource declares for a policy, in a comment or in its metadata."""
    for name in ("seawall", "checkov"):
        for entry in _entries(resource.metadata.get(name)):
            if entry.get("id") == policy_id:
                return _from_metadata(policy_id, entry, today or datetime.now(UTC).date())
    for text in _comments_in(resource):
        found = _COMMENT.search(text)
        if found and found[1] == policy_id:
            return _checked(policy_id, (found[2] or "").strip())
    return None


def _comments_in(resource: Resource) -> Iterator[str]:
    """The lines of a resource that may write an exception; nothing is walked where its file has none."""
    comments = resource.document.exception_comments
    for index in range(bisect_left(comments, (resource.line, "")) if comments else 0, len(comments)):
        line, text = comments[index]
        if line > resource.last_line:
            return
        yield text


def _entries(section: Any) -> list[dict[str, Any]]:
    entries = section.get("skip") if isinstance(section, dict) else None
    return [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []


def _from_metadata(policy_id: str, entry: dict[str, Any], today: date) -> PolicyException:
    reason = str(entry.get("reason") or entry.get("comment") or "").strip()
    until = entry.get("until")
    if until is not None:
        try:
            end = date.fromisoformat(str(until))
        except ValueError:
            return PolicyException(reason, f"the exception's date {until!r} is not written YYYY-MM-DD")
        if end < today:
            return PolicyException(reason, f"the exception ({reason}) expired on {end}")
    return _checked(policy_id, reason)


def _checked(policy_id: str, reason: str) -> PolicyException:
    if reason:
        return PolicyException(reason)
    return PolicyException("", f"the exception is refused: write the reason, checkov:skip={policy_id}: why")
