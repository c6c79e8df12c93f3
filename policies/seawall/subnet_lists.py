"""Properties that list subnets or zones, in every way a template may write them."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import Any

from seawall.design import Design
from seawall.texts import split
from seawall.values import Reference, Text, Unknown, Value, field, plain_text


def elements_of(value: Value, design: Design) -> tuple[list[Value], list[Unknown]]:
    """The single elements of a list, and the unknown lists in it, each of any length."""
    elements: list[Value] = []
    unbounded: list[Unknown] = []
    seen: set[Hashable] = set()
    for item in _flat(value):
        if isinstance(item, Unknown) and _may_be_several(item, design, whole=item is value):
            unbounded.append(item)
        elif isinstance(item, Reference) and item.attribute and _sounds_plural(item.attribute):
            unbounded.append(Unknown((str(item),), identity=item))
        elif _is_placeholder(item):
            unbounded.append(Unknown((f"what replaces {item}",), identity=item))
        elif item not in (None, "") and (sign_of(item) is None or sign_of(item) not in seen):
            seen.add(sign_of(item))
            elements.append(item)
    return elements, [*unbounded, *_open_ends(elements, design)]


def _open_ends(elements: list[Value], design: Design) -> list[Unknown]:
    """What the blocks depend on that make one subnet in each zone of a region, however many there are."""
    found: dict[str, list[Unknown]] = {}
    for one in elements:
        resource = design.all.get(one.key) if isinstance(one, Reference) else None
        if resource is not None and resource.open_end is not None:
            found.setdefault(resource.id.rpartition("[")[0], []).append(resource.open_end)
    return [ends[0] for ends in found.values() if len(ends) > 1]


def _is_placeholder(item: Value) -> bool:
    # ``SUBNET_IDS`` as a default stands for what somebody fills in before the deployment.
    named = isinstance(item, str) and "subnet" in item.lower() and not item.startswith("subnet-")
    return named and _sounds_plural(item)


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
    if kind == "select":
        return False
    if kind == "parameter":
        return _declared_as_list(identity, design)
    if kind == "mapping":
        return _mapped_to_list(identity, design)
    if kind in ("import", "SSM parameter"):
        return _sounds_plural(str(identity[1]))
    if kind in ("variable", "attribute"):
        return whole or _sounds_plural(str(identity[2]))  # what stands for a whole list in Terraform is one
    return True


def _declared_as_list(identity: Any, design: Design) -> bool:
    _, stack, name = identity
    declared = design.stacks[stack].template.parameters.get(name) if stack in design.stacks else None
    kind = str(field(declared, "Type"))
    if "::Id" in kind or "::Name" in kind:
        return "List<" in kind
    return "List" in kind or _sounds_plural(name)


def _mapped_to_list(identity: Any, design: Design) -> bool:
    _, stack, table, _, column = identity
    rows = design.stacks[stack].mappings.get(table, {}).values() if stack in design.stacks else ()
    values = [field(row, column) for row in rows]
    return not all(value is None or (isinstance(value, str) and "," not in value) for value in values)


def _sounds_plural(name: str) -> bool:
    # Only a name tells whether a text holds one subnet or several joined by commas.
    lower = name.rstrip("}").lower()
    return lower.endswith(("s", "list")) or any(word in lower for word in ("subnets", "subnetids", "zones"))


def sign_of(value: Value) -> Hashable:
    """Something that two values share exactly where they are surely equal; ``None`` where nothing is."""
    sign: Any = plain_text(value) if isinstance(value, (str, int, float)) else value
    if isinstance(value, Unknown):
        sign = None if value.identity is None else ("unknown", value.identity)
    try:
        hash(sign)
    except TypeError:  # a list or a mapping where a subnet belongs
        return None
    return sign  # type: ignore[no-any-return]


def kind_of(value: Value) -> str:
    """What an unknown stands for: ``select``, ``parameter``, ``zones``, ``import``; else empty."""
    identity = value.identity if isinstance(value, Unknown) else None
    return str(identity[0]) if isinstance(identity, tuple) and identity else ""


def subnets_in(value: Value) -> Value:
    """The subnets of a list of subnets, or of mappings that hold a ``SubnetId`` each."""
    if not isinstance(value, list):
        return value
    return [field(item, "SubnetId") if isinstance(item, dict) else item for item in value]
