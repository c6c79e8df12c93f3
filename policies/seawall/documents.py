"""YAML text as plain mappings and lists that remember their lines.

Nothing is executed: short tags become the mappings that they stand for, every other tag is refused.
Reading is bounded, because templates come from strangers: see the constants.
"""

from __future__ import annotations

import re
from typing import Any

import yaml
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

MAX_DEPTH = 100
"""Levels of nesting. Real templates stay below 40; evaluation recurses, so a bomb must end here."""

MAX_NODES = 1_000_000
"""Values in one document once its aliases are expanded. CloudFormation's 1 MB hold at most 500 000."""

SHORT_TAGS = {
    "Ref": "Ref",
    "Condition": "Condition",
    **{
        name: f"Fn::{name}"
        for name in [
            "And",
            "Base64",
            "Cidr",
            "Contains",
            "EachMemberEquals",
            "EachMemberIn",
            "Equals",
            "FindInMap",
            "ForEach",
            "GetAtt",
            "GetAZs",
            "GetStackOutput",
            "If",
            "ImportValue",
            "Join",
            "Length",
            "Not",
            "Or",
            "RefAll",
            "Select",
            "Split",
            "Sub",
            "ToJsonString",
            "Transform",
            "ValueOf",
            "ValueOfAll",
        ]
    },
}


