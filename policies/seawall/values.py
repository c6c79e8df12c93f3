"""What a property can be when a template is read before it is deployed.

A value is one of

- a plain Python value: ``str``, ``int``, ``float``, ``bool``, ``list``, ``dict``; ``None`` is *not set*;
- ``Reference``: another resource (or one of its attributes) of the same design;
- ``Text``: a string of which some pieces are not known;
- ``Unknown``: not known before deployment, and why.

Comparing values has three answers. ``same`` returns ``True``, ``False`` or an ``Unknown`` that names
what would decide; nothing turns an unknown into a pass or a failure silently.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import Any, NamedTuple

Key = tuple[str, str]
"""A resource's key in its design: the stack's name (empty for a single template) and the logical id."""


class Unknown(NamedTuple):
    """A value that only the deployment knows.

    ``because`` names what decides it, for people: ``parameter Zones``. Equal ``identity`` means equal
    value; unknowns of one ``family`` with different identities differ from each other (two indices of
    one list of zones). ``excludes`` holds texts that it is known not to be.
    """

    because: tuple[str, ...]
    identity: Hashable = None
    family: Hashable = None
    excludes: frozenset[str] = frozenset()

    def __str__(self) -> str:
        return " and ".join(self.because) or "something unknown"


class Reference(NamedTuple):
    """A resource of the design (``attribute`` empty: what ``Ref`` returns) or an attribute of it."""

    key: Key
    attribute: str = ""

    def __str__(self) -> str:
        return f"{self.key[1]}.{self.attribute}" if self.attribute else self.key[1]


class Text(NamedTuple):
    """A string with pieces that are not known: plain strings, references and unknowns, in order."""

    parts: tuple[str | Unknown | Reference, ...]

    def __str__(self) -> str:
        return "".join(part if isinstance(part, str) else f"${{{part}}}" for part in self.parts)


Value = Any
Answer = bool | Unknown


def join_parts(parts: list[Value]) -> str | Text | Reference | Unknown:
    """The string made of these pieces; a single unknown or reference stays what it is."""
    flat: list[str | Unknown | Reference] = []
    for part in parts:
        for piece in part.parts if isinstance(part, Text) else (part,):
            text = piece if isinstance(piece, (Unknown, Reference)) else plain_text(piece)
            if isinstance(text, str) and flat and isinstance(flat[-1], str):
                flat[-1] += text
            elif text != "":
                flat.append(text)
    if not flat:
        return ""
    return flat[0] if len(flat) == 1 else Text(tuple(flat))


def plain_text(value: Value) -> str:
    """A known scalar the way CloudFormation compares it: booleans in lower case, numbers without ``.0``."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def is_known(value: Value) -> bool:
    """Whether nothing in this value is left to the deployment (references count as known things)."""
    if isinstance(value, (Unknown, Text)):
        return False
    if isinstance(value, dict):
        return all(is_known(item) for item in value.values())
    if isinstance(value, list):
        return all(is_known(item) for item in value)
    return True


def reasons(value: Value) -> tuple[str, ...]:
    """What decides the unknown pieces of this value, each named once, in order."""
    found: dict[str, None] = {}
    for leaf in leaves(value):
        if isinstance(leaf, Unknown):
            found.update(dict.fromkeys(leaf.because))
    return tuple(found)


def leaves(value: Value) -> Iterator[Value]:
    """Every scalar, unknown and reference inside a value, the pieces of texts included."""
    if isinstance(value, dict):
        for item in value.values():
            yield from leaves(item)
    elif isinstance(value, list):
        for item in value:
            yield from leaves(item)
    elif isinstance(value, Text):
        yield from value.parts
    else:
        yield value


def same(left: Value, right: Value) -> Answer:
    """Whether two values are equal once deployed: True, False, or the Unknown that decides."""
    if isinstance(left, Unknown) or isinstance(right, Unknown):
        return _same_unknown(left, right)
    if isinstance(left, Reference) and isinstance(right, Reference):
        if left == right:
            return True
        return _differ_or_unknown(left, right)
    if isinstance(left, Text) or isinstance(right, Text):
        return _same_text(left, right)
    if isinstance(left, Reference) or isinstance(right, Reference):
        return Unknown((f"the name of {left if isinstance(left, Reference) else right}",))
    if isinstance(left, (dict, list)) or isinstance(right, (dict, list)):
        equal = _comparable(left) == _comparable(right)
        return equal if equal or (is_known(left) and is_known(right)) else Unknown(reasons([left, right]))
    if left is None or right is None:
        return left is right
    return plain_text(left) == plain_text(right)


