"""A zip written while its files are read; only the list of its entries is kept in memory.

The standard library writes it. It streams to anything with `write`, uses Zip64 where sizes or offsets need it, comes
with the interpreter's own fixes and licence, and adds nothing to the image; stream-zip (MIT) writes as flat but brings
16 MB of a second cryptography library, zipstream-ng is LGPL. Entries are deflate at level 0: the photographs, music
and videos that people bundle do not shrink, and unlike plain storing its end can be found by a reader that streams.
"""

import re
import unicodedata
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Protocol

LARGEST_WITHOUT_ZIP64 = 2**31 - 1
"""An entry of more bytes gets Zip64 fields (`zipfile.ZIP64_LIMIT`; the format itself needs them from 4 GiB on)."""

_UNUSABLE = re.compile(r'[\x00-\x1f\x7f\\:*?"<>|]')
"""Control characters, and what Windows cannot have in a name: such a file would be lost when unpacked there."""


class Writable(Protocol):
    """Takes bytes in order."""

    def write(self, data: bytes, /) -> int:
        """Take all of `data` and return its length."""
        ...


@dataclass(frozen=True)
class Member:
    """One file of the zip: its name inside, its size in bytes, and its content in pieces, read when its turn comes."""

    name: str
    size: int
    content: Iterable[bytes]


def write_archive(target: Writable, members: Iterable[Member]) -> None:
    """Write `members` to `target` in their order, each dated 1980-01-01 so that equal content gives equal bytes.

    What the content's iterators raise comes through; what was written until then is no valid zip.
    """
    stream = _Stream(target)
    archive = zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=0)
    for member in members:
        with archive.open(member.name, "w", force_zip64=member.size > LARGEST_WITHOUT_ZIP64) as writer, stream:
            for piece in member.content:
                writer.write(piece)
    archive.close()


class _Stream:
    """Passes bytes on until something goes wrong: zipfile writes its ends even when it is left half-way."""

    def __init__(self, target: Writable) -> None:
        self._target = target
        self._broken = False

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._broken = self._broken or kind is not None

    def write(self, data: bytes, /) -> int:
        if self._broken:
            return len(data)
        with self:
            return self._target.write(data)

    def flush(self) -> None:
        pass

    def close(self) -> None:
        pass


def names_inside(paths: Sequence[str]) -> list[str]:
    """Return a name for each path, in order: safe to unpack on every system, and no two the same there.

    Windows and macOS take `A.txt` and `a.txt` for one file, and no system can unpack `a` beside `a/b`: the later one
    becomes `a (2)`.
    """
    safe = [_safe(path) for path in paths]
    folders = {_folded(str(parent)) for name in safe for parent in PurePosixPath(name).parents}
    taken = set(folders)
    next_number: dict[str, int] = {}
    names = []
    for name in safe:
        free, folded = name, _folded(name)
        while _folded(free) in taken:
            next_number[folded] = next_number.get(folded, 1) + 1
            free = _numbered(name, next_number[folded])
        taken.add(_folded(free))
        names.append(free)
    return names


def _safe(path: str) -> str:
    segments = [_UNUSABLE.sub("_", segment).rstrip(". ") for segment in unicodedata.normalize("NFC", path).split("/")]
    return "/".join(segment for segment in segments if segment) or "_"


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name.casefold())


def _numbered(name: str, number: int) -> str:
    path = PurePosixPath(name)
    return str(path.with_name(f"{path.stem} ({number}){path.suffix}"))
