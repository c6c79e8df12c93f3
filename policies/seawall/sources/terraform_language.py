"""Terraform's language as blocks and expressions that remember their lines.

checkov tells which files make a module; what stands in them is read here, because its parser sorts the
elements of lists and drops parentheses, and both decide which subnet lies in which zone.
Source of the grammar: the HCL native syntax specification. An expression is a tuple, its kind first.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from seawall.documents import MAX_DEPTH, Unreadable

Expression = tuple[Any, ...]

_SPACE = re.compile(r"(?:[ \t\r]+|(?:#|//)[^\n]*|/\*.*?\*/)+", re.DOTALL)
_SPACE_AND_LINES = re.compile(r"(?:\s+|(?:#|//)[^\n]*|/\*.*?\*/)+", re.DOTALL)
_NAME = re.compile(r"[^\W\d][\w-]*")
_NUMBER = re.compile(r"\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
_HEREDOC = re.compile(r"<<(-?)([^\W\d][\w.-]*)[ \t]*\r?\n")
_OPERATOR = re.compile(r"\|\||&&|==|!=|<=|>=|[<>+\-*/%]")
_PRECEDENCE = {
    "||": 1, "&&": 2, "==": 3, "!=": 3, "<": 4, ">": 4, "<=": 4, ">=": 4,
    "+": 5, "-": 5, "*": 6, "/": 6, "%": 6,
}  # fmt: skip
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}
_CONSTANTS = {"true": True, "false": False, "null": None}


@dataclass(slots=True)
class Block:
    """One block: its type, its labels, its attributes and the blocks inside it, with their lines from 1."""

    type: str
    labels: list[str]
    line: int
    last_line: int = 0
    attributes: dict[str, Expression] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    blocks: list[Block] = field(default_factory=list)


def read_blocks(text: str) -> Block:
    """A file's content as one block without a type; raises ``Unreadable`` with the line of the mistake."""
    reader = _Reader(text)
    body = Block("", [], 1)
    reader.body(body, end="")
    return body


def read_expression(text: str) -> Expression:
    """One expression, as it stands in a variable given by the user; raises ``Unreadable``."""
    reader = _Reader(text)
    found = reader.expression()
    reader.skip(lines=True)
    if reader.position < len(text):
        raise reader.error("unexpected text after the expression")
    return found


def read_template(text: str) -> Expression:
    """A file's text with ``${…}`` and ``%{…}`` in it; raises ``Unreadable``."""
    return _Reader(text)._template("")


def mentions(expression: Any) -> Iterator[tuple[str, ...]]:
    """The names at the start of each traversal inside an expression: ``("aws_subnet", "a", "id")``."""
    if not isinstance(expression, (tuple, list)):
        return
    path = _path(expression) if isinstance(expression, tuple) else ()
    if path:
        yield path
    for part in expression:
        yield from mentions(part)


def _path(expression: Expression) -> tuple[str, ...]:
    if expression[:1] == ("variable",):
        return (expression[1],)
    if expression[:1] in (("get",), ("index",), ("splat",)) and isinstance(expression[1], tuple):
        start = _path(expression[1])
        return (*start, expression[2]) if start and expression[0] == "get" else start
    return ()


