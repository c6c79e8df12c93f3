"""Names of files, from people and from servers: neither is trusted.

What the drive takes as a path is checked here by the drive's own rules, before gigabytes are read; the drive decides.
What a server calls a file decides nothing about where it is written but the last part of the name.
"""

import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

from .errors import Mistake

LONGEST_PATH = 1024
LONGEST_NAME = 255
"""Bytes of a name that file systems take."""

# They reverse the direction of what follows: "gpj.exe" shows as "exe.jpg" (Unicode Technical Report 36, section 2.5).
_DIRECTION_CONTROLS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_UNPRINTABLE = frozenset({"Cc", "Cs", "Cn", "Zl", "Zp"})
_DEVICES = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?", re.IGNORECASE)


def check_path(path: str) -> str:
    """Return a path of the drive in the form the drive keeps; raises Mistake for what it would not take."""
    normal = unicodedata.normalize("NFC", path)
    reason = _unprintable(normal) or _misplaced(normal)
    if reason is None and any(_has_bad_segment(reading) for reading in _readings(normal)):
        reason = "it, or a part of it, is empty or made only of dots or blanks, such as .."
    if reason:
        raise Mistake("bad-path", f"{shown(path)[:200]!r} cannot be a path of the drive: {reason}.")
    return normal


def _unprintable(path: str) -> str | None:
    for character in path:
        if is_unprintable(character):
            return f"it contains the unprintable character U+{ord(character):04X}"
    return None


def _misplaced(path: str) -> str | None:
    if len(path.encode()) > LONGEST_PATH:
        return f"it is longer than {LONGEST_PATH} bytes in UTF-8"
    if "\\" in path:
        return "it contains a backslash; folders are separated by /"
    if path.startswith("/") or re.match(r"[A-Za-z]:", path):
        return "it is absolute; paths start inside the drive"
    return None


def _readings(path: str) -> Iterator[str]:
    """A name that becomes a way out when someone decodes it is refused too."""
    yield path
    for reading in (path, unquote(path)):
        yield unicodedata.normalize("NFKC", reading)


def _has_bad_segment(reading: str) -> bool:
    # Windows drops trailing dots and blanks, so that "... " is ".." there.
    return any(not segment.strip(". \u00a0") for segment in re.split(r"[/\\]", reading))


def is_unprintable(character: str) -> bool:
    """Return whether a character would disturb a terminal, or the eye."""
    return character in _DIRECTION_CONTROLS or unicodedata.category(character) in _UNPRINTABLE


def shown(name: str) -> str:
    """Return a name as a terminal may show it."""
    return "".join(
        character.encode("unicode_escape").decode() if is_unprintable(character) else character for character in name
    )


def local_path(folder: Path, remote: str, *, below: str = "") -> Path:
    """Return where a file of the drive is written: below `folder`, whatever the server calls it.

    Without `below` that is its last name; with it (a folder of the drive, such as "holiday/") all that comes after.
    Raises Mistake for a name that this machine could take for a way out of the folder.
    """
    try:
        checked = check_path(remote)
    except Mistake as error:
        raise Mistake("unsafe-name", f"The drive names a file {shown(remote)!r}: {error}") from None
    inside = checked.removeprefix(below) if below else PurePosixPath(checked).name
    path = folder
    for segment in inside.split("/"):
        if segment in {"", ".", ".."} or ":" in segment or _DEVICES.fullmatch(segment.strip()):
            raise _unsafe(remote)
        if len(segment.encode()) > LONGEST_NAME:
            raise Mistake("unsafe-name", f"{shown(remote)!r} has a name too long for this machine: use --output.")
        path /= segment
    if not path.parent.resolve().is_relative_to(folder.resolve()):  # a link inside the folder that leads out of it
        raise _unsafe(remote)
    return path


def _unsafe(remote: str) -> Mistake:
    return Mistake("unsafe-name", f"{shown(remote)!r} is no name to write a file under: give another one by --output.")
