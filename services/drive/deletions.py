"""Deleting a file and having it back. Only what the path shows changes: versions and bytes stay.

The file itself remembers its last changes with their Idempotency-Keys, so that one conditional write both changes it
and keeps a late repetition, arriving after the next change, from changing it again.
"""

import hashlib
from collections.abc import Callable
from dataclasses import asdict, dataclass

from services.drive.files import File, Version, change_file, content_of, get_file, settle
from services.drive.limits import REMEMBERED_CHANGES
from services.drive.records import Item


class KeyReused(Exception):
    """An Idempotency-Key came back with another request; nothing was changed."""


@dataclass(frozen=True)
class Change:
    """A deletion or undeletion that was made: `id` from its Idempotency-Key, `at` in milliseconds."""

    id: str
    request: str
    at: int
    version: str


def change_id(idempotency_key: str) -> str:
    """Return the name under which a file remembers a change: short, however long the key is."""
    return hashlib.sha256(idempotency_key.encode()).hexdigest()[:32]


def delete_file(user: str, file: str, *, change: str, request: str, at: int) -> Change:
    """Delete a file, of which the versions stay. Raises KeyReused, Contended; LookupError where there is no file."""

    def alter(present: File) -> tuple[Change, Item, list[str]]:
        deleted_at = present.deleted_at or at
        return Change(change, request, deleted_at, present.version), {"deleted_at": deleted_at}, []

    return _alter_file(user, file, change=change, request=request, at=at, alter=alter)


def restore_file(user: str, file: str, *, version: Version | None, change: str, request: str, at: int) -> Change:
    """Undelete a file, with an older `version` if one is given. Raises as `delete_file` does."""

    def alter(present: File) -> tuple[Change, Item, list[str]]:
        content = content_of(version) if version else {}
        made = Change(change, request, at, version.id if version else present.version)
        return made, content, ["deleted_at"]

    return _alter_file(user, file, change=change, request=request, at=at, alter=alter)


def find_change(file: File, change: str, request: str) -> Change | None:
    """Return the change that an earlier request with the same key made. Raises KeyReused."""
    for made in (Change(**item) for item in file.changes):
        if made.id == change:
            if made.request != request:
                raise KeyReused
            return made
    return None


def _alter_file(
    user: str,
    file: str,
    *,
    change: str,
    request: str,
    at: int,
    alter: Callable[[File], tuple[Change, Item, list[str]]],
) -> Change:
    def attempt() -> Change | None:
        present = get_file(user, file)
        if present is None:
            raise LookupError(file)
        earlier = find_change(present, change, request)
        if earlier:
            return earlier
        made, put, remove = alter(present)
        remembered = [*present.changes, asdict(made)][-REMEMBERED_CHANGES:]
        put = {**put, "changed_at": max(at, present.changed_at), "changes": remembered}
        return made if change_file(present, put=put, remove=remove) else None

    return settle(attempt)