class Unreadable(Exception):
    """What cannot be read: ``reason`` in one line, ``line`` from 1 where it is known.

    ``file`` is set where it is another file than the one that was asked for: a nested stack's.
    """

    def __init__(self, reason: str, line: int | None = None, file: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.line = line
        self.file = file


class OtherDocument(Unreadable):
    """Well-formed text that cannot be a template: several YAML documents, foreign tags."""


class TooMuch(Unreadable):
    """A document beyond the bounds above, whether or not it is a template."""


class Mapping(dict[Any, Any]):
    """A mapping with the line (from 1) it starts on and the line of each key."""

    __slots__ = ("line", "lines", "size")

    def __init__(self, line: int) -> None:
        self.line = line
        self.lines: dict[Any, int] = {}
        self.size = 1


class Sequence(list[Any]):
    """A list with the line (from 1) it starts on and the line of each element."""

    __slots__ = ("line", "lines", "size")

    def __init__(self, line: int) -> None:
        self.line = line
        self.lines: list[int] = []
        self.size = 1


def read_yaml(text: str, problems: list[Unreadable]) -> Any:
    """The document in ``text``; raises ``Unreadable``.

    A key that is there twice does not end the reading, since deployments take the last one: it is
    added to ``problems``.
    """
    try:
        return _Builder(text, problems).build()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = error.problem or str(error)
        if mark and problem == "found character that cannot start any token" and _is_tab(text, mark.line):
            problem = "a tab indents this line, YAML takes spaces"
        # The end of the text is reported in a line of its own.
        raise Unreadable(problem, min(mark.line, text.count("\n")) + 1 if mark else None) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise Unreadable(f"character {error.character!r} is not allowed in YAML", line) from None


def _is_tab(text: str, line: int) -> bool:
    return any(found.lstrip(" ").startswith("\t") for found in text.splitlines()[line : line + 1])


def twice(key: str, line: int | None, first: str = "") -> Unreadable:
    return Unreadable(f"key {key!r} is there twice{first}; the last one is judged", line)


class _Builder:
    """Builds a document from libyaml's events: no recursion, so depth is checked before it can hurt."""

    def __init__(self, text: str, problems: list[Unreadable]) -> None:
        self.problems = problems
        self.loader = yaml.CSafeLoader(text)
        self.anchors: dict[str, Any] = {}
        self.open_anchors: set[str] = set()
        # The containers that are open: container, its pending key, the short tag around it, its anchor.
        self.stack: list[tuple[Any, Any, str | None, str | None]] = []
        self.container: Any = None
        self.key: Any = None
        self.root: Any = None
        self.documents = 0

    def build(self) -> Any:
        next_event: Any = self.loader.get_event  # typed as an optional base class in the stubs
        take = {
            ScalarEvent: self._scalar,
            MappingStartEvent: self._mapping,
            SequenceStartEvent: self._sequence,
            MappingEndEvent: self._close,
            SequenceEndEvent: self._close,
            AliasEvent: self._alias,
            DocumentStartEvent: self._document,
        }
        while True:
            event = next_event()
            kind = event.__class__
            if kind is ScalarEvent and event.tag is None and event.anchor is None:
                # Nearly every event, and half of the time that reading takes.
                text = event.value
                self._place(_plain(text) if event.implicit[0] else text, event.start_mark.line + 1, 1)
            elif kind in take:
                take[kind](event)
            elif kind is StreamEndEvent:
                return self.root

    def _document(self, event: Any) -> None:
        self.documents += 1
        if self.documents > 1:
            raise OtherDocument("holds several YAML documents", event.start_mark.line + 1)

    def _mapping(self, event: Any) -> None:
        self._open(event, Mapping(event.start_mark.line + 1))

    def _sequence(self, event: Any) -> None:
        self._open(event, Sequence(event.start_mark.line + 1))

    def _scalar(self, event: Any) -> None:
        line = event.start_mark.line + 1
        if event.tag is not None and event.tag != "!":
            value = self._tagged(event.tag, event.value, line)
        elif event.implicit[0] and event.tag is None:
            value = _plain(event.value)
        else:
            value = event.value
        if event.anchor:
            self.anchors[event.anchor] = value
        self._place(value, line, 1)

    def _open(self, event: Any, container: Any) -> None:
        if len(self.stack) >= MAX_DEPTH:
            raise TooMuch(f"nested deeper than {MAX_DEPTH} levels", container.line)
        tag = self._function(event.tag, container.line) if event.tag else None
        self.stack.append((self.container, self.key, tag, event.anchor))
        if event.anchor:
            self.anchors[event.anchor] = container
            self.open_anchors.add(event.anchor)
        self.container, self.key = container, None

    def _close(self, _event: Any) -> None:
        closed = self.container
        self.container, self.key, tag, anchor = self.stack.pop()
        if closed.__class__ is Mapping and "<<" in closed:
            _merge(closed)
        value = closed
        if tag:
            value = Mapping(closed.line)
            value[tag] = closed
            value.lines[tag] = closed.line
            value.size += closed.size
        if anchor:
            self.anchors[anchor] = value
            self.open_anchors.discard(anchor)
        self._place(value, closed.line, value.size)

    def _alias(self, event: Any) -> None:
        line = event.start_mark.line + 1
        if event.anchor not in self.anchors:
            raise Unreadable(f"alias *{event.anchor} has no anchor", line)
        if event.anchor in self.open_anchors:
            raise Unreadable(f"alias *{event.anchor} stands inside its own anchor", line)
        value = self.anchors[event.anchor]
        self._place(value, line, getattr(value, "size", 1))

    def _place(self, value: Any, line: int, size: int) -> None:
        container = self.container
        if container is None:
            self.root = value
            return
        container.size += size
        if container.size > MAX_NODES:
            raise TooMuch(f"holds more than {MAX_NODES} values once its aliases are expanded", line)
        if container.__class__ is not Mapping:
            container.append(value)
            container.lines.append(line)
        elif self.key is None:
            if value.__class__ is str and value not in container.lines:  # nearly every key
                container.lines[value] = line
                self.key = value
            else:
                self.key = self._new_key(container, value, line)
        else:
            container[self.key] = value
            self.key = None

    def _new_key(self, mapping: Mapping, key: Any, line: int) -> Any:
        if isinstance(key, (Mapping, Sequence)):
            raise Unreadable("a key is a mapping or a list", line)
        if key is None or isinstance(key, (bool, float, int)):
            # ``On:``, ``1:`` and the like are names, not values, where a key stands.
            key = "null" if key is None else str(key).lower()
        if key in mapping.lines:
            self.problems.append(twice(key, line, f", first in line {mapping.lines[key]}"))
        mapping.lines[key] = line
        return key

    def _function(self, tag: str, line: int) -> str | None:
        if tag.startswith("!") and tag[1:] in SHORT_TAGS:
            return SHORT_TAGS[tag[1:]]
        if tag in ("tag:yaml.org,2002:map", "tag:yaml.org,2002:seq", "!"):
            return None
        if not tag.startswith("!"):
            raise OtherDocument(f"tag {tag} is not one of CloudFormation's", line)
        # Somebody's preprocessor will put something here, as a macro would.
        self.problems.append(Unreadable(f"tag {tag} is not one of CloudFormation's", line))
        return "Fn::Transform"

    def _tagged(self, tag: str, text: str, line: int) -> Any:
        if tag.startswith("tag:yaml.org,2002:"):
            return text if tag.endswith(":str") else _plain(text)
        name = self._function(tag, line)
        value = Mapping(line)
        value.size = 2
        argument: Any = text
        if name == "Fn::Transform":
            argument = {"Name": tag}
        elif name == "Fn::GetAtt":
            argument = Sequence(line)
            argument.extend(text.split(".", 1))
            argument.lines.extend([line, line])
        if name:
            value[name] = argument
            value.lines[name] = line
        return value


_NUMBER = re.compile(r"[-+]?(0|[1-9][0-9]*)(\.[0-9]*)?([eE][-+]?[0-9]+)?$")
_WORDS = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    **{word: True for text in ("true", "yes", "on") for word in (text, text.title(), text.upper())},
    **{word: False for text in ("false", "no", "off") for word in (text, text.title(), text.upper())},
}  # fmt: skip


def _plain(text: str) -> Any:
    """A scalar without quotes. Dates, octal and sexagesimal numbers stay text: CloudFormation means text."""
    if text in _WORDS:
        return _WORDS[text]
    first = text[0]
    if (first.isdigit() or first in "+-") and len(text) < 40 and _NUMBER.match(text):
        return float(text) if "." in text or "e" in text or "E" in text else int(text)
    return text


def _merge(mapping: Mapping) -> None:
    """Fills in what ``<<`` names; keys that stand in the mapping itself win."""
    sources = mapping.pop("<<")
    mapping.lines.pop("<<", None)
    for source in sources if isinstance(sources, list) else [sources]:
        if not isinstance(source, Mapping):
            raise Unreadable("a merge key (<<) takes a mapping", mapping.line)
        for key, value in source.items():
            if key not in mapping:
                mapping[key] = value
                mapping.lines[key] = source.lines.get(key, source.line)
