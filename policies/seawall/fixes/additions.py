"""Where in a template's text something new is put, and how it is written there."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from seawall.fixes.layout import Layout
from seawall.fixes.template_nodes import MAPPING, SCALAR, Node


class CannotSet(Exception):
    """A property cannot be set in place; the message says why, in one line."""


class Edit(NamedTuple):
    """Text that takes the place of another."""

    start: int
    end: int
    text: str


_BESIDE = {"DeletionPolicy", "UpdateReplacePolicy", "Properties"}


class _Pair(NamedTuple):
    name: str
    value: Any


def _parts_of(content: Any) -> list[Any]:
    return [_Pair(*item) for item in content.items()] if isinstance(content, dict) else list(content)


class Additions:
    """Collects the ``edits`` that add something to a text."""

    def __init__(self, text: str, layout: Layout) -> None:
        self.text = text
        self.layout = layout
        self.edits: list[Edit] = []

    def add_entries(self, mapping: Node, content: dict[str, Any]) -> None:
        """Adds entries to a mapping: after its type those of a resource, else after the last one."""
        if mapping.flow:
            keys = [key for key, _ in mapping.entries]
            ends = [self._end(key, value) for key, value in mapping.entries]
            colon = self.text[keys[0].end : mapping.entries[0][1].start] if keys else ": "
            self._add_in_brackets(mapping, content, keys, ends, colon if re.fullmatch(r" *: *", colon) else ": ")
            return
        # After the type, where people look for what concerns the resource as a whole.
        entry = next((one for one in mapping.entries if one[0].value == "Type" and not content.keys() - _BESIDE), None)
        key, value = entry or mapping.entries[-1]
        position, lead, tail = self._line_end(self._end(key, value), self._keeps_blank_lines(value))
        lines = self.layout.block(content, key.column, key.quote)
        self.edits.append(Edit(position, position, lead + self.layout.newline.join(lines) + tail))

    def add_element(self, listed: Node, element: Any) -> None:
        """Adds an element to a list, as the last one."""
        if listed.flow:
            ends = [one.end for one in listed.elements]
            self._add_in_brackets(listed, [element], listed.elements, ends, ": ")
            return
        last = listed.elements[-1]
        position, lead, tail = self._line_end(self._end(last, last), self._keeps_blank_lines(last))
        lines = self.layout.element(element, listed.column, _quote_of_keys(last))
        self.edits.append(Edit(position, position, lead + self.layout.newline.join(lines) + tail))

    def add_below(self, key: Node, content: dict[str, Any]) -> None:
        """Writes a mapping below a key that has no value."""
        line_end, lead, tail = self._line_end(key.end)
        lines = self.layout.block({"": content}, key.column)[1:]
        self.edits.append(Edit(line_end, line_end, lead + self.layout.newline.join(lines) + tail))

    def _end(self, key: Node, value: Node) -> int:
        """Where an entry's or element's text ends; a block's own end lies behind the comments after it."""
        if value is not key and value.start < key.end:  # an alias: its anchor stands before
            alias = re.compile(r"\s*:\s*\*[^\s,\]}]+").match(self.text, key.end)
            return alias.end() if alias else key.end
        if value.kind == SCALAR or value.flow:
            return value.end
        last = value.entries[-1] if value.kind == MAPPING else (value.elements[-1],) * 2
        return self._end(*last)

    def _keeps_blank_lines(self, value: Node) -> bool:
        while value.kind != SCALAR and not value.flow:
            value = value.entries[-1][1] if value.kind == MAPPING else value.elements[-1]
        header = self.text[value.start : value.end].partition("\n")[0]
        return value.quote in ("|", ">") and "+" in header.partition("#")[0]

    def _line_end(self, position: int, keep_blank_lines: bool = False) -> tuple[int, str, str]:
        """The start of the next line, and what has to stand before and after a text that is put there."""
        newline = self.layout.newline
        at_start = position > 0 and self.text[position - 1] == "\n"
        if at_start and not keep_blank_lines:
            while re.search(r"\n[ \t]*\r?\n$", self.text[max(0, position - 200) : position]):
                position = self.text.rindex("\n", 0, position - 1) + 1
        if not at_start:
            position = self.text.find("\n", position) + 1 or len(self.text)
        if position and self.text[position - 1] != "\n":
            return position, newline, ""
        return position, "", newline

    def _add_in_brackets(self, node: Node, content: Any, starts: list[Node], ends: list[int], colon: str) -> None:
        """Adds entries to a mapping, or elements to a list, that brackets enclose."""
        opening = self.text.index("{" if node.kind == MAPPING else "[", node.start)
        like = starts[0] if starts and node.kind == MAPPING else None
        if not starts:
            self._fill_brackets(node, opening, content)
            return
        several = "\n" in self.text[opening : starts[0].start]
        between = self.text[ends[0] : starts[1].start] if len(starts) > 1 else ""
        compact = colon.strip(" ") == colon and self.layout.is_json
        comma = between if re.fullmatch(r" *, *", between) else "," if compact else ", "
        indent = self._indent(starts[0].start) if several else None
        pieces = [self._piece(one, indent, like, colon, comma) for one in _parts_of(content)]
        trailing = re.compile(r"(?:\s|#[^\n]*)*,").match(self.text, ends[-1], node.end)
        place = trailing.end() if trailing else ends[-1]
        if not several:
            joined = (comma.lstrip(",") if trailing else comma) + comma.join(pieces)
            self.edits.append(Edit(place, place, joined))
            return
        if not trailing:
            self.edits.append(Edit(place, place, ","))
        rest = re.compile(r"[ \t]*(?:#[^\r\n]*)?(?=\r?\n)").match(self.text, place)
        line_end = rest.end() if rest else place
        separator = f"{self.layout.newline}{indent}"
        self.edits.append(Edit(line_end, line_end, separator + f",{separator}".join(pieces)))

    def _indent(self, position: int) -> str:
        """The white space that the line at a position starts with."""
        line = self.text[self.text.rfind("\n", 0, position) + 1 : position]
        return line[: len(line) - len(line.lstrip())]

    def _piece(self, one: Any, indent: str | None, like: Node | None, colon: str, comma: str) -> str:
        layout = self.layout
        if not isinstance(one, _Pair):
            nested = layout.is_json and indent is not None
            return layout.spread(one, indent or "", colon) if nested else layout.flow(one, like, colon, comma)
        name = layout.flow({one.name: 0}, like, colon, comma)[1:-2]
        if indent is not None and layout.is_json and isinstance(one.value, (dict, list)) and one.value:
            return name + layout.spread(one.value, indent, colon)
        return name + layout.flow(one.value, like, colon, comma)

    def _fill_brackets(self, node: Node, opening: int, content: Any) -> None:
        inside = self.text[opening + 1 : node.end - 1]
        if inside.strip():
            raise CannotSet("a comment stands where the first entry would")
        if self.layout.is_json and "\n" in self.text:
            self.edits.append(Edit(opening, node.end, self.layout.spread(content, self._indent(opening))))
        else:
            self.edits.append(Edit(opening, node.end, self.layout.flow(content, None)))


def _quote_of_keys(element: Node) -> str:
    return element.entries[0][0].quote if element.entries else ""
