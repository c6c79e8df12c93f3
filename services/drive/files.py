"""Files and their versions: who owns what, and where its bytes lie.

A version is bytes that were checked; the newest one of a path is the current file. Bytes are never overwritten: each
upload has its own S3 key. Everything here may be repeated, and happen in any order.
"""

import base64
import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, TypeVar

from services.drive import records
from services.drive.environment import here
from services.drive.limits import PAGE_FILES, PART_BYTES
from services.drive.records import Item, key

FILE_ID = r"[a-z2-7]{26}"
UPLOAD_ID = r"[0-9a-f]{32}"
VERSION_ID = rf"[0-9]{{13}}-{UPLOAD_ID}"

BEATS = "heartbeat/"
"""The regions' heartbeats pass through the same buckets, are no files, and are worth nothing a minute later."""

_TRIES = 5
_Outcome = TypeVar("_Outcome")


class Contended(Exception):
    """Others changed the same file all the time; nothing was changed, and trying again later will do."""


class Durability(StrEnum):
    """Whether a version's bytes are known to lie in both regions."""

    REGIONAL = "REGIONAL"
    MULTI_REGION = "MULTI_REGION"


@dataclass(frozen=True)
class ObjectName:
    """What an object's key says; the region comes first, so that the edge finds the origin by the path."""

    region: str
    user: str
    file: str
    upload: str

    @property
    def key(self) -> str:
        """The S3 key, the same in the files bucket and in its replica."""
        return f"{self.region}/{self.user}/{self.file}/{self.upload}"


@dataclass(frozen=True)
class Version:
    """Bytes that were checked. `bucket` and `key` say where they were written; the copy has the same key."""

    user: str
    file: str
    path: str
    size: int
    sha256: str
    committed_at: int
    upload: str
    region: str
    bucket: str
    key: str
    s3_version: str
    durability: Durability = Durability.REGIONAL

    @property
    def id(self) -> str:
        """The version's id: versions of a file are in the order of their ids."""
        return version_id(self.committed_at, self.upload)


@dataclass(frozen=True)
class File:
    """What a path holds now. `changed_at` (milliseconds): what was committed earlier cannot become current."""

    user: str
    id: str
    path: str
    version: str
    size: int
    sha256: str
    committed_at: int
    changed_at: int
    revision: int
    deleted_at: int | None = None
    changes: tuple[Item, ...] = ()
    """Its last deletions and undeletions; see deletions.py."""


def file_id(user: str, path: str) -> str:
    """Return the id of a user's file; `path` is in Unicode normal form C."""
    return base64.b32encode(hashlib.sha256(f"{user}\0{path}".encode()).digest()).decode()[:26].lower()


def version_id(committed_at: int, upload: str) -> str:
    """Return the id of a version."""
    return f"{committed_at:013d}-{upload}"


def parse_key(object_key: str) -> ObjectName | None:
    """Return what an object's key says, or None for an object that no upload of ours is."""
    found = re.fullmatch(rf"([a-z0-9-]+)/([0-9a-f]{{32}})/({FILE_ID})/({UPLOAD_ID})", object_key)
    return ObjectName(*found.groups()) if found else None


