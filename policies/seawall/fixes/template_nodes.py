"""A template's text as nodes that know where they stand: what an editor needs, and nothing is judged by."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

MAPPING, LIST, SCALAR = "mapping", "list", "scalar"


@dataclass(slots=True, eq=False)
class Node:
    """A value of a template: ``start`` and ``end`` are its place in the text, in characters.

    ``column`` is that of its first character; ``flow`` whether brackets enclose it; ``tag`` what is written
    before it (``!Ref``), else empty; ``quote`` the character that a scalar's text stands in or starts with
    (``"``, ``'``, ``|``, ``>`` or nothing); ``shared`` whether other places of the text name it too.
    """

    kind: str
    start: int
    end: int
    column: int
    flow: bool = False
    tag: str = ""
    quote: str = ""
    value: str = ""
    entries: list[tuple[Node, Node]] = field(default_factory=list)
    elements: list[Node] = field(default_factory=list)
    shared: bool = False

    def named(self, name: str) -> list[tuple[Node, Node]]:
        """The entries of a mapping with this key; more than one where it is there twice."""
        return [entry for entry in self.entries if entry[0].value == name]


def yaml_nodes(text: str) -> Node | None:
    """The nodes of YAML text that is known to be sound; ``None`` where it holds nothing."""
    root = yaml.compose(text, Loader=yaml.CSafeLoader)
    return None if root is None else _Conversion(text).node(root)


class _Conversion:
    def __init__(self, text: str) -> None:
        self.text = text
        self.made: dict[int, Node] = {}

    def node(self, source: yaml.Node) -> Node:
        # An alias is the very node that its anchor stands at.
        known = self.made.get(id(source))
        if known is not None:
            known.shared = True
            return known
        start, end = source.start_mark, source.end_mark
        node = self.made[id(source)] = Node(SCALAR, start.index, end.index, start.column, tag=self._tag(source))
        if isinstance(source, yaml.MappingNode):
            node.kind, node.flow = MAPPING, bool(source.flow_style)
            node.entries = [(self.node(key), self.node(value)) for key, value in source.value]
        elif isinstance(source, yaml.SequenceNode):
            node.kind, node.flow = LIST, bool(source.flow_style)
            node.elements = [self.node(element) for element in source.value]
        else:
            node.value, node.quote = str(source.value), str(getattr(source, "style", None) or "")
        return node

    def _tag(self, source: yaml.Node) -> str:
        if source.tag.startswith("!"):
            return str(source.tag)
        return "!" if self.text[source.start_mark.index : source.start_mark.index + 1] == "!" else ""


_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]:,]|[^\s{}\[\]:,"]+')


def json_nodes(text: str) -> Node | None:
    """The nodes of JSON text that is known to be sound."""
    return _json_value(_tokens(text), None)


def _tokens(text: str) -> Iterator[tuple[str, int, int]]:
    line_start = 0
    for found in _TOKEN.finditer(text):
        newline = text.rfind("\n", line_start, found.start())
        line_start = newline + 1 if newline >= 0 else line_start
        yield found[0], found.start(), found.start() - line_start


def _json_value(tokens: Iterator[tuple[str, int, int]], first: tuple[str, int, int] | None) -> Node | None:
    piece, start, column = first or next(tokens)
    if piece not in "{[":
        quote = '"' if piece[0] == '"' else ""
        value = json.loads(piece) if quote else piece
        return Node(SCALAR, start, start + len(piece), column, flow=True, quote=quote, value=value)
    node = Node(MAPPING if piece == "{" else LIST, start, start, column, flow=True)
    children: list[Node] = []
    for following in tokens:
        if following[0] in ("}", "]"):
            node.end = following[1] + 1
            break
        if following[0] not in (",", ":"):
            child = _json_value(tokens, following)
            if child is not None:
                children.append(child)
    if node.kind == MAPPING:
        node.entries = list(zip(children[::2], children[1::2], strict=True))
    else:
        node.elements = children
    return node


def functions_in(node: Node) -> str:
    """What makes a node's value at deployment, as people write it; empty for plain values."""
    if node.tag:
        return node.tag
    if node.kind != MAPPING:
        return ""
    names = [key.value for key, _ in node.entries]
    if names in (["Ref"], ["Condition"]):
        return names[0]
    return next((name for name in names if name.startswith("Fn::")), "")


def plain(value: Any) -> Any:
    """Content as dictionaries and lists of its own, so that changing it changes nothing else."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list) else value
