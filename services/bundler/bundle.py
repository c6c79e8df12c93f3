"""One bundle, from the list of its files to the finished zip: memory does not grow with either."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from itertools import islice

from services.bundler.archive import Member, Writable, names_inside, write_archive
from services.bundler.source import SourceLost, ranges, read_ahead
from services.bundler.waiting import Check
from services.drive.files import composite
from services.drive.limits import BUNDLE_FILES, LARGEST_FILE, PART_BYTES
from services.drive.manifests import Entry

ZIP_OVERHEAD = 1.001
"""Deflate at level 0 adds 5 bytes to each 32 KiB or more; headers take about 200 bytes a file, and its name."""

OnBytes = Callable[[int], None]
"""Told how many more bytes of the files went into the zip."""


class TooLarge(Exception):
    """More files, or more bytes, than one bundle can have."""


def write_bundle(
    files: Sequence[Entry], target: Writable, readers: Executor, *, check: Check, on_bytes: OnBytes
) -> None:
    """Write the zip of `files`.

    Raises TooLarge before anything is read, SourceLost when a file is not as the manifest says, and what `check` does.
    """
    _check_size(files)
    pieces = read_ahead((each for file in files for each in ranges(file)), readers, check)
    names = names_inside([file.name for file in files])
    members = (
        Member(name, file.size, _content(file, pieces, check, on_bytes))
        for name, file in zip(names, files, strict=True)
    )
    write_archive(target, members)


def _check_size(files: Sequence[Entry]) -> None:
    total = sum(file.size for file in files)
    if len(files) > BUNDLE_FILES or total * ZIP_OVERHEAD > LARGEST_FILE:
        message = f"{len(files)} files with {total} bytes: a bundle has at most {BUNDLE_FILES} and {LARGEST_FILE}"
        raise TooLarge(message)


def _content(file: Entry, pieces: Iterator[bytes], check: Check, on_bytes: OnBytes) -> Iterator[bytes]:
    content = _ContentHash()
    for piece in islice(pieces, len(ranges(file))):
        check()
        content.update(piece)
        on_bytes(len(piece))
        yield piece
    if content.id() != file.sha256:
        message = "a file's bytes are not those of its checksum"
        raise SourceLost(message)


class _ContentHash:
    """The id of a content (see files.composite), from pieces that never cross the border between two parts."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._part = hashlib.sha256()
        self._room = PART_BYTES

    def update(self, piece: bytes) -> None:
        if self._room == 0:
            self._end_part()
        self._part.update(piece)
        self._room -= len(piece)

    def id(self) -> str:
        self._end_part()
        return composite(self._parts)

    def _end_part(self) -> None:
        self._parts.append(self._part.hexdigest())
        self._part = hashlib.sha256()
        self._room = PART_BYTES
