"""Exceptions: where a template says that a finding is meant to be, why, and until when."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

from seawall.design import Resource

COMMENT = re.compile(r"(?:checkov|seawall):skip=([A-Za-z0-9_]+)[ \t]*(?::[ \t]*(.*))?")
_UNTIL = re.compile(r"[ \t]*\(until ([^()]*)\)[ \t]*$")


class PolicyException(NamedTuple):
    """An exception as written. It holds where ``complaint`` is empty; ``until`` is its last day, if it has one."""

    reason: str
    complaint: str = ""
    until: str = ""
    expired: bool = False

    @property
    def holds(self) -> bool:
        """Whether the finding is excused."""
        return not self.complaint


def exception_for(policy_id: str, resource: Resource, today: date | None = None) -> PolicyException | None:
    """The exception that a resource declares for a policy, in a comment or in its metadata."""
    for entry in _entries_of(resource):
        if entry.get("id") == policy_id:
            return _from_metadata(policy_id, entry, today)
    for _, text in _comments_in(resource):
        found = COMMENT.search(text)
        if found and found[1] == policy_id:
            return from_comment(found, today)
    return None


def exceptions_of(resource: Resource, today: date | None = None) -> Iterator[tuple[str, int, PolicyException]]:
    """Every exception of a resource with the id of its policy and its line, the first for a policy first."""
    line = resource.line_of("@Metadata")
    for entry in _entries_of(resource):
        policy_id = str(entry.get("id"))
        own = getattr(entry, "lines", {}).get("id")
        yield policy_id, own or line, _from_metadata(policy_id, entry, today)
    for line, text in _comments_in(resource):
        found = COMMENT.search(text)
        if found:
            yield found[1], line, from_comment(found, today)


def _comments_in(resource: Resource) -> Iterator[tuple[int, str]]:
    """The lines of a resource that may write an exception; nothing is walked where its file has none."""
    comments = resource.document.exception_comments
    for index in range(bisect_left(comments, (resource.line, "")) if comments else 0, len(comments)):
        line, text = comments[index]
        if line > resource.last_line:
            return
        yield line, text


def _entries_of(resource: Resource) -> Iterator[dict[str, Any]]:
    metadata = resource.metadata
    for name in ("seawall", "checkov"):
        section = metadata.get(name)
        entries = section.get("skip") if isinstance(section, dict) else None
        if isinstance(entries, list):
            yield from (entry for entry in entries if isinstance(entry, dict))


def from_comment(found: re.Match[str], today: date | None = None) -> PolicyException:
    """The exception that a comment writes: ``seawall:skip=ID: reason (until YYYY-MM-DD)``."""
    text = (found[2] or "").strip()
    until = _UNTIL.search(text)
    return _checked(found[1], text[: until.start()] if until else text, until[1].strip() if until else None, today)


def _from_metadata(policy_id: str, entry: dict[str, Any], today: date | None) -> PolicyException:
    reason = str(entry.get("reason") or entry.get("comment") or "").strip()
    until = entry.get("until")
    return _checked(policy_id, reason, None if until is None else str(until), today)


def _checked(policy_id: str, reason: str, until: str | None, today: date | None) -> PolicyException:
    if not reason:
        refused = f"the exception is refused: write the reason, checkov:skip={policy_id}: why"
        return PolicyException("", refused, until or "")
    if until is None:
        return PolicyException(reason)
    try:
        end = date.fromisoformat(until)
    except ValueError:
        return PolicyException(reason, f"the exception's date {until!r} is not written YYYY-MM-DD", until)
    if end < (today or datetime.now(UTC).date()):
        return PolicyException(reason, f"the exception ({reason}) expired on {end}", until, expired=True)
    return PolicyException(reason, until=until)
