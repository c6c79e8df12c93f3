"""Properties that list subnets or zones, in every way a template may write them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from seawall.design import Design
from seawall.texts import split
from seawall.values import Reference, Text, Unknown, Value, field, same


def elements_of(value: Value, design: Design) -> tuple[list[Value], list[Unknown]]:
    """The single elements of a list, and the unknown lists in it, each of any length."""
    elements: list[Value] = []
    unbounded: list[Unknown] = []
    for item in _flat(value):
        if isinstance(item, Unknown) and _may_be_several(item, design, whole=item is value):
            unbounded.append(item)
        elif isinstance(item, Reference) and item.attribute and _sounds_plural(item.attribute):
            unbounded.append(Unknown((str(item),), identity=item))
        elif item not in (None, "") and not any(same(item, other) is True for other in elements):
            elements.append(item)
    return elements, unbounded


def _flat(value: Value) -> Iterator[Value]:
    if isinstance(value, list):
        for item in value:
            yield from _flat(item)
    elif isinstance(value, Text) or (isinstance(value, str) and "," in value):
        pieces = split(",", value)
        for piece in pieces if isinstance(pieces, list) else (pieces,):
            yield piece.strip() if isinstance(piece, str) else piece
    elif isinstance(value, Unknown):
        pieces = split(",", value) if kind_of(value) == "join" else value
        yield from pieces if isinstance(pieces, list) else (pieces,)
    else:
        yield value


def _may_be_several(value: Unknown, design: Design, *, whole: bool) -> bool:
    kind = kind_of(value)
    identity: Any = value.identity
    if kind == "parameter":
        stack = design.stacks.get(identity[1])
        declared = stack.template.parameters.get(identity[2]) if stack else None
        declared_type = str(field(declared, "Type"))
        if "::Id" in declared_type or "::Name" in declared_type:
            return "List<" in declared_type
        return "List" in declared_type or _sounds_plural(identity[2])
    if kind == "select":
        return False
    if kind in ("import", "SSM parameter"):
        return _sounds_plural(str(identity[1]))
    if kind in ("variable", "attribute"):
        return whole or _sounds_plural(str(identity[2]))  # what stands for a whole list in Terraform is one
    return True


def _sounds_plural(name: str) -> bool:
    # Only a name tells whether a text holds one subnet or several joined by commas.
    lower = name.rstrip("}").lower()
    return lower.endswith(("s", "list")) or any(word in lower for word in ("subnets", "subnetids", "zones"))


def kind_of(value: Value) -> str:
    """What an unknown stands for: ``select``, ``parameter``, ``zones``, ``import``; else empty."""
    identity = value.identity if isinstance(value, Unknown) else None
    return str(identity[0]) if isinstance(identity, tuple) and identity else ""


def subnets_in(value: Value) -> Value:
    """The subnets of a list of subnets, or of mappings that hold a ``SubnetId`` each."""
    if not isinstance(value, list):
        return value
    return [field(item, "SubnetId") if isinstance(item, dict) else item for item in value]