def _comparable(value: Value) -> Value:
    """A value whose scalars are texts: for Python 1 equals true, for a deployment it does not."""
    if isinstance(value, dict):
        return {key: _comparable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_comparable(item) for item in value]
    return plain_text(value) if isinstance(value, (bool, int, float)) else value


def _same_unknown(left: Value, right: Value) -> Answer:
    if isinstance(left, Unknown) and isinstance(right, Unknown):
        if left.identity is not None and left.identity == right.identity:
            return True
        if left.family is not None and left.family == right.family:
            return False
        return Unknown((*left.because, *(reason for reason in right.because if reason not in left.because)))
    unknown, other = (left, right) if isinstance(left, Unknown) else (right, left)
    if isinstance(other, (str, int, float)) and plain_text(other) in unknown.excludes:
        return False
    return Unknown(tuple(dict.fromkeys((*unknown.because, *reasons(other)))))


def _differ_or_unknown(left: Reference, right: Reference) -> Answer:
    # Two resources never share a name or an ARN; other attributes (a zone, a port) may well be equal.
    if left.key != right.key and left.attribute == right.attribute and left.attribute in ("", "Arn", "Id"):
        return False
    return Unknown((f"{left} and {right}",))


def _same_text(left: Value, right: Value) -> Answer:
    if left == right:
        return True
    left, right = _without_common_start(left, right)
    left_start, right_start = _literal_start(left), _literal_start(right)
    if isinstance(left, str) and isinstance(right, str):
        return left == right
    common = min(len(left_start), len(right_start))
    if left_start[:common] != right_start[:common]:
        return False
    return Unknown(reasons([left, right]) or (f"{left} and {right}",))


def _without_common_start(left: Value, right: Value) -> tuple[Value, Value]:
    # ``${Region}a`` and ``${Region}b`` differ whatever the region is.
    left_parts, right_parts = (value.parts if isinstance(value, Text) else (value,) for value in (left, right))
    common = 0
    while common < min(len(left_parts), len(right_parts)) and left_parts[common] == right_parts[common]:
        common += 1
    return join_parts(list(left_parts[common:])), join_parts(list(right_parts[common:]))


def _literal_start(value: Value) -> str:
    if isinstance(value, Text):
        return value.parts[0] if isinstance(value.parts[0], str) else ""
    if isinstance(value, Unknown):
        return ""
    return "" if isinstance(value, Reference) else plain_text(value)


def field(value: Value, path: str) -> Value:
    """The value at a dotted path inside a value: ``field(rule, "Destination.Bucket")``.

    ``None`` where it is not set or where something on the way is not a mapping; the ``Unknown``
    where something on the way is unknown.
    """
    for name in path.split("."):
        if isinstance(value, dict):
            value = value.get(name)
        elif isinstance(value, Unknown):
            return value
        else:
            return None
    return value


def values_at(value: Value, path: str) -> Iterator[Value]:
    """Every value at a dotted path inside a value that is set; each element of the lists on the way is looked into."""
    if isinstance(value, list):
        for item in value:
            yield from values_at(item, path)
    elif not path:
        if value is not None:
            yield value
    elif isinstance(value, dict):
        name, _, rest = path.partition(".")
        yield from values_at(value.get(name), rest)


def boolean(value: Value) -> bool | Unknown | None:
    """A switch: true, false, the ``Unknown`` that decides, or ``None`` where it is not set or no switch."""
    if isinstance(value, (bool, Unknown)) or value is None:
        return value
    if isinstance(value, (Text, Reference)):
        return Unknown(reasons(value) or (str(value),))
    return {"true": True, "false": False}.get(plain_text(value).strip().lower())


def number(value: Value) -> float | Unknown | None:
    """A number, also where it is written as text; ``None`` where it is not set or no number."""
    if isinstance(value, Unknown) or value is None:
        return value
    if isinstance(value, (Text, Reference)):
        return Unknown(reasons(value) or (str(value),))
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):  # an integer beyond 1e308
        return None
    return found if found - found == 0 else None  # neither NaN nor an infinity counts anything


def items(value: Value) -> list[Value] | Unknown:
    """The elements of a list; a lone value counts as a list of one, *not set* as an empty list."""
    if isinstance(value, (list, Unknown)):
        return value
    return [] if value is None else [value]
