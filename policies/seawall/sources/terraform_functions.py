"""Terraform's functions, as far as they decide resilience. What is not here is unknown.

Source of the semantics: "Functions" in the Terraform language documentation. ``jsonencode`` keeps the
value as it is: a queue's redrive policy serves better as a mapping than as its text.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from typing import Any

from seawall.documents import Unreadable, read_yaml
from seawall.sources.terraform_patterns import regex, regexall
from seawall.texts import split
from seawall.values import (
    Reference,
    Text,
    Unknown,
    Value,
    boolean,
    is_known,
    join_parts,
    number,
    plain_text,
    reasons,
)

MAX_ELEMENTS = 1024
"""Elements of a list that a function may make; longer ones are unknown."""

ZONES_AT_LEAST = 2
"""Zones that ``aws_availability_zones`` surely finds: no region lets an account use fewer."""


def missing(what: str) -> Unknown:
    """What an error stands for: something that is not there. ``try`` passes it over."""
    return Unknown((f"{what}, which is not there",), identity=("missing", what))


def is_missing(value: Value) -> bool:
    """Whether a value is an error that ``try`` passes over."""
    return isinstance(value, Unknown) and isinstance(value.identity, tuple) and value.identity[:1] == ("missing",)


def map_key(value: Value) -> str | Unknown | None:
    """The key of a map that a value becomes; ``None`` where nobody can tell it from the others."""
    if isinstance(value, (str, int, float, bool)):
        return plain_text(value)
    if isinstance(value, Reference):
        return str(value)
    # Two places of one list of zones are two keys, whatever the zones are called.
    return value if isinstance(value, Unknown) and value.family is not None else None


def item_of(base: Value, index: Value) -> Value:
    """What ``base[index]`` is."""
    if isinstance(base, dict) and not isinstance(index, Text):
        return _item_of_map(base, index)
    if isinstance(index, (Unknown, Text)):
        return _any_item(base, index)
    if isinstance(base, Unknown):
        return base if is_missing(base) else _unknown_item(base, index)
    position = number(index)
    if isinstance(base, Reference):
        if not base.attribute and position == 0:
            return base
        return Reference(base.key, f"{base.attribute}.{index}".lstrip("."))
    if isinstance(base, list) and isinstance(position, float):
        return base[int(position)] if 0 <= position < len(base) else missing(f"element {index}")
    return missing(f"element {index}")


def _item_of_map(base: dict[str | Unknown, Value], index: Value) -> Value:
    if isinstance(index, Unknown):
        return base[index] if index in base else _any_item(base, index)
    key = plain_text(index) if isinstance(index, (str, int, float, bool)) else str(index)
    if key in base:
        return base[key]
    unknown = next((one for one in base if isinstance(one, Unknown)), None)
    if unknown is None:
        return missing(f"element {key}")
    return _unknown_item(Unknown(unknown.because, identity=("map", str(base)[:200])), index)


def _any_item(base: Value, index: Unknown | Text) -> Value:
    values = list(base.values()) if isinstance(base, dict) else base
    if isinstance(values, list) and values and all(value == values[0] for value in values):
        return values[0]
    why = tuple(dict.fromkeys((*reasons(index), *(reasons(base) if isinstance(base, Unknown) else ()))))
    return Unknown(why, identity=("item", str(base)[:200], str(index)))


def _unknown_item(base: Unknown, index: Value) -> Unknown:
    if base.identity is None:
        return Unknown(base.because)
    position = number(index)
    # The same shape as Fn::Select gives: two places of one list differ.
    chosen = position if isinstance(position, float) else str(index)
    return Unknown(base.because, ("select", base.identity, chosen), ("select", base.identity))


def _needs_known(function: Callable[..., Value]) -> Callable[..., Value]:
    def guarded(*values: Value) -> Value:
        for value in values:
            if isinstance(value, (Unknown, Text, Reference)) or not is_known(value):
                return Unknown(
                    reasons(list(values)) or (str(value),), identity=("call", function.__name__, str(values))
                )
        return function(*values)

    return guarded


def _length(value: Value) -> Value:
    if isinstance(value, Unknown):
        return Unknown(value.because, identity=None if value.identity is None else ("length", value.identity))
    if isinstance(value, (list, dict, str)):
        return len(value)
    return Unknown(reasons(value) or ("a length",))


def at_least(value: Value) -> int | None:
    """What an unknown number surely reaches: the number of zones is never below two."""
    identity = value.identity if isinstance(value, Unknown) else None
    if isinstance(identity, tuple) and identity[:1] == ("length",) and identity[1][0] == "zones":
        return ZONES_AT_LEAST
    return None


def _min(*values: Value) -> Value:
    bounded = [value for value in values if at_least(value) is not None]
    known = [number(value) for value in values if value not in bounded]
    if bounded and all(isinstance(value, float) for value in known):
        smallest = min((value for value in known if isinstance(value, float)), default=math.inf)
        return int(smallest) if smallest <= ZONES_AT_LEAST else bounded[0]
    return _extreme(min, values)


def _extreme(choose: Callable[..., Any], values: tuple[Value, ...]) -> Value:
    numbers = [number(value) for value in values]
    if not all(isinstance(amount, float) for amount in numbers):
        return Unknown(reasons(list(values)) or ("a number",))
    return _whole(choose(numbers))


def _whole(amount: float) -> int | float:
    return int(amount) if amount.is_integer() else amount


def _element(values: Value, index: Value) -> Value:
    position = number(index)
    if isinstance(values, list) and values and isinstance(position, float):
        return values[int(position) % len(values)]
    return item_of(values, index)


def _concat(*lists: Value) -> Value:
    found: list[Value] = []
    for values in lists:
        if not isinstance(values, list):
            return Unknown(reasons(values) or ("a list",))
        found += values
    return found


def _flatten(values: Value) -> Value:
    if not isinstance(values, list):
        return values
    found: list[Value] = []
    for value in values:
        inner = _flatten(value)
        if isinstance(inner, Unknown):
            # A list of unknown length hides in here, or a single unknown text: both leave it open.
            return inner if len(values) == 1 else _unless_single(values)
        found += inner if isinstance(inner, list) else [inner]
    return found


def _unless_single(values: list[Value]) -> Value:
    return Unknown(reasons(values) or ("a list",), identity=("flatten", str(values)))


def _merge(*maps: Value) -> Value:
    found: dict[str, Value] = {}
    for mapping in maps:
        if isinstance(mapping, Unknown):
            return Unknown(mapping.because)
        found.update(mapping or {})
    return found


def _lookup(mapping: Value, key: Value, *default: Value) -> Value:
    found = item_of(mapping, key)
    return default[0] if default and is_missing(found) else found


def _same_elements(values: Value, *_: Value) -> Value:
    return values


def _unique(values: Value) -> Value:
    if not isinstance(values, list):
        return values
    found: list[Value] = []
    for value in values:
        if value not in found:
            found.append(value)
    return found


def _keys(mapping: Value) -> Value:
    return sorted(mapping, key=str) if isinstance(mapping, dict) else Unknown(reasons(mapping) or ("a map",))


def _zipmap(keys: Value, values: Value) -> Value:
    if not isinstance(keys, list) or not isinstance(values, list):
        return Unknown(reasons([keys, values]) or ("a map",))
    found = [map_key(key) for key in keys]
    if None in found:
        return Unknown(reasons(keys) or ("the key of a map",))
    return dict(zip(found, values, strict=True))


def _values(mapping: Value) -> Value:
    if isinstance(mapping, dict):
        return [mapping[key] for key in sorted(mapping, key=str)]
    if isinstance(mapping, Unknown):
        return Unknown(mapping.because, None if mapping.identity is None else ("values", mapping.identity))
    return Unknown(reasons(mapping) or ("a map",))


def _join(separator: Value, *lists: Value) -> Value:
    pieces = _concat(*lists)
    if isinstance(pieces, Unknown):
        given = lists[0] if len(lists) == 1 and isinstance(lists[0], Unknown) else None
        return Unknown(pieces.because, identity=("join", separator, given) if given else None)
    parts: list[Value] = []
    for position, piece in enumerate(pieces):
        parts += [separator, piece] if position else [piece]
    return join_parts(parts)


def _format(pattern: Value, *values: Value) -> Value:
    if not isinstance(pattern, str):
        return Unknown(reasons(pattern) or ("a text",))
    rest = list(values)
    parts: list[Value] = []
    for piece in re.split(r"(%%|%[-+ #0]*\d*(?:\.\d+)?[a-zA-Z])", pattern):
        if piece == "%%":
            parts.append("%")
        elif piece.startswith("%") and len(piece) > 1 and rest:
            value = rest.pop(0)
            parts.append(_padded(piece, value))
        else:
            parts.append(piece)
    return join_parts(["" if part is None else part for part in parts])


def _padded(piece: str, value: Value) -> Value:
    amount = number(value)
    if piece[-1] == "d" and isinstance(amount, float):
        return piece.replace("v", "d") % int(amount)
    return str(value) if isinstance(value, (list, dict)) else value


def _coalesce(*values: Value) -> Value:
    for value in values:
        if value not in (None, ""):
            return value
    return missing("a value")


def _try(*values: Value) -> Value:
    for value in values[:-1]:
        if value is not None and not is_missing(value):
            return value
    return values[-1] if values else None


def _can(value: Value) -> Value:
    if is_missing(value) or value is None:
        return False
    return value if isinstance(value, Unknown) else True


def _slice(values: Value, start: Value, end: Value) -> Value:
    first, last = number(start), number(end)
    if isinstance(first, float) and isinstance(last, float) and 0 <= last - first <= MAX_ELEMENTS:
        if isinstance(values, list):
            return values[int(first) : int(last)]
        if isinstance(values, Unknown):
            return [item_of(values, position) for position in range(int(first), int(last))]
    bound = at_least(end)
    if isinstance(values, Unknown) and bound is not None and isinstance(first, float):
        return [item_of(values, position) for position in range(int(first), bound)]
    return Unknown(reasons([values, start, end]) or ("a list",))


def _range(*limits: Value) -> Value:
    numbers = [number(limit) for limit in limits]
    if not all(isinstance(limit, float) for limit in numbers):
        return Unknown(reasons(list(limits)) or ("a list",))
    found = range(*(int(limit) for limit in numbers if isinstance(limit, float)))
    return list(found) if len(found) <= MAX_ELEMENTS else Unknown(("a list of thousands",))


def _contains(values: Value, wanted: Value) -> Value:
    if not isinstance(values, list):
        return Unknown(reasons(values) or ("a list",))
    if wanted in values:
        return True
    unknown = reasons([values, wanted])
    return Unknown(unknown) if unknown else False


def _set_product(*lists: Value) -> Value:
    found: list[list[Value]] = [[]]
    for values in lists:
        if not isinstance(values, list) or len(found) * len(values) > MAX_ELEMENTS:
            return Unknown(reasons(values) or ("a list",))
        found = [[*row, value] for row in found for value in values]
    return found


def _one(values: Value) -> Value:
    if isinstance(values, list):
        return values[0] if values else None
    return item_of(values, 0) if isinstance(values, Unknown) else values


def _to_number(value: Value) -> Value:
    amount = number(value)
    return _whole(amount) if isinstance(amount, float) else amount


def _decode(value: Value) -> Value:
    return from_json(value)


def _decode_yaml(value: Value) -> Value:
    if not isinstance(value, str):
        return value if isinstance(value, Unknown) else Unknown(reasons(value) or ("a YAML text",))
    try:
        return read_yaml(value, [])
    except (Unreadable, RecursionError):
        return Unknown(("a YAML text",))


def _match_keys(values: Value, keys: Value, wanted: Value) -> Value:
    if not (isinstance(values, list) and isinstance(keys, list) and isinstance(wanted, list)):
        return Unknown(reasons([values, keys, wanted]) or ("a list",))
    found: list[Value] = []
    for value, key in zip(values, keys, strict=True):
        answer = _contains(wanted, key)
        if isinstance(answer, Unknown):
            return answer
        found += [value] if answer else []
    return found


def _chunks(values: Value, size: Value) -> Value:
    length = number(size)
    if not isinstance(values, list) or not isinstance(length, float) or length < 1:
        return Unknown(reasons([values, size]) or ("a list",))
    return [values[start : start + int(length)] for start in range(0, len(values), int(length))]


def _format_list(pattern: Value, *lists: Value) -> Value:
    sizes = {len(values) for values in lists if isinstance(values, list)}
    if len(sizes) != 1 or any(isinstance(values, Unknown) for values in lists):
        return Unknown(reasons([pattern, *lists]) or ("a list",))
    rows = [values if isinstance(values, list) else [values] * max(sizes) for values in lists]
    return [_format(pattern, *row) for row in zip(*rows, strict=True)]


def from_json(value: Value) -> Value:
    """A JSON text as what it says; unknown pieces stay where they are; anything else as it is."""
    if not isinstance(value, (str, Text)):
        return value
    pieces = value.parts if isinstance(value, Text) else (value,)
    held = [piece for piece in pieces if not isinstance(piece, str)]
    text = "".join(piece if isinstance(piece, str) else f"\0{held.index(piece)}\0" for piece in pieces)
    try:
        return _put_back(json.loads(_quoted(text)), held)
    except (ValueError, RecursionError):
        return Unknown(reasons(value), identity=str(value)) if isinstance(value, Text) and reasons(value) else value


def _quoted(text: str) -> str:
    # An unknown number stands in JSON without quotes; inside a text its mark must not gain any.
    inside = False
    found: list[str] = []
    for piece in re.split(r'((?<!\\)"|\0\d+\0)', text):
        if piece == '"':
            inside = not inside
        marked = piece.startswith("\0")
        found.append(f'"{piece}"' if marked and not inside else piece)
    return "".join(found).replace("\0", "\\u0000")


def _put_back(node: Any, held: list[Value]) -> Value:
    if isinstance(node, dict):
        return {str(key): _put_back(item, held) for key, item in node.items()}
    if isinstance(node, list):
        return [_put_back(item, held) for item in node]
    if isinstance(node, str) and "\0" in node:
        parts = node.split("\0")
        return join_parts([held[int(part)] if position % 2 else part for position, part in enumerate(parts)])
    return node


def _text(change: Callable[[str], str]) -> Callable[..., Value]:
    def apply(value: Value) -> Value:
        if isinstance(value, (str, int, float, bool)):
            return change(plain_text(value))
        return value if isinstance(value, (Reference, Unknown)) else Unknown(reasons(value) or ("a text",))

    return apply


def _all(values: Value, decisive: bool) -> Value:
    if not isinstance(values, list):
        return Unknown(reasons(values) or ("a list",))
    answers = [boolean(value) for value in values]
    if decisive in answers:
        return decisive
    return Unknown(reasons(answers)) if reasons(answers) else not decisive


FUNCTIONS: dict[str, Callable[..., Value]] = {
    "length": _length,
    "element": _element,
    "concat": _concat,
    "flatten": _flatten,
    "merge": _merge,
    "lookup": _lookup,
    "keys": _keys,
    "values": _values,
    "toset": _unique,
    "distinct": _unique,
    "setunion": lambda *lists: _unique(_concat(*lists)),
    "tolist": _same_elements,
    "tomap": _same_elements,
    "sensitive": _same_elements,
    "nonsensitive": _same_elements,
    "tobool": boolean,
    "tonumber": _to_number,
    "tostring": lambda value: plain_text(value) if isinstance(value, (bool, int, float)) else value,
    "sort": lambda values: sorted(values, key=str) if isinstance(values, list) else values,
    "reverse": lambda values: values[::-1] if isinstance(values, list) else values,
    "compact": lambda values: (
        [value for value in values if value not in (None, "")] if isinstance(values, list) else values
    ),
    "join": _join,
    "split": split,
    "format": _format,
    "lower": _text(str.lower),
    "upper": _text(str.upper),
    "title": _text(str.title),
    "trimspace": _text(str.strip),
    "chomp": _text(lambda text: text.rstrip("\r\n")),
    "trimprefix": _needs_known(lambda text, prefix: text.removeprefix(prefix)),
    "trimsuffix": _needs_known(lambda text, suffix: text.removesuffix(suffix)),
    "trim": _needs_known(lambda text, letters: text.strip(letters)),
    "replace": _needs_known(
        lambda text, old, new: text.replace(old, new) if not old.startswith("/") else Unknown((text,))
    ),
    "substr": _needs_known(lambda text, start, size: text[start:] if size < 0 else text[start : start + size]),
    "startswith": _needs_known(lambda text, start: text.startswith(start)),
    "endswith": _needs_known(lambda text, end: text.endswith(end)),
    "coalesce": _coalesce,
    "coalescelist": lambda *lists: next((values for values in lists if values not in (None, [])), []),
    "slice": _slice,
    "range": _range,
    "min": _min,
    "max": lambda *values: _extreme(max, values),
    "abs": _needs_known(abs),
    "ceil": _needs_known(math.ceil),
    "floor": _needs_known(math.floor),
    "sum": _needs_known(sum),
    "contains": _contains,
    "index": _needs_known(lambda values, wanted: values.index(wanted)),
    "zipmap": _zipmap,
    "setproduct": _set_product,
    "setsubtract": _needs_known(lambda left, right: [value for value in left if value not in right]),
    "setintersection": _needs_known(lambda left, right: [value for value in left if value in right]),
    "one": _one,
    "try": _try,
    "can": _can,
    "alltrue": lambda values: _all(values, False),
    "anytrue": lambda values: _all(values, True),
    "jsonencode": _same_elements,
    "jsondecode": _decode,
    "yamlencode": _same_elements,
    "yamldecode": _decode_yaml,
    "regex": regex,
    "regexall": regexall,
    "matchkeys": _match_keys,
    "chunklist": _chunks,
    "formatlist": _format_list,
    "base64encode": _same_elements,
    "base64decode": _same_elements,
}
