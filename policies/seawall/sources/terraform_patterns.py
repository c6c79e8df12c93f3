"""Terraform's ``regex`` and ``regexall``, also over names that are not known but whose shape is.

Patterns of a stranger must end: Python's engine, unlike Terraform's, can take for ever over nested repetitions.
"""

from __future__ import annotations

import re

from seawall.values import Text, Unknown, Value, plain_text, reasons

MAX_TEXT = 200
"""Characters of a text that is searched."""

MAX_REPETITIONS = 3
"""Repetitions in a pattern; none may be one of a group."""

_SAMPLE_REGION = "eu-west-1"
_SAMPLE_ZONE_ID = "euw1-az1"


def regexall(pattern: Value, text: Value) -> Value:
    """The matches; where only the shape of the text is known, as many unknown ones."""
    found = _found(pattern, text)
    if isinstance(found, Unknown) or isinstance(text, str):
        return found
    return [Unknown(reasons(text)) for _ in found]


def regex(pattern: Value, text: Value) -> Value:
    """The first match. No match is an error in Terraform, which ``try`` and ``can`` pass over."""
    found = _found(pattern, text)
    if isinstance(found, Unknown):
        return found
    if not found:
        return Unknown((f"a match of {pattern}, which is not there",), identity=("missing", str(pattern)))
    return found[0] if isinstance(text, str) else Unknown(reasons(text))


def _found(pattern: Value, text: Value) -> list[Value] | Unknown:
    shape = _shape(text)
    if not isinstance(pattern, str) or shape is None:
        return Unknown(reasons([pattern, text]) or ("regexall()",))
    grouped_repetition = re.search(r"\)[*+{]", pattern)
    if grouped_repetition or len(re.findall(r"[*+{]", pattern)) > MAX_REPETITIONS or len(shape) > MAX_TEXT:
        return Unknown((f"the pattern {pattern}",))
    try:
        return [_as_terraform(match) for match in re.finditer(pattern, shape, re.ASCII)]
    except re.error:
        return Unknown((f"the pattern {pattern}",))


def _as_terraform(match: re.Match[str]) -> Value:
    if match.re.groupindex:
        return dict(match.groupdict())
    return list(match.groups()) if match.re.groups else match.group()


def _shape(text: Value) -> str | None:
    """The text, or one like it where it is the name of an unknown zone or region."""
    if isinstance(text, (str, int, float)):
        return plain_text(text)
    if isinstance(text, Text):
        parts = [_shape(part) for part in text.parts]
        return "".join(part for part in parts if part is not None) if None not in parts else None
    identity = text.identity if isinstance(text, Unknown) else None
    if not isinstance(identity, tuple):
        return None
    if identity[:1] == ("AWS::Region",):
        return _SAMPLE_REGION
    if identity[:1] == ("select",) and isinstance(identity[1], tuple) and identity[1][:1] == ("zones",):
        place = identity[1][1]
        return _SAMPLE_ZONE_ID if isinstance(place, tuple) and place[-1:] == ("ids",) else _SAMPLE_REGION + "a"
    return None
