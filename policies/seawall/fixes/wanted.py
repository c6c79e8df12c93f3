"""What is to be set, as a tree: the dotted paths of a verdict's ``sets``, put together by resource."""

from __future__ import annotations

import re
from typing import Any

from seawall.policy import Sets

Tree = dict[str, Any]
"""Names with what is wanted below them. ``[]`` is every element of a list, ``[Key=x]`` the one whose ``Key`` is x."""

ATTRIBUTES = ("DeletionPolicy", "UpdateReplacePolicy")
"""What stands beside a resource's properties, not among them."""

_STEP = re.compile(r"([^.\[\]]+)|(\[[^\]]*\])")


class Contradiction(Exception):
    """Two fixes want different things of one property; the message names it."""


def steps_of(path: str) -> list[str]:
    """A dotted path step by step, its selectors (``[]``, ``[Key=x]``) as steps of their own."""
    return [found[0] for found in _STEP.finditer(path)]


def tree_of(sets: Sets) -> Tree:
    """The tree of a resource: its attributes, and ``Properties`` with all the rest."""
    tree: Tree = {}
    for path, value in sets:
        steps = steps_of(path)
        add(tree, steps if path in ATTRIBUTES else ["Properties", *steps], value)
    return tree


def add(tree: Tree, steps: list[str], value: Any) -> None:
    """Puts a value into a tree; raises ``Contradiction`` where another one is wanted already."""
    for step in steps[:-1]:
        below = tree.setdefault(step, {})
        if not isinstance(below, dict):
            raise Contradiction(".".join(steps))
        tree = below
    last = steps[-1]
    if isinstance(value, dict) and value:
        for name, item in value.items():
            add(tree, [last, name], item)
    elif repr(tree.setdefault(last, value)) != repr(value):  # 0 equals false, and is something else
        raise Contradiction(".".join(steps))


def selected(step: str) -> tuple[str, str] | None:
    """The key and value of a step such as ``[Key=x]``; ``None`` for any other."""
    if not step.startswith("[") or "=" not in step:
        return None
    key, _, value = step[1:-1].partition("=")
    return key, value


def selects(tree: Any) -> bool:
    """Whether a tree is meant of the elements of a list."""
    return isinstance(tree, dict) and bool(tree) and all(name.startswith("[") for name in tree)


def written_out(tree: Any) -> Any:
    """A tree as the plain value that it makes where nothing is there yet; ``[]`` then says what one element holds."""
    if not isinstance(tree, dict):
        return tree
    if not selects(tree):
        return {name: written_out(below) for name, below in tree.items()}
    return [element_of(step, below) for step, below in tree.items()]


def element_of(step: str, tree: Any) -> Any:
    """The list's element that a selector and what is wanted below it make."""
    key = selected(step)
    below = written_out(tree)
    return below if key is None else {key[0]: key[1], **below}


def written_as_text(value: Any) -> str:
    """A plain value in one line, for people."""
    return str(value).lower() if isinstance(value, bool) else str(value)
