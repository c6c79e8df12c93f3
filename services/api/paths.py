"""The names that files may have."""

import re
import unicodedata
from urllib.parse import unquote

from services.api.errors import Problem, bad_request
from services.drive.limits import LONGEST_PATH

# They reverse the direction of what follows: "gpj.exe" shows as "exe.jpg" (Unicode Technical Report 36, section 2.5).
_DIRECTION_CONTROLS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
# Control characters, lone surrogates, unassigned code points, line and paragraph separators.
_UNPRINTABLE = frozenset({"Cc", "Cs", "Cn", "Zl", "Zp"})


def normalize(path: str) -> str:
    """Return `path` in Unicode normal form C, so that one name typed on two systems is one file.

    Raises a `Problem` for what is no relative path inside the drive. Percent signs stay as they are, yet a name that
    becomes a way out when someone decodes it is refused too: bundles are unpacked on machines that we do not know.
    """
    normal = unicodedata.normalize("NFC", path)
    for character in normal:
        if character in _DIRECTION_CONTROLS or unicodedata.category(character) in _UNPRINTABLE:
            raise _refused(f"it contains the unprintable character U+{ord(character):04X}")
    if len(normal.encode()) > LONGEST_PATH:
        raise _refused(f"it is longer than {LONGEST_PATH} bytes in UTF-8")
    if "\\" in normal:
        raise _refused("it contains a backslash; folders are separated by /")
    if normal.startswith("/") or re.match(r"[A-Za-z]:", normal):
        raise _refused("it is absolute; paths start inside the drive")
    for reading in (normal, unquote(normal)):
        _check_segments(re.split(r"[/\\]", unicodedata.normalize("NFKC", reading)))
    _check_segments(normal.split("/"))
    return normal


def _check_segments(segments: list[str]) -> None:
    for segment in segments:
        if not segment:
            raise _refused("it is empty, or has an empty part such as in a//b or a/")
        # Windows drops trailing dots and blanks, so that "... " is ".." there.
        if not segment.strip(". \u00a0"):
            raise _refused("it has a part made only of dots or blanks, such as ..")


def _refused(reason: str) -> Problem:
    return bad_request(f"This path cannot be used: {reason}.")