class _Reader:
    """Recursive descent over the text. ``open`` counts the brackets inside which a line may end anywhere."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0
        self.open = 0
        self.depth = 0
        self._starts = [0, *(found.end() for found in re.finditer("\n", text))]

    @property
    def line(self) -> int:
        return bisect_right(self._starts, self.position)

    def error(self, reason: str) -> Unreadable:
        return Unreadable(reason, self.line)

    def skip(self, lines: bool = False) -> None:
        pattern = _SPACE_AND_LINES if lines or self.open else _SPACE
        found = pattern.match(self.text, self.position)
        if found:
            self.position = found.end()

    def peek(self, token: str) -> bool:
        self.skip()
        return self.text.startswith(token, self.position)

    def take(self, token: str) -> bool:
        if not self.peek(token):
            return False
        self.position += len(token)
        return True

    def need(self, token: str) -> None:
        if not self.take(token):
            raise self.error(f"expected {token!r}, found {self._here()}")

    def _here(self) -> str:
        rest = self.text[self.position : self.position + 20].split("\n")[0].strip()
        return (
            repr(rest) if rest else "the end of the line" if self.position < len(self.text) else "the end of the file"
        )

    def name(self) -> str:
        self.skip()
        found = _NAME.match(self.text, self.position)
        if not found:
            raise self.error(f"expected a name, found {self._here()}")
        self.position = found.end()
        return found.group()

    def body(self, block: Block, end: str) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.error(f"nested deeper than {MAX_DEPTH} levels")
        while True:
            self.skip(lines=True)
            if self.position >= len(self.text):
                if end:
                    raise Unreadable(f"the block that starts on line {block.line} has no end", block.line)
                break
            if end and self.take(end):
                break
            self._item(block)
        block.last_line = self.line
        self.depth -= 1

    def _item(self, block: Block) -> None:
        line = self.line
        name = self._string_label() if self.peek('"') else self.name()
        self.skip()
        if self.peek("=") and not self.peek("=="):
            self.position += 1
            block.attributes[name] = self.expression()
            block.lines[name] = line
            self.skip()
            if self.position < len(self.text) and self.text[self.position] not in "\n}":
                raise self.error(f"expected the end of the line, found {self._here()}")
            return
        inner = Block(name, [], line)
        while not self.peek("{"):
            inner.labels.append(self._string_label() if self.peek('"') else self.name())
        self.position += 1
        self.body(inner, "}")
        block.blocks.append(inner)

    def _string_label(self) -> str:
        self.skip()
        end = self.text.find('"', self.position + 1)
        if end < 0 or "\n" in self.text[self.position : end]:
            raise self.error("a quote is not closed on this line")
        label = self.text[self.position + 1 : end]
        self.position = end + 1
        return label

    def expression(self) -> Expression:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.error(f"nested deeper than {MAX_DEPTH} levels")
        condition = self._binary(1)
        if self.take("?"):
            self.skip(lines=True)
            when_true = self.expression()
            self.skip(lines=True)
            self.need(":")
            self.skip(lines=True)
            condition = ("if", condition, when_true, self.expression())
        self.depth -= 1
        return condition

    def _binary(self, level: int) -> Expression:
        left = self._unary()
        while True:
            self.skip()
            found = _OPERATOR.match(self.text, self.position)
            if not found or _PRECEDENCE[found.group()] < level:
                return left
            self.position = found.end()
            self.skip(lines=True)
            left = ("binary", found.group(), left, self._binary(_PRECEDENCE[found.group()] + 1))

    def _unary(self) -> Expression:
        for operator in "!-":
            if self.peek(operator) and not self.peek("!="):
                self.position += 1
                return ("unary", operator, self._unary())
        return self._traversal(self._term())

    def _term(self) -> Expression:
        self.skip()
        if self.peek('"'):
            self.position += 1
            return self._template('"')
        if self.peek("<<"):
            return self._heredoc()
        if self.take("("):
            inner: Expression = self._bracketed(self.expression)
            self._close(")")
            return inner
        if self.take("["):
            return self._list()
        if self.take("{"):
            return self._object()
        number = _NUMBER.match(self.text, self.position)
        if number:
            self.position = number.end()
            text = number.group()
            return ("literal", int(text) if text.isdigit() else float(text))
        return self._named()

    def _named(self) -> Expression:
        name = self.name()
        while self.take("::"):  # a provider's function
            name += "::" + self.name()
        if self.peek("("):
            self.position += 1
            return self._call(name)
        if name in _CONSTANTS:
            return ("literal", _CONSTANTS[name])
        return ("variable", name)

    def _bracketed(self, read: Any) -> Any:
        self.open, before = self.open + 1, self.open
        found = read()
        self.skip()
        self.open = before
        return found

    def _close(self, token: str) -> None:
        self.skip(lines=True)
        self.need(token)

    def _call(self, name: str) -> Expression:
        def arguments() -> tuple[list[Expression], bool]:
            found: list[Expression] = []
            while not self.peek(")"):
                found.append(self.expression())
                if self.take("..."):
                    return found, True
                if not self.take(","):
                    break
            return found, False

        found, spread = self._bracketed(arguments)
        self._close(")")
        return ("call", name, found, spread)

    def _list(self) -> Expression:
        def elements() -> Expression:
            if self._at_for():
                return self._for(is_object=False)
            found: list[Expression] = []
            while not self.peek("]"):
                found.append(self.expression())
                if not self.take(","):
                    break
            return ("list", found)

        found: Expression = self._bracketed(elements)
        self._close("]")
        return found

    def _object(self) -> Expression:
        self.skip(lines=True)
        if self._at_for():
            found: Expression = self._bracketed(lambda: self._for(is_object=True))
            self._close("}")
            return found
        self.open, before = 0, self.open
        pairs: list[tuple[Expression, Expression]] = []
        while True:
            self.skip(lines=True)
            if self.take("}"):
                break
            key = self.expression()
            self.skip(lines=True)
            if not self.take("="):
                self.need(":")
            self.skip(lines=True)
            pairs.append((("literal", key[1]) if key[0] == "variable" else key, self.expression()))
            self.take(",")
        self.open = before
        return ("object", pairs)

    def _at_for(self) -> bool:
        self.skip()
        found = re.compile(r"for\s").match(self.text, self.position)
        if found:
            self.position = found.end()
        return found is not None

    def _for(self, is_object: bool) -> Expression:
        names = [self.name()]
        if self.take(","):
            names.append(self.name())
        if self.name() != "in":
            raise self.error("expected 'in' in this for")
        collection = self.expression()
        self.need(":")
        key = self.expression() if is_object else None
        if is_object:
            self.need("=>")
        value = self.expression()
        grouped = self.take("...")
        condition = None
        self.skip()
        if re.compile(r"if\b").match(self.text, self.position):
            self.position += 2
            condition = self.expression()
        return ("for", names, collection, key, value, condition, grouped)

    def _traversal(self, base: Expression) -> Expression:
        while True:
            if self.text.startswith("[*]", self.position) or self.text.startswith(".*", self.position):
                full = self.text[self.position] == "["
                self.position += 3 if full else 2
                base = ("splat", base, self._element_steps(full))
            elif self.text.startswith("[", self.position):
                self.position += 1
                index = self._bracketed(self.expression)
                self._close("]")
                base = ("index", base, index)
            elif self.text.startswith(".", self.position) and not self.text.startswith("...", self.position):
                self.position += 1
                base = self._step(base)
            else:
                # A traversal may go on in the next line only inside brackets.
                position = self.position
                if self.open:
                    self.skip()
                    if self.text.startswith(".", self.position) and not self.text.startswith("...", self.position):
                        continue
                self.position = position
                return base

    def _step(self, base: Expression) -> Expression:
        number = re.compile(r"\d+").match(self.text, self.position)
        if number:  # the old way to write [0]
            self.position = number.end()
            return ("index", base, ("literal", int(number.group())))
        return ("get", base, self.name())

    def _element_steps(self, full: bool) -> Expression:
        element: Expression = ("element",)
        while True:
            if self.text.startswith(".", self.position) and not self.text.startswith(("...", ".*"), self.position):
                self.position += 1
                element = self._step(element)
            elif full and self.text.startswith("[", self.position) and not self.text.startswith("[*]", self.position):
                self.position += 1
                index = self._bracketed(self.expression)
                self._close("]")
                element = ("index", element, index)
            else:
                return element

    def _heredoc(self) -> Expression:
        found = _HEREDOC.match(self.text, self.position)
        if not found:
            raise self.error("a heredoc needs its mark, then a new line")
        end = re.compile(rf"^[ \t]*{re.escape(found[2])}[ \t]*\r?$", re.MULTILINE).search(self.text, found.end())
        if not end:
            raise self.error(f"the heredoc {found[2]} has no end")
        text = self.text[found.end() : end.start()]
        if found[1]:
            margins = [len(row) - len(row.lstrip()) for row in text.splitlines() if row.strip()]
            cut = min(margins, default=0)
            text = "".join(row[cut:] if row.strip() else row for row in text.splitlines(keepends=True))
        inner = _Reader(text)
        try:
            expression = inner._template("")
        except Unreadable as error:
            raise Unreadable(error.reason, self.line + (error.line or 1)) from None
        self.position = end.end()
        return expression

    def _template(self, end: str) -> Expression:
        parts = self._parts(end)
        if not parts:
            return ("literal", "")
        if len(parts) == 1:
            return parts[0] if isinstance(parts[0], tuple) else ("literal", parts[0])
        return ("template", [("literal", part) if isinstance(part, str) else part for part in parts])

    def _parts(self, end: str, stops: tuple[str, ...] = ()) -> list[Any]:
        """The texts and expressions up to ``end``, or up to a directive that is one of ``stops``."""
        parts: list[Any] = []
        while True:
            literal = self._literal(end)
            if literal:
                parts.append(literal)
            if self.position >= len(self.text):
                if end or stops:
                    raise self.error("a quote or a template is not closed")
                return parts
            if end and self.text.startswith(end, self.position):
                self.position += 1
                return parts
            if self.text.startswith("${", self.position):
                self.position += 2
                self.take("~")
                parts.append(self._bracketed(self.expression))
                self._close_template()
            elif self._directive(parts, end, stops):
                return parts

    def _literal(self, end: str) -> str:
        """The text up to the next expression, directive or end."""
        found: list[str] = []
        while self.position < len(self.text):
            mark = self.text[self.position : self.position + 3]
            if mark[:2] in ("${", "%{") or (end and mark[0] == end):
                break
            if end and mark[0] == "\n":
                raise self.error("a quote is not closed on this line")
            if mark in ("$${", "%%{"):
                found.append(mark[1:])
                self.position += 3
            elif end and mark[0] == "\\":
                self._escape(found)
            else:
                found.append(mark[0])
                self.position += 1
        return "".join(found)

    def _close_template(self) -> None:
        self.skip(lines=True)
        self.take("~")
        self.need("}")

    def _escape(self, literal: list[str]) -> None:
        letter = self.text[self.position + 1 : self.position + 2]
        if letter in ("u", "U"):
            size = 4 if letter == "u" else 8
            code = self.text[self.position + 2 : self.position + 2 + size]
            try:
                literal.append(chr(int(code, 16)))
            except (ValueError, OverflowError):
                raise self.error(f"\\{letter}{code} is no character") from None
            self.position += 2 + size
            return
        literal.append(_ESCAPES.get(letter, letter))
        self.position += 2

    def _directive(self, parts: list[Any], end: str, stops: tuple[str, ...]) -> bool:
        """Reads ``%{...}``; whether it ends the part that is being read. ``stops`` are the words that do."""
        self.position += 2
        self.take("~")
        word = self.name()
        if word in stops:
            self._close_template()
            parts.append(("stop", word))
            return True
        if word == "if":
            condition = self._bracketed(self.expression)
            self._close_template()
            when_true = self._parts(end, ("else", "endif"))
            when_false = self._parts(end, ("endif",)) if when_true.pop()[1] == "else" else [("stop", "")]
            when_false.pop()
            parts.append(("if", condition, _joined(when_true), _joined(when_false)))
        elif word == "for":
            names = [self.name()]
            if self.take(","):
                names.append(self.name())
            self.name()
            collection = self._bracketed(self.expression)
            self._close_template()
            inner = self._parts(end, ("endfor",))[:-1]
            repeated = ("for", names, collection, None, _joined(inner), None, False)
            parts.append(("call", "join", [("literal", ""), repeated], False))
        else:
            raise self.error(f"%{{{word}}} is not known in templates")
        return False


def _joined(parts: list[Any]) -> Expression:
    return ("template", [("literal", part) if isinstance(part, str) else part for part in parts])


__all__ = ["Block", "Expression", "mentions", "read_blocks", "read_expression", "read_template"]
