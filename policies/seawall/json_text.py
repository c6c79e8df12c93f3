"""JSON that a template holds as text, with references and unknowns in it."""

from __future__ import annotations

import json
import re

from seawall.values import Reference, Text, Unknown, Value, join_parts, reasons

_OPEN, _CLOSE = "\ue000", "\ue001"  # private-use characters: what writes them itself is refused
_PIECE = re.compile(f"{_OPEN}(\\d+){_CLOSE}")
_BARE = re.compile(f"([:,\\[]\\s*)({_OPEN}\\d+{_CLOSE})(?=\\s*[,}}\\]])")


def parsed(text: str | Text) -> Value:
    """JSON text as plain values, its references and unknowns put back where they stood.

    An ``Unknown`` where it is no JSON, because of what is left open in it or by mistake.
    """
    parts = text.parts if isinstance(text, Text) else (text,)
    if any(isinstance(part, str) and _OPEN in part for part in parts):
        return Unknown(("a text with private-use characters",))
    written = "".join(part if isinstance(part, str) else f"{_OPEN}{index}{_CLOSE}" for index, part in enumerate(parts))
    for candidate in (written, _BARE.sub(r'\1"\2"', written)):
        try:
            return _restored(json.loads(candidate), parts)
        except (ValueError, RecursionError):
            continue  # perhaps for a number that is left open: it stands there without quotes
    return Unknown(reasons(text) or (f"the text {written[:40]!r}, which is no JSON",))


def _restored(value: Value, parts: tuple[str | Unknown | Reference, ...]) -> Value:
    if isinstance(value, dict):
        return {key: _restored(item, parts) for key, item in value.items()}
    if isinstance(value, list):
        return [_restored(item, parts) for item in value]
    if not isinstance(value, str) or _OPEN not in value:
        return value
    pieces = _PIECE.split(value)
    return join_parts([parts[int(piece)] if index % 2 else piece for index, piece in enumerate(pieces)])
