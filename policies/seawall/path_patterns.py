"""Patterns of paths as ``seawall.yaml`` writes them: ``*`` within a folder, ``**`` across folders."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache


@lru_cache(maxsize=256)
def _expression(pattern: str) -> re.Pattern[str]:
    steps = [step for step in pattern.strip("/").split("/") if step not in ("", ".")]
    found = ""
    for index, step in enumerate(steps):
        last = index == len(steps) - 1
        if step == "**":
            found += ".*" if last else "(?:[^/]+/)*"
        else:
            found += "".join(map(_piece, re.findall(r"\*+|\?|[^*?]+", step))) + ("" if last else "/")
    # What names a folder holds everything below it.
    return re.compile(f"(?s:{found})(?:/.*)?\\Z")


def _piece(piece: str) -> str:
    if piece.startswith("*"):
        return "[^/]*"
    return "[^/]" if piece == "?" else re.escape(piece)


def fits(path: str, pattern: str) -> bool:
    """Whether a relative path, with ``/`` between its steps, fits the pattern or lies in a folder that does."""
    return _expression(pattern).match(path) is not None


def fits_any(path: str, patterns: Iterable[str]) -> bool:
    """Whether the path fits one of the patterns."""
    return any(fits(path, pattern) for pattern in patterns)


def relative(file: str, folder: str) -> str:
    """A file's path from a folder, with ``/`` between its steps; links are followed, for both may be links."""
    return os.path.relpath(os.path.realpath(file), os.path.realpath(folder)).replace(os.sep, "/")


def files_that_fit(folder: str, pattern: str, passed: frozenset[str]) -> Iterator[str]:
    """The files below ``folder`` that fit, sorted; not in folders called so or whose name starts with a dot."""
    if not set("*?") & set(pattern):
        file = os.path.join(folder, *pattern.split("/"))
        if os.path.isfile(file):
            yield os.path.normpath(file)
            return
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name[0] != "." and name not in passed)
        for name in sorted(names):
            file = os.path.join(place, name)
            if fits(os.path.relpath(file, folder).replace(os.sep, "/"), pattern):
                yield os.path.normpath(file)
