"""Values as text in a template's own manner: its indentation, its line ends, its quotes."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from seawall.fixes.template_nodes import Node  # reports need none

_PLAIN = re.compile(r"[A-Za-z_][\w./-]*(?:[ :][\w./-]+)*$")
_NO_TEXT = {"true", "false", "yes", "no", "on", "off", "null", "y", "n"}
"""Words that YAML takes for something else than text."""


class Layout(NamedTuple):
    """How a template is written: ``step`` spaces a level (JSON: ``tabs``, perhaps), ``newline`` after each line."""

    is_json: bool = False
    step: int = 2
    newline: str = "\n"
    tabs: bool = False

    def block(self, content: dict[str, Any], column: int, quote: str = "") -> list[str]:
        """The lines of a mapping's entries in YAML's block style, ``column`` spaces to the right."""
        lines: list[str] = []
        for name, value in content.items():
            lead = f"{' ' * column}{keyed(name, quote)}:"
            lines += self._below(lead, value, column, quote)
        return lines

    def _below(self, lead: str, value: Any, column: int, quote: str) -> list[str]:
        if isinstance(value, dict) and value:
            return [lead, *self.block(value, column + self.step, quote)]
        if isinstance(value, list) and value:
            return [lead, *(line for item in value for line in self.element(item, column + self.step, quote))]
        return [f"{lead} {scalar(value) if not isinstance(value, (dict, list)) else json.dumps(value)}"]

    def element(self, value: Any, column: int, quote: str = "") -> list[str]:
        """The lines of a list's element, its dash ``column`` spaces to the right."""
        if not isinstance(value, dict) or not value:
            return [f"{' ' * column}- {scalar(value)}"]
        first, *others = self.block(value, column + 2, quote)
        return [f"{' ' * column}- {first.lstrip()}", *others]

    def flow(self, value: Any, like: Node | None, colon: str = ": ", comma: str = ", ") -> str:
        """A value in one line, with brackets; ``like`` is a key beside it, whose quotes are taken over."""
        quote = '"' if self.is_json else like.quote if like is not None else ""
        if isinstance(value, dict):
            inner = comma.join(f"{keyed(name, quote)}{colon}{self.flow(item, like, colon, comma)}"
                               for name, item in value.items())  # fmt: skip
            return f"{{{inner}}}"
        if isinstance(value, list):
            return f"[{comma.join(self.flow(item, like, colon, comma) for item in value)}]"
        return json.dumps(value) if self.is_json else scalar(value)

    def spread(self, value: Any, indent: str, colon: str = ": ") -> str:
        """A value as JSON over several lines, as it stands in a line that starts with ``indent``."""
        step = "\t" * self.step if self.tabs else self.step
        text = json.dumps(value, indent=step, separators=(",", colon))
        return text.replace("\n", self.newline + indent)


def keyed(name: str, quote: str) -> str:
    """A key between the quotes that the keys beside it have."""
    return f"{quote}{name}{quote}" if quote in ('"', "'") else scalar(name)


def scalar(value: Any) -> str:
    """A plain value as YAML."""
    if isinstance(value, str):
        bare = _PLAIN.match(value) and value.lower() not in _NO_TEXT and ": " not in value
        return value if bare else json.dumps(value)
    return json.dumps(value)


def in_place_of(old: Node, value: Any, layout: Layout) -> str:
    """The text that replaces a scalar: where the old one stood in quotes, so does the new one."""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if old.quote == "'":
        return "'" + text.replace("'", "''") + "'"
    if old.quote == '"':
        return json.dumps(text)
    return json.dumps(value) if layout.is_json else scalar(value)


def layout_of(root: Node, text: str, *, is_json: bool) -> Layout:
    """The manner of a whole template, from its first resource."""
    newline = "\r\n" if text.count("\r\n") * 2 > text.count("\n") else "\n"
    outer = root
    for name in ("Resources", None):
        inner = _first(outer, name)
        if inner is None or not inner.entries or not outer.entries:
            break
        step = inner.entries[0][0].column - outer.entries[0][0].column
        outer = inner
        if 0 < step <= 8:
            return Layout(is_json, step, newline, tabs=text[inner.entries[0][0].start - 1] == "\t")
    return Layout(is_json, 2, newline)


def _first(node: Node, name: str | None) -> Node | None:
    for key, value in node.entries:  # only a mapping has any
        if name in (None, key.value):
            return value
    return None
