"""Texts and lists of which pieces are unknown: joining, splitting, selecting, dynamic references."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from seawall.values import Reference, Text, Unknown, Value, join_parts, plain_text, reasons

if TYPE_CHECKING:
    from seawall.stack import Stack

_DYNAMIC = re.compile(r"\{\{resolve:[^{}]*\}\}")

MAX_TEXT = 1_000_000
"""Characters of one text. CloudFormation takes whole templates up to this size: only a bomb is longer."""


def dynamic(text: str) -> Value:
    """A text whose dynamic references (``{{resolve:ssm:…}}``) are unknown pieces."""
    parts: list[Value] = []
    position = 0
    for found in _DYNAMIC.finditer(text):
        parts += [text[position : found.start()], Unknown((found.group(),), identity=found.group())]
        position = found.end()
    return join_parts([*parts, text[position:]])


def text_of(stack: Stack, parts: list[Value]) -> Value:
    """The text made of these pieces, as far as it is known; a list among them counts with its commas."""
    pieces: list[Value] = []
    for part in parts:
        if isinstance(part, list):
            for index, item in enumerate(part):
                pieces += [",", item] if index else [item]
        elif part is not None:
            pieces.append(part)
    if any(isinstance(piece, (dict, list)) for piece in pieces):
        return Unknown(reasons(pieces) or ("a mapping inside a text",))
    size = sum(map(_size, pieces))
    if size > MAX_TEXT or not stack.afford(size):
        return Unknown((f"a text of more than {MAX_TEXT} characters",))
    text = join_parts(pieces)
    return dynamic(text) if isinstance(text, str) and "{{resolve:" in text else text


def _size(piece: Value) -> int:
    if isinstance(piece, str):
        return len(piece)
    return sum(map(_size, piece.parts)) + len(piece.parts) if isinstance(piece, Text) else 8


def split(separator: Value, text: Value) -> Value:
    """The pieces of a text; unknown pieces stay single pieces, a joined unknown list becomes itself again."""
    if not isinstance(separator, str) or not separator:
        return Unknown(reasons(separator) or ("a separator",))
    if isinstance(text, Unknown):
        joined = unjoined(separator, text)
        if joined is not None:
            return joined
        return Unknown(text.because, identity=None if text.identity is None else ("split", separator, text.identity))
    if text is None or isinstance(text, (list, dict)):
        return text if isinstance(text, list) else Unknown(("a Split of nothing",))
    if isinstance(text, Reference):  # an ARN, or a list joined elsewhere: how many pieces nobody can tell
        return Unknown((f"the pieces of {text}",), identity=("split", separator, text))
    parts = text.parts if isinstance(text, Text) else (text,)
    pieces: list[list[Value]] = [[]]
    for part in parts:
        if not isinstance(part, (str, int, float)):
            pieces[-1].append(part)
            continue
        first, *others = plain_text(part).split(separator)
        pieces[-1].append(first)
        pieces += [[other] for other in others]
    return [join_parts(piece) for piece in pieces]


def unjoined(separator: str, text: Unknown) -> Unknown | None:
    """The unknown list that ``text`` was joined from with this separator, if it was."""
    if isinstance(text.identity, tuple) and text.identity[:2] == ("join", separator):
        joined: Unknown = text.identity[2]
        return joined
    return None


def cut_from(value: Value) -> Reference | None:
    """The resource or attribute that a ``Select`` of a ``Split`` cuts a piece from, if ``value`` is one."""
    identity = value.identity if isinstance(value, Unknown) else None
    if not isinstance(identity, tuple) or identity[0] != "select" or not isinstance(identity[1], tuple):
        return None
    kind, *_, whole = identity[1]
    return whole if kind == "split" and isinstance(whole, Reference) else None


def element_of(index: float | None, choices: Unknown | Reference | Text) -> Unknown:
    """An element of a list that is not known: the same again for the same index, another one for another."""
    identity = choices.identity if isinstance(choices, Unknown) else choices
    because = reasons(choices) or (f"an element of {choices}",)
    if identity is None or index is None:
        return Unknown(because)
    return Unknown(because, identity=("select", identity, index), family=("select", identity))
