"""The newest complete export of the `drive` table among what was copied.

An export has a `manifest-files.json` that names each of its data files and how many items are in it (DynamoDB
Developer Guide, "DynamoDB table export output format"). An export is complete when all of them were copied.
"""

import io
import json
import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from services.offsite.chain import Entry
from services.offsite.store import Store

MANIFEST = "manifest-files.json"
DATA = ".json.gz"


@dataclass
class Export:
    """One export: its data files, and how many items it must have (None: its manifest was not copied)."""

    name: str
    files: list[Entry] = field(default_factory=list)
    items: int | None = None
    problems: list[str] = field(default_factory=list)


def newest(store: Store, entries: Sequence[Entry]) -> Export | None:
    """Return the newest complete export; while there is none, the newest one, with what is wrong with it."""
    exports = [_examine(store, name, found) for name, found in sorted(_by_export(entries).items(), reverse=True)]
    return next((export for export in exports if not export.problems), exports[0] if exports else None)


def items(store: Store, entry: Entry) -> Iterator[dict[str, Any]]:
    """Yield the items of a data file in DynamoDB's typed form. Raises FileNotFoundError or DamagedError."""
    lines = io.TextIOWrapper(io.BufferedReader(_Readable(_unzip(store.read(entry.stored)))), encoding="utf-8")
    for line in lines:
        if line.strip():
            yield json.loads(line)["Item"]


def _by_export(entries: Sequence[Entry]) -> dict[str, dict[str, Entry]]:
    """Group what was copied by export: `catalogue/<day>/AWSDynamoDB/<export>/…`."""
    exports: dict[str, dict[str, Entry]] = defaultdict(dict)
    for entry in entries:
        parts = entry.key.split("/")
        if entry.kind == "catalogue" and len(parts) > 4:
            exports["/".join(parts[:4])][entry.key] = entry
    return exports


def _examine(store: Store, name: str, found: dict[str, Entry]) -> Export:
    export = Export(name, [entry for key, entry in found.items() if key.endswith((DATA, ".gz")) and "/data/" in key])
    manifest = found.get(f"{name}/{MANIFEST}")
    if manifest is None:
        export.problems.append(f"export {name} has no manifest: nobody knows what is missing of it")
        return export
    listed = [json.loads(line) for line in b"".join(store.read(manifest.stored)).splitlines() if line.strip()]
    export.items = sum(part["itemCount"] for part in listed)
    missing = [part for part in listed if part["dataFileS3Key"] not in found]
    if missing:
        lost = sum(part["itemCount"] for part in missing)
        export.problems.append(f"export {name} lacks {len(missing)} data files with {lost} items")
    return export


def _unzip(pieces: Iterable[bytes]) -> Iterator[bytes]:
    unzipping = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    for piece in pieces:
        yield unzipping.decompress(piece)
    yield unzipping.flush()


class _Readable(io.RawIOBase):
    """Pieces as a file."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._waiting = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._waiting:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._waiting = piece
        size = min(len(buffer), len(self._waiting))
        buffer[:size] = self._waiting[:size]
        self._waiting = self._waiting[size:]
        return size
