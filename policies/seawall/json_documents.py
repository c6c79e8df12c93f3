"""JSON text as plain mappings and lists; their lines are looked up only where something is found."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from seawall.documents import MAX_DEPTH, Mapping, Sequence, TooMuch, Unreadable, twice


def read_json(text: str, problems: list[Unreadable]) -> Any:
    """The document in ``text``, without lines (see ``with_lines``); raises ``Unreadable``.

    A key that is there twice is added to ``problems``; the last one counts.
    """
    repeated: list[str] = []

    def unique_pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        mapping = dict(pairs)
        if len(mapping) != len(pairs):
            repeated.extend(_repeated(key for key, _ in pairs))
        return mapping

    try:
        document = json.loads(text, object_pairs_hook=unique_pairs)
    except json.JSONDecodeError as error:
        reason = error.msg.removesuffix(" at").removesuffix(" starting")
        raise Unreadable(reason[0].lower() + reason[1:], error.lineno) from None
    except RecursionError:
        raise _too_deep(text) from None
    except ValueError:
        raise _huge_number(text) from None
    if text.count("{") + text.count("[") > MAX_DEPTH and _is_too_deep(document):
        raise _too_deep(text)
    if repeated:
        problems.append(twice(repeated[0], _second_line(text, repeated[0])))
        problems.extend(twice(key, None) for key in repeated[1:])  # only the first is shown
    return document


def _repeated(keys: Iterable[str]) -> Iterator[str]:
    seen: set[str] = set()
    for key in keys:
        if key in seen:
            yield key
        seen.add(key)


def _second_line(text: str, key: str) -> int | None:
    # Which of several mappings holds the pair is not known here: only two hits in all name the line.
    hits = [found.start() for found in re.finditer(re.escape(json.dumps(key)) + r"\s*:", text)]
    return text.count("\n", 0, hits[1]) + 1 if len(hits) == 2 else None


def _huge_number(text: str) -> Unreadable:
    # Python reads integers of up to 4300 digits, the only ValueError that json raises by itself.
    found = next((digits for digits in re.finditer(r"[0-9]+", text) if len(digits.group()) > 4300), None)
    line = text.count("\n", 0, found.start()) + 1 if found else None
    return Unreadable("a number has thousands of digits", line)


def _too_deep(text: str) -> TooMuch:
    # Stops long before the text may turn out not to be JSON at all.
    depth = 0
    for piece, line in _pieces(text):
        depth += (piece in "{[") - (piece in "}]")
        if depth > MAX_DEPTH:
            return TooMuch(f"nested deeper than {MAX_DEPTH} levels", line)
    return TooMuch(f"nested deeper than {MAX_DEPTH} levels")


def _is_too_deep(document: Any) -> bool:
    level = [document]
    for _ in range(MAX_DEPTH):
        level = [
            child
            for node in level
            for child in (node.values() if isinstance(node, dict) else node)
            if isinstance(child, (dict, list))
        ]
        if not level:
            return False
    return True


def with_lines(text: str) -> Any:
    """The JSON document in ``text`` again, with the lines of mappings and lists; ``text`` is sound."""
    return _with_lines(_pieces(text))


_PIECE = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]:,]|[^\s{}\[\]:,"]+')


def _pieces(text: str) -> Iterator[tuple[str, int]]:
    """Brackets, commas, colons and scalars in order, each with its line."""
    line, seen = 1, 0
    for found in _PIECE.finditer(text):
        line += text.count("\n", seen, found.start())
        seen = found.start()
        yield found.group(), line


def _scalar(piece: str) -> Any:
    if piece[0] == '"' and "\\" not in piece:
        return piece[1:-1]  # nearly every piece; decoding each by itself took half of the time
    return json.loads(piece)


def _with_lines(pieces: Iterator[tuple[str, int]]) -> Any:
    stack: list[tuple[Any, str | None]] = []
    container: Any = None
    key: str | None = None
    for piece, line in pieces:
        if piece in ",:":
            continue
        if piece in "{[":
            stack.append((container, key))
            container, key = (Mapping(line) if piece == "{" else Sequence(line)), None
            continue
        value, start = (container, container.line) if piece in "}]" else (_scalar(piece), line)
        if piece in "}]":
            container, key = stack.pop()
        if container is None:
            return value
        if isinstance(container, Sequence):
            container.append(value)
            container.lines.append(start)
        elif key is None:
            key = value
            container.lines[key] = start
        else:
            container[key] = value
            key = None
    return None
