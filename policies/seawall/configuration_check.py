"""Checks a ``seawall.yaml`` against its JSON Schema, and says what is wrong and in which line.

The schema that editors complete from is the one that decides here: only the keywords that it uses are
understood, and a test compares every answer with the package ``jsonschema``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

SCHEMA = Path(__file__).with_name("configuration.jsonschema")

Schema = dict[str, Any]


class Complaint(NamedTuple):
    """One mistake: what it is, and the line of the key or the element, if it is known."""

    text: str
    line: int | None


def load_schema() -> Schema:
    """The schema that ships beside this file."""
    schema: Schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    return schema


def complaints(root: Any, schema: Schema) -> Iterator[Complaint]:
    """Every mistake in a document with lines (``documents.Mapping``), from the top."""
    yield from _Checker(schema).check(root, schema, "", None)


class _Checker:
    def __init__(self, root: Schema) -> None:
        self.root = root

    def resolved(self, schema: Schema) -> Schema:
        """The schema, or the one that it refers to."""
        while "$ref" in schema:
            found: Any = self.root
            for step in schema["$ref"].removeprefix("#/").split("/"):
                found = found[step]
            schema = found
        return schema

    def check(self, value: Any, schema: Schema, path: str, line: int | None) -> Iterator[Complaint]:
        schema = self.resolved(schema)
        wrong = _wrong_kind(value, schema) or _wrong_value(value, schema)
        if wrong:
            yield Complaint(f"{path or 'the file'} {wrong}", line)
        elif isinstance(value, dict):
            yield from self._mapping(value, schema, path, line)
        elif isinstance(value, list):
            for index, item in enumerate(value):
                place = f"{path}[{index}]"
                yield from self.check(item, schema.get("items", {}), place, _line(value, index, line))

    def _mapping(self, value: dict[Any, Any], schema: Schema, path: str, line: int | None) -> Iterator[Complaint]:
        known: Schema = schema.get("properties", {})
        others: Any = schema.get("additionalProperties", True)
        for key, item in value.items():
            place = _line(value, key, line)
            if key in known:
                yield from self.check(item, known[key], _joined(path, key), place)
            elif others is False:
                yield Complaint(_unknown(str(key), path, list(known)), place)
            elif isinstance(others, dict):
                yield from self.check(item, others, _joined(path, key), place)
        for key in schema.get("required", ()):
            if key not in value:
                yield Complaint(f"{path or 'the file'} has no {key}", line)
        choices = [choice["required"][0] for choice in schema.get("anyOf", ())]
        if choices and not any(choice in value for choice in choices):
            yield Complaint(f"{path} names neither {' nor '.join(choices)}", line)


def _line(holder: Any, key: Any, otherwise: int | None) -> int | None:
    lines = getattr(holder, "lines", None)
    if lines is None:
        return otherwise
    found: int | None = lines[key] if isinstance(lines, list) else lines.get(key, otherwise)
    return found


def _joined(path: str, key: Any) -> str:
    return f"{path}.{key}" if path else str(key)


_KINDS = {
    "object": "a mapping", "array": "a list", "string": "a text", "integer": "a whole number",
    "number": "a number", "boolean": "true or false", "null": "nothing",
}  # fmt: skip


def _is(value: Any, kind: str) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    if kind == "integer":
        return isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    types: dict[str, Any] = {"object": dict, "array": list, "string": str, "number": (int, float), "null": type(None)}
    return kind in types and isinstance(value, types[kind])


def _wrong_kind(value: Any, schema: Schema) -> str:
    if "enum" in schema and value not in schema["enum"]:
        return f"is {_either(schema['enum'])}, not {_shown(value)}"
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if not kinds or any(_is(value, kind) for kind in kinds):
        return ""
    return f"is {_either([_KINDS[kind] for kind in kinds])}, not {_shown(value)}"


def _wrong_value(value: Any, schema: Schema) -> str:
    found = ""
    if isinstance(value, str):
        if len(value) < schema.get("minLength", 0):
            found = "is empty"
        elif not re.search(schema.get("pattern", ""), value):
            example = str(schema.get("description", "")).partition("such as ")[2].rstrip(".")
            found = f"is not {_shown(value)}" + (f": write it like {example}" if example else "")
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        if value < schema.get("minimum", value):
            found = f"is at least {schema['minimum']}, not {_shown(value)}"
    elif isinstance(value, (list, dict)) and len(value) < schema.get(
        "minItems" if isinstance(value, list) else "minProperties", 0
    ):
        found = "is empty"
    return found


def _either(words: list[str]) -> str:
    return " or ".join(words) if len(words) < 3 else f"{', '.join(words[:-1])} or {words[-1]}"


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return str(value).lower()
    return repr(value)


def _unknown(key: str, path: str, known: list[str]) -> str:
    import difflib  # only a mistyped key needs it

    where = f" in {path}" if path else ""
    nearest = difflib.get_close_matches(key, known, 1, 0.6)
    hint = f"; did you mean {nearest[0]}?" if nearest else ""
    last = f"{', '.join(known[:-1])} and {known[-1]}" if len(known) > 1 else known[0]
    return f"unknown key {key!r}{where}{hint or f'; the keys are {last}'}"
