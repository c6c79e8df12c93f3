"""Local nested stacks: a template that names another file of its own folder is one design with it.

Local is what ``aws cloudformation package``, ``sam build`` and ``cdk synth`` take from disk: a relative
``TemplateURL``, the ``Location`` of an ``AWS::Serverless::Application`` (which the SAM reader turns into a
``TemplateURL``) and CDK's ``aws:asset:path``. Nothing is fetched, and no file outside the folder is read.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from seawall.documents import Unreadable
from seawall.source import Document
from seawall.sources import cloudformation
from seawall.template import Entry, Template
from seawall.values import Unknown, leaves

NESTED = "AWS::CloudFormation::Stack"

MAX_LEVELS = 5
"""Stacks below one another that are followed. Real designs nest once or twice."""

MAX_NESTED = 200
"""Nested stacks of one design; files that name each other twice would otherwise multiply."""

_HASH = re.compile(r"/([0-9a-f]{32,128})\.json$")


def templates_of(
    document: Document,
    file: Path,
    problems: list[Unreadable],
    *,
    within: Path | None = None,
    name: str = "",
    assets: Mapping[str, str] | None = None,
) -> list[Template]:
    """The template of ``document`` and of every local nested stack below it, the top one first.

    Nested files are read only from below ``within`` (the folder of ``file`` where it is left out), symbolic
    links resolved; what a nested stack elsewhere returns stays unknown. ``assets`` are the files of a CDK
    assembly by hash. A nested stack that cannot be read is named in ``problems``; the others still count.
    """
    top = cloudformation.template_of(document, name, problems)
    if not any(entry.type == NESTED for entry in top.entries.values()):
        return [top]
    root = os.path.realpath(within or os.path.dirname(file) or os.curdir)
    family = _Family(root, problems, assets or {}, top)
    family.add_children(top, str(file), (os.path.realpath(file),))
    return family.templates


def taken_as_nested(children: Mapping[str, Iterable[str]]) -> frozenset[str]:
    """Which files are judged as a part of another one, and so not once more by themselves.

    ``children`` holds for each file the files that it reaches as nested stacks, as real paths. Of files that
    nest each other in a circle the first stays.
    """
    found = {parent: set(reached) - {parent} for parent, reached in children.items()}
    taken = {child for reached in found.values() for child in reached}
    covered = {child for parent, reached in found.items() if parent not in taken for child in reached}
    for parent in sorted(taken & found.keys()):
        if parent not in covered:  # only in a circle does nobody from outside reach it
            taken.discard(parent)
            covered |= found[parent]
    return frozenset(taken)


class _Family:
    """The templates of one design while its nested stacks are looked for below the folder ``root``."""

    def __init__(self, root: str, problems: list[Unreadable], assets: Mapping[str, str], top: Template) -> None:
        self.root = root
        self.problems = problems
        self.assets = assets
        self.templates = [top]
        self.documents: dict[str, Document] = {}

    def add_children(self, parent: Template, location: str, chain: tuple[str, ...]) -> None:
        for logical_id, entry in parent.entries.items():
            path = self._local_path(entry) if entry.type == NESTED else None
            if path is None:
                continue
            try:
                self._add_child(parent, logical_id, path, location, chain)
            except Unreadable as error:
                reason = f"nested stack {logical_id} ({path}) {error.reason}"
                self.problems.append(Unreadable(reason, entry.line, parent.document.file))

    def _add_child(self, parent: Template, logical_id: str, path: str, location: str, chain: tuple[str, ...]) -> None:
        location = os.path.join(os.path.dirname(location), path)
        place = os.path.realpath(location)
        if not place.startswith(os.path.join(self.root, "")) or not os.path.isfile(place):
            return  # like one that lies in S3: what it returns stays unknown
        self._check(place, chain)
        name = f"{parent.name}/{logical_id}" if parent.name else logical_id
        entry = parent.entries[logical_id]
        shown = os.path.join(os.path.dirname(parent.document.file), path)
        template = self._read(place, os.path.normpath(shown), name)
        template.parent = parent.name
        template.region, template.account, template.tags = parent.region, parent.account, parent.tags
        template.region_of = parent.name if parent.region_of is None else parent.region_of
        _pass_arguments(entry, template)
        parent.nested[logical_id] = name
        self.templates.append(template)
        self.add_children(template, location, (*chain, place))

    def _local_path(self, entry: Entry) -> str | None:
        """The file that a nested stack names on disk, ``None`` where it lies elsewhere or is not known."""
        metadata = entry.node.get("Metadata")
        if isinstance(metadata, dict):
            asset = metadata.get("aws:asset:path")
            if isinstance(asset, str) and metadata.get("aws:asset:property", "TemplateURL") == "TemplateURL":
                return asset.replace("\0", "")
        properties = entry.node.get("Properties")
        address = properties.get("TemplateURL") if isinstance(properties, dict) else None
        if self.assets:
            return next((self.assets[name] for name in _hashes(address) if name in self.assets), None)
        if not isinstance(address, str) or any(mark in address for mark in ("://", "{{", "\0")):
            return None
        return address or None

    def _check(self, place: str, chain: tuple[str, ...]) -> None:
        if place in chain:
            raise Unreadable("contains itself and is not read again")
        if len(chain) > MAX_LEVELS:
            raise Unreadable(f"lies deeper than {MAX_LEVELS} nested stacks and is not read")
        if len(self.templates) > MAX_NESTED:
            raise Unreadable(f"is not read: the design has more than {MAX_NESTED} nested stacks")

    def _read(self, place: str, shown: str, name: str) -> Template:
        found: list[Unreadable] = []
        new = place not in self.documents
        try:
            if new:
                document = cloudformation.read_document(Path(place), shown, found)
                if document is None:
                    raise Unreadable("is no template")
                self.documents[place] = document
            template = cloudformation.template_of(self.documents[place], name, found)
        except Unreadable as error:
            where = f" in line {error.line}" if error.line else ""
            raise Unreadable(f"cannot be read{where}: {error.reason}") from None
        if new:
            self.problems.extend(Unreadable(one.reason, one.line, shown) for one in found)
        return template


def _hashes(address: Any) -> list[str]:
    """The hashes that texts inside an address end with."""
    texts = [text for text in leaves(address) if isinstance(text, str)]
    return [found[1] for found in map(_HASH.search, texts) if found]


def _pass_arguments(entry: Entry, template: Template) -> None:
    """Hands a nested stack the nodes that its parent passes as parameters."""
    properties = entry.node.get("Properties")
    arguments = properties.get("Parameters") if isinstance(properties, dict) else None
    if not isinstance(arguments, dict):
        return
    if any(str(name).startswith("Fn::") for name in arguments):
        # A condition or a macro makes the whole mapping: any parameter may be among them.
        template.bindings.update({name: Unknown((f"parameter {name}",)) for name in template.parameters})
        return
    template.arguments.update((str(name), node) for name, node in arguments.items())