def part_count(size: int) -> int:
    """Return in how many parts a file is sent; an empty file is one empty part."""
    return max(1, -(-size // PART_BYTES))


def composite(parts: Iterable[str]) -> str:
    """Return the id of a content: SHA-256 over the SHA-256s of its parts, all in hex.

    So S3 computes it for an object of several parts. For one sent in one piece S3 keeps that piece's SHA-256, which
    is `parts` here (Amazon S3 User Guide, "Checking object integrity").
    """
    return hashlib.sha256(b"".join(bytes.fromhex(part) for part in parts)).hexdigest()


def add_version(version: Version) -> bool:
    """Record checked bytes; return False when this version was recorded before."""
    sk = f"VERSION#{version.file}#{version.committed_at:013d}#{version.upload}"
    return records.insert(
        here.drive_table, {**key(f"USER#{version.user}", sk), **attributes(version, "user", "file", "upload")}
    )


def get_version(user: str, file: str, version: str) -> Version | None:
    """Return one version by its id."""
    item = records.get(here.drive_table, _version_key(user, file, version))
    return _version(user, item) if item else None


def list_versions(user: str, file: str, *, limit: int) -> list[Version]:
    """Return a file's versions, the newest first."""
    page = records.query(here.drive_table, f"USER#{user}", prefix=f"VERSION#{file}#", limit=limit, newest_first=True)
    return [_version(user, item) for item in page.items]


def mark_multi_region(user: str, file: str, version: str) -> bool:
    """Record that the copy in the other region has arrived; return False while the version is not known here."""
    put = {"durability": Durability.MULTI_REGION.value}
    return records.change(here.drive_table, _version_key(user, file, version), expect={}, put=put) is not None


def make_current(version: Version) -> bool:
    """Let a version be the current file; return False when something newer, or a later deletion, stands."""

    def attempt() -> bool | None:
        file = get_file(version.user, version.file)
        if file is None:
            return records.insert(here.drive_table, _first(version)) or None
        if file.changed_at >= version.committed_at:
            return file.version == version.id
        put = {**content_of(version), "changed_at": version.committed_at}
        return change_file(file, put=put, remove=["deleted_at"]) or None

    return settle(attempt)


def get_file(user: str, file: str) -> File | None:
    """Return a user's file, deleted or not, or None: also when it is somebody else's."""
    item = records.get(here.drive_table, _file_key(user, file))
    return _file(user, item) if item else None


def get_files(user: str, wanted: Sequence[str]) -> list[File]:
    """Return those of the files that are the user's, deleted or not, in no particular order."""
    items = records.get_many(here.drive_table, [_file_key(user, file) for file in wanted])
    return [_file(user, item) for item in items]


def get_versions(user: str, wanted: Sequence[tuple[str, str]]) -> list[Version]:
    """Return those of the versions (file id, version id) that are there, in no particular order."""
    items = records.get_many(here.drive_table, [_version_key(user, file, version) for file, version in wanted])
    return [_version(user, item) for item in items]


def list_files(user: str, *, after: str | None = None) -> Iterator[File]:
    """Return a user's files, deleted ones too, in the order of their ids, from behind the file `after` on.

    Reads a page at a time, as far as the caller goes on asking.
    """
    pk = f"USER#{user}"
    start: Item | None = dict(_file_key(user, after)) if after else None
    while True:
        page = records.query(here.drive_table, pk, prefix="FILE#", limit=PAGE_FILES, after=start)
        yield from (_file(user, item) for item in page.items)
        if page.after is None:
            return
        start = page.after


def change_file(seen: File, *, put: Item, remove: list[str]) -> bool:
    """Change a file unless somebody else did since it was `seen`; return whether it was changed."""
    put = {**put, "revision": seen.revision + 1}
    item_key = _file_key(seen.user, seen.id)
    expect = {"revision": seen.revision}
    return records.change(here.drive_table, item_key, expect=expect, put=put, remove=remove) is not None


def settle(attempt: Callable[[], _Outcome | None]) -> _Outcome:
    """Repeat a read with a conditional write that somebody else's write made void. Raises Contended."""
    for _ in range(_TRIES):
        outcome = attempt()
        if outcome is not None:
            return outcome
    raise Contended


def _file_key(user: str, file: str) -> records.Key:
    return key(f"USER#{user}", f"FILE#{file}")


def _version_key(user: str, file: str, version: str) -> records.Key:
    committed_at, _, upload = version.partition("-")
    return key(f"USER#{user}", f"VERSION#{file}#{committed_at}#{upload}")


def attributes(thing: Any, *in_key: str) -> Item:
    """Return what an item holds of a dataclass beside its key."""
    return {name: value for name, value in asdict(thing).items() if value is not None and name not in in_key}


def content_of(version: Version) -> Item:
    """Return what a current file takes over from a version."""
    return {
        "path": version.path,
        "version": version.id,
        "size": version.size,
        "sha256": version.sha256,
        "committed_at": version.committed_at,
    }


def _first(version: Version) -> Item:
    return {
        **_file_key(version.user, version.file),
        **content_of(version),
        "changed_at": version.committed_at,
        "revision": 1,
    }


def known(kind: type[Any], item: Item) -> Item:
    """Return those attributes of an item that a dataclass has; an older or newer region may write others."""
    return {name: value for name, value in item.items() if name in kind.__dataclass_fields__}


def _version(user: str, item: Item) -> Version:
    _, file, _, upload = item["sk"].split("#")
    durability = Durability(item["durability"])
    return Version(**known(Version, item) | {"user": user, "file": file, "upload": upload, "durability": durability})


def _file(user: str, item: Item) -> File:
    changes = tuple(item.get("changes", []))
    return File(**known(File, item) | {"user": user, "id": item["sk"].removeprefix("FILE#"), "changes": changes})
