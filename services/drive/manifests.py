"""Manifests: which files a bundle holds. Named by their own hash, so that writing one twice changes nothing.

A manifest of 2 000 files is larger than an item may be (400 KB): it is cut into parts, and its head is written last.
Without a head there is no manifest, whatever parts are there.
"""

import hashlib
import json
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, astuple, dataclass
from typing import Any

from services.drive import records
from services.drive.environment import here
from services.drive.limits import MANIFEST_PART_BYTES
from services.drive.records import Key, key


class NoSuchManifest(Exception):
    """No manifest of this hash was completely written."""


class DamagedManifest(Exception):
    """The parts do not add up to the hash that they are named by."""


@dataclass(frozen=True)
class Entry:
    """One file of a bundle: its name there, and which version of which object it is."""

    name: str
    region: str
    bucket: str
    key: str
    version: str
    size: int
    """Bytes."""
    sha256: str


@dataclass(frozen=True)
class Content:
    """A catalogue content that is sold: an album, and the manifest of what it holds."""

    id: str
    title: str
    manifest: str


def write(entries: Iterable[Entry]) -> str:
    """Write a manifest and return its hash. The same files in any order are the same manifest."""
    ordered = _ordered(entries)
    manifest = hash_of(ordered)
    if records.get(here.drive_table, _head(manifest)):
        return manifest
    parts = list(_parts(ordered))
    for number, part in enumerate(parts):
        records.insert(here.drive_table, {**_part(manifest, number), "entries": zlib.compress(part)})
    size = sum(entry.size for entry in ordered)
    records.insert(here.drive_table, {**_head(manifest), "parts": len(parts), "files": len(ordered), "bytes": size})
    return manifest


def read(manifest: str) -> list[Entry]:
    """Return what a manifest lists, ordered by name; raises NoSuchManifest or DamagedManifest."""
    head = records.get(here.drive_table, _head(manifest))
    if head is None:
        raise NoSuchManifest(manifest)
    entries = [entry for number in range(head["parts"]) for entry in _read_part(manifest, number)]
    if hash_of(entries) != manifest:
        raise DamagedManifest(manifest)
    return entries


def hash_of(entries: Iterable[Entry]) -> str:
    """Return the hash that names the manifest of these files (64 hex digits)."""
    return hashlib.sha256(_json([astuple(entry) for entry in _ordered(entries)])).hexdigest()


def publish_content(content: Content) -> None:
    """Put a content into the catalogue, over an earlier edition of it. Its manifest must have been written."""
    records.put(
        here.drive_table,
        {**key(f"CONTENT#{content.id}", "CONTENT"), "title": content.title, "manifest": content.manifest},
    )


def read_content(content: str) -> Content | None:
    """Return a catalogue content."""
    item = records.get(here.drive_table, key(f"CONTENT#{content}", "CONTENT"), strong=False)
    return Content(content, item["title"], item["manifest"]) if item else None


def _ordered(entries: Iterable[Entry]) -> list[Entry]:
    return sorted(entries, key=astuple)


def _parts(entries: Sequence[Entry]) -> Iterator[bytes]:
    """Cut by size before compression: nobody can make names that do not compress and overfill an item."""
    lines: list[dict[str, Any]] = []
    size = 0
    for entry in entries:
        line = asdict(entry)
        length = len(_json(line))
        if lines and size + length > MANIFEST_PART_BYTES:
            yield _json(lines)
            lines, size = [], 0
        lines.append(line)
        size += length
    yield _json(lines)


def _read_part(manifest: str, number: int) -> list[Entry]:
    item = records.get(here.drive_table, _part(manifest, number))
    if item is None:
        raise DamagedManifest(manifest)
    return [Entry(**line) for line in json.loads(zlib.decompress(item["entries"]))]


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _head(manifest: str) -> Key:
    return key(f"MANIFEST#{manifest}", "MANIFEST")


def _part(manifest: str, number: int) -> Key:
    return key(f"MANIFEST#{manifest}", f"PART#{number:04}")
