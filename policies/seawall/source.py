"""Where something stands: a file, and the lines of a resource and its properties."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from seawall.json_documents import with_lines


class Document:
    """One file's text. ``root`` is its content; JSON gets its line numbers only when one is asked for."""

    def __init__(self, file: str, text: str, root: Any, *, is_json: bool = False) -> None:
        self.file = file
        self.text = text
        self.root = root
        self.is_json = is_json

    @cached_property
    def lined(self) -> Any:
        """The content with lines: mappings and lists as ``documents`` builds them."""
        return with_lines(self.text) if self.is_json else self.root

    @cached_property
    def exception_comments(self) -> list[tuple[int, str]]:
        """The lines (from 1) that write an exception into a comment; JSON has no comments."""
        if self.is_json or ":skip=" not in self.text:
            return []
        return [(index + 1, line) for index, line in enumerate(self._text_lines) if ":skip=" in line]

    @cached_property
    def _text_lines(self) -> list[str]:
        # JSON's strings may hold characters that count as line ends elsewhere.
        return self.text.split("\n") if self.is_json else self.text.splitlines()

    def text_of(self, line: int) -> str:
        """The text of a line (from 1), without the white space around it; empty where there is none."""
        return self._text_lines[line - 1].strip() if 0 < line <= len(self._text_lines) else ""


def line_at(node: Any, path: str, line: int) -> int:
    """The line of the property at a dotted path below ``node``, as near as it can be told.

    ``line`` is the answer where not even the first step is there. Lists and intrinsic functions on the
    way are looked through: the path names properties only.
    """
    for name in path.split(".") if path else []:
        while isinstance(node, (dict, list)) and name not in node:
            inner = _inner(node, name)
            if inner is None:
                return line
            node = inner
        if not isinstance(node, dict):
            return line
        line = getattr(node, "lines", {}).get(name, line)
        node = node[name]
    return line


def _inner(node: Any, name: str) -> Any:
    """The first mapping below a list or an ``Fn::If`` that has ``name``."""
    children = node if isinstance(node, list) else node.get("Fn::If", ())
    for child in children if isinstance(children, list) else ():
        if isinstance(child, dict) and (name in child or _inner(child, name) is not None):
            return child
    return None
