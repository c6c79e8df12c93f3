"""CloudFormation templates, YAML or JSON: a file's text as a ``Document``, its sections as a ``Template``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from seawall.documents import OtherDocument, TooMuch, Unreadable, read_yaml
from seawall.json_documents import read_json
from seawall.source import Document
from seawall.template import Entry, Template

MAX_BYTES = 4 * 1024 * 1024
"""CloudFormation itself takes 1 MB (quotas page of its user guide); four times that is still read here."""

MARKS = ("AWSTemplateFormatVersion", "AWS::", "Resources")
"""Text that tells a broken template from any other broken file."""


unsaved: dict[str, str] = {}
"""Texts that count instead of what is on disk, by the file's real path: what a fix would write, judged beforehand."""


def read_text(file: Path, *, asked: bool = True) -> str | None:
    """The text of a template; raises ``Unreadable`` for what cannot be one.

    ``None`` for a file that is too large, looks like no template and was not ``asked`` for.
    """
    if unsaved and os.path.realpath(file) in unsaved:
        return unsaved[os.path.realpath(file)]
    try:
        size = file.stat().st_size
        if size > MAX_BYTES:
            if asked or _looks_like_template(file):
                raise Unreadable(f"is {size / 1e6:.0f} MB large; CloudFormation takes templates up to 1 MB")
            return None
        content = file.read_bytes()
    except OSError as error:
        raise Unreadable((error.strerror or str(error)).lower()) from None
    return decode(content)


def _looks_like_template(file: Path) -> bool:
    with file.open("rb") as stream:
        start = stream.read(65536)
    return not start.strip() or any(mark.encode() in start for mark in MARKS)


def decode(content: bytes) -> str:
    """Bytes as text; raises ``Unreadable`` for binary content and other encodings than UTF-8 and UTF-16."""
    if not content.strip():
        raise Unreadable("is empty")
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        reason = "is binary" if b"\0" in content[:1024] else "is not UTF-8"
        raise Unreadable(reason, line) from None
    if "\0" in text:
        raise Unreadable("is binary", text.count("\n", 0, text.index("\0")) + 1)
    return text


def parse(file: str, text: str, problems: list[Unreadable]) -> Document:
    """The document in a file's text; raises ``Unreadable``."""
    if text.lstrip()[:1] in ("{", "["):
        try:
            return Document(file, text, read_json(text, problems), is_json=True)
        except Unreadable:
            if file.endswith((".json", ".template")):
                raise
            # YAML's flow style starts with the same bracket.
    return Document(file, text, read_yaml(text, problems))


def is_template(root: Any) -> bool:
    """Whether a document is meant as a CloudFormation template."""
    if not isinstance(root, dict):
        return False
    resources = root.get("Resources")
    if "AWSTemplateFormatVersion" in root or isinstance(resources, list):
        return True
    return isinstance(resources, dict) and any(map(_is_resource, resources.items()))


def _is_resource(item: tuple[Any, Any]) -> bool:
    name, node = item
    if isinstance(node, dict):
        return isinstance(node.get("Type"), str) and "::" in node["Type"]
    return str(name).startswith("Fn::ForEach::")


def read_document(file: Path, shown: str, problems: list[Unreadable], *, asked: bool = True) -> Document | None:
    """The template in ``file``; ``None`` where it is sound but something else. Raises ``Unreadable``.

    ``asked`` is whether the user named the file, and so wants to hear why it was not read.
    """
    text = read_text(file, asked=asked)
    if text is None:
        return None
    try:
        document = parse(shown, text, problems)
    except OtherDocument:
        if asked or ("AWS::" in text and "Resources:" in text):
            raise
        return None
    except Unreadable as error:
        if asked or isinstance(error, TooMuch) or any(mark in text for mark in MARKS):
            raise
        return None
    if not is_template(document.root):
        problems.clear()
        return None
    return document


def template_of(document: Document, name: str = "", problems: list[Unreadable] | None = None) -> Template:
    """A document's sections as a ``Template``. What has the wrong type is left out and named in ``problems``."""
    problems = [] if problems is None else problems
    if document.is_json and ("Fn::ForEach" in document.text or _is_serverless(document.root)):
        # Both make new resources out of what is written: only nodes with lines keep track of that.
        return _template_in(document, document.lined, name, problems)
    found: list[Unreadable] = []
    template = _template_in(document, document.root, name, found)
    if found and document.is_json:
        return _template_in(document, document.lined, name, problems)  # once more, for the problems' lines
    problems += found
    return template


def _template_in(document: Document, root: Any, name: str, problems: list[Unreadable]) -> Template:
    template = Template(document, name)
    for section, holder in (
        ("Parameters", template.parameters), ("Conditions", template.conditions),
        ("Mappings", template.mappings), ("Outputs", template.outputs),
    ):  # fmt: skip
        holder.update(_section(root, section, problems))
    resources = _section(root, "Resources", problems)
    if "Resources" not in root:
        problems.append(Unreadable("has no Resources"))
    template.loops.update((key, node) for key, node in resources.items() if str(key).startswith("Fn::ForEach::"))
    if _is_serverless(root):
        from seawall.sources.sam import expand, expand_with  # most templates never need it

        template.entries.update(expand(root, resources, problems))
        template.transform = expand_with(root, resources)
    else:
        template.entries.update(entries_of(resources, problems))
    return template


def _section(root: dict[Any, Any], name: str, problems: list[Unreadable]) -> dict[Any, Any]:
    section = root.get(name)
    if section is None:
        return {}
    if isinstance(section, dict):
        return section
    problems.append(Unreadable(f"{name} is {_kind(section)}, not a mapping", _line_of(root, name)))
    return {}


def _kind(value: Any) -> str:
    if isinstance(value, list):
        return "a list"
    return "a text" if isinstance(value, str) else "a value"


def _line_of(node: Any, name: str) -> int | None:
    line: int | None = getattr(node, "lines", {}).get(name)
    return line


def entries_of(resources: dict[Any, Any], problems: list[Unreadable]) -> dict[str, Entry]:
    """The resources of a template by logical id, loops not yet expanded."""
    found: dict[str, Entry] = {}
    for logical_id, node in resources.items():
        if str(logical_id).startswith("Fn::"):
            continue
        line = _line_of(resources, logical_id)
        if not isinstance(node, dict):
            problems.append(Unreadable(f"resource {logical_id} is {_kind(node)}, not a mapping", line))
        elif not isinstance(node.get("Type"), str):
            problems.append(Unreadable(f"resource {logical_id} has no Type", line))
        else:
            properties = node.get("Properties")
            if properties is not None and not isinstance(properties, dict):
                reason = f"Properties of {logical_id} is {_kind(properties)}, not a mapping"
                problems.append(Unreadable(reason, _line_of(node, "Properties") or line))
            found[str(logical_id)] = Entry(node["Type"], node, line=line)
    return found


def _is_serverless(root: Any) -> bool:
    transform = root.get("Transform") if isinstance(root, dict) else None
    names = transform if isinstance(transform, list) else [transform]
    return any(isinstance(name, str) and name.startswith("AWS::Serverless") for name in names)
