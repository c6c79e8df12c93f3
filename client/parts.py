"""Files in parts of 16 MiB, each with its SHA-256: the unit in which bytes are sent, checked and fetched."""

import hashlib
import stat
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from .errors import Mistake

PART_BYTES = 16 * 1024 * 1024
MOST_PARTS = 10_000
LARGEST_FILE = MOST_PARTS * PART_BYTES
CHUNK = 1024 * 1024


@dataclass(frozen=True)
class Stamp:
    """What tells without reading it that a file is still the one it was."""

    size: int
    modified: int
    inode: int


@dataclass(frozen=True)
class Scan:
    """A file that was read once. `parts` are the SHA-256s of its parts, in hex."""

    stamp: Stamp
    parts: list[str]

    @property
    def size(self) -> int:
        """Bytes."""
        return self.stamp.size

    @property
    def sha256(self) -> str:
        """The drive's id of the content: SHA-256 over the SHA-256s of the parts."""
        return composite(self.parts)


def part_count(size: int) -> int:
    """Return in how many parts a file is sent; an empty file is one empty part."""
    return max(1, -(-size // PART_BYTES))


def part_range(number: int, size: int) -> tuple[int, int]:
    """Return where part `number` (from 1 on) starts, and how long it is."""
    start = (number - 1) * PART_BYTES
    return start, min(PART_BYTES, size - start)


def composite(parts: Sequence[str]) -> str:
    """Return the SHA-256 over the SHA-256s of the parts, in hex."""
    return hashlib.sha256(b"".join(bytes.fromhex(part) for part in parts)).hexdigest()


def stamp_of(path: Path) -> Stamp:
    """Return a regular file's stamp; raises Mistake for all else, before anything is opened that could hang."""
    try:
        found = path.stat()
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from error
    if not stat.S_ISREG(found.st_mode):
        what = "a folder: add --recursive to send all in it" if stat.S_ISDIR(found.st_mode) else "no regular file"
        raise Mistake("not-a-file", f"{path} is {what}.")
    if found.st_size > LARGEST_FILE:
        raise Mistake("too-large", f"{path} has {found.st_size} bytes; the drive takes files of up to {LARGEST_FILE}.")
    return Stamp(found.st_size, found.st_mtime_ns, found.st_ino)


def scan(path: Path, on_bytes: Callable[[int], None]) -> Scan:
    """Read a file and return what it holds; raises Mistake when it cannot be read or changes meanwhile."""
    before = stamp_of(path)
    numbers = range(1, part_count(before.size) + 1)
    try:
        with path.open("rb") as file:
            parts = [_digest(file, part_range(number, before.size)[1], on_bytes) for number in numbers]
            grew = bool(file.read(1))
    except OSError as error:
        raise unreadable(path, error) from error
    if grew or stamp_of(path) != before:
        raise changed(path)
    return Scan(before, parts)


def read_part(path: Path, number: int, scanned: Scan) -> bytes:
    """Return the bytes of a part; raises Mistake when they are not those that were scanned."""
    start, length = part_range(number, scanned.size)
    try:
        with path.open("rb") as file:
            file.seek(start)
            content = file.read(length)
    except OSError as error:
        raise unreadable(path, error) from error
    if hashlib.sha256(content).hexdigest() != scanned.parts[number - 1]:
        raise changed(path)
    return content


def digest_of(path: Path, start: int, length: int) -> str:
    """Return the SHA-256 of a piece of a file; of what there is, when it ends earlier."""
    with path.open("rb") as file:
        file.seek(start)
        return _digest(file, length, lambda _: None)


def unreadable(path: Path, error: Exception) -> Mistake:
    """Return what to say about a file that cannot be read."""
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return Mistake("unreadable", f"Cannot read {path}: {reason}.")


def changed(path: Path) -> Mistake:
    """Return what to say about a file that was written to while it was being sent."""
    return Mistake("changed", f"{path} changes while it is being read: send it again when nothing writes to it.")


def _digest(file: BinaryIO, length: int, on_bytes: Callable[[int], None]) -> str:
    digest = hashlib.sha256()
    while length > 0 and (chunk := file.read(min(CHUNK, length))):
        digest.update(chunk)
        length -= len(chunk)
        on_bytes(len(chunk))
    return digest.hexdigest()
