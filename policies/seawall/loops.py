"""``Fn::ForEach``: what one loop stands for.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference-foreach.html
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from seawall.values import Value, plain_text

if TYPE_CHECKING:
    from seawall.stack import Stack

MAX_LOOPS = 5
"""Loops within loops, CloudFormation's own limit."""

MAX_TURNS = 100
"""Elements of a loop's collection, CloudFormation's own limit."""


def for_each(
    stack: Stack, argument: Any, use: Callable[[str, Any], dict[str, Value]], _depth: int = 0
) -> dict[str, Value]:
    """The entries that an ``Fn::ForEach`` stands for; ``use`` gets each entry's name and body.

    An unknown collection gives no entries, and neither does one that is malformed.
    """
    if not isinstance(argument, list) or len(argument) != 3 or not isinstance(argument[2], dict):
        return {}
    variable, collection, body = argument
    elements = stack.evaluate(collection)
    if not isinstance(variable, str) or not isinstance(elements, list) or _depth >= MAX_LOOPS:
        return {}
    size = _nodes(body)
    found: dict[str, Value] = {}
    for element in _flat(elements)[:MAX_TURNS]:
        if not stack.afford(size * 100):  # a node costs about as much time as a hundred characters
            break
        for key, item in body.items():
            name, entry = _replaced(key, variable, element), _replaced(item, variable, element)
            if isinstance(name, str) and name.startswith("Fn::ForEach::"):
                found.update(for_each(stack, entry, use, _depth + 1))
            else:
                found.update(use(name, entry))
    return found


def _flat(elements: list[Value]) -> list[str]:
    """The known elements of a collection; a list parameter among them stands for its own."""
    found: list[str] = []
    for element in elements:
        if isinstance(element, list):
            found += _flat(element)
        elif isinstance(element, (str, int, float)):
            found.append(plain_text(element))
    return found


def _nodes(node: Any) -> int:
    if isinstance(node, dict):
        return 1 + sum(map(_nodes, node.values()))
    return 1 + sum(map(_nodes, node)) if isinstance(node, list) else 1


def _replaced(node: Any, variable: str, element: str) -> Any:
    if isinstance(node, str):
        if "{" not in node:
            return node
        text = node.replace("${" + variable + "}", element)
        return text.replace("&{" + variable + "}", re.sub(r"[^A-Za-z0-9]", "", element))
    if isinstance(node, dict):
        if len(node) == 1 and node.get("Ref") == variable:
            return element
        copy = _like(node)
        for key, item in node.items():
            name = _replaced(key, variable, element)
            copy[name] = _replaced(item, variable, element)
            if name != key and hasattr(node, "lines"):
                copy.lines = {**copy.lines, name: copy.lines.get(key, copy.line)}
        return copy
    if isinstance(node, list):
        items = _like(node)
        items.extend(_replaced(item, variable, element) for item in node)
        return items
    return node


def _like(node: Any) -> Any:
    """An empty copy of a mapping or list that still knows its lines."""
    if not hasattr(node, "lines"):
        return [] if isinstance(node, list) else {}
    copy = type(node)(node.line)
    copy.lines = node.lines
    return copy
