"""New nodes made of what a SAM template says: each keeps the line of what it stems from."""

from __future__ import annotations

from typing import Any

from seawall.documents import Mapping, Sequence


def line_of(node: Any, default: int = 1) -> int:
    """The line a node starts on, ``default`` where it has none."""
    return int(getattr(node, "line", default))


def mapping(origin: Any, content: dict[str, Any]) -> Mapping:
    """A mapping at the line of ``origin``; values that are not set (``None``) are left out."""
    made = Mapping(line_of(origin))
    for key, value in content.items():
        if value is not None:
            made[key] = value
            made.lines[key] = line_of(value, made.line)
    return made


def sequence(origin: Any, *elements: Any) -> Sequence:
    """A list at the line of ``origin``."""
    made = Sequence(line_of(origin))
    for element in elements:
        made.append(element)
        made.lines.append(line_of(element, made.line))
    return made


def picked(source: Any, names: dict[str, str]) -> Mapping:
    """The entries of ``source`` with these names, under the new names that ``names`` gives them."""
    made = Mapping(line_of(source))
    lines = getattr(source, "lines", {})
    for name, new_name in names.items():
        if isinstance(source, dict) and name in source:
            made[new_name] = source[name]
            made.lines[new_name] = lines.get(name, made.line)
    return made


def same_names(names: str) -> dict[str, str]:
    """For ``picked``: entries that keep their names, written with spaces between them."""
    return {name: name for name in names.split()}


def with_entry(source: Any, key: str, value: Any, origin: Any = None) -> Mapping:
    """A copy of a mapping in which ``key`` has this value, at the line of ``origin`` where that has one."""
    made = Mapping(line_of(source))
    made.update(source if isinstance(source, dict) else {})
    made.lines = dict(getattr(source, "lines", {}))
    made[key] = value
    made.lines[key] = line_of(origin, made.lines.get(key, line_of(value, made.line)))
    return made


def is_function(node: Any) -> bool:
    """Whether a mapping stands for an intrinsic function."""
    if not isinstance(node, dict) or len(node) != 1:
        return False
    name = next(iter(node))
    return name in ("Ref", "Condition") or str(name).startswith("Fn::")
