"""Templates that are deployed together, as ``designs`` of ``seawall.yaml`` says: read as one design.

Where only some of them are asked for, all are read, and findings about the others are not reported.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from seawall.configuration import Configuration, Deployed
from seawall.design import Design
from seawall.documents import Unreadable
from seawall.finding import Report, Unread
from seawall.path_patterns import files_that_fit, relative
from seawall.scan import PASSED_FOLDERS, SUFFIXES, Unit
from seawall.source import Document
from seawall.sources import cloudformation
from seawall.sources.nested import taken_as_nested, templates_of
from seawall.template import Template


class Member(NamedTuple):
    """One template of a joined design. ``shown`` is its name for people, ``within`` where its nested stacks lie.

    ``asked`` is whether findings about it are reported, ``named`` whether it stands there without a pattern.
    """

    file: str
    shown: str
    within: str
    asked: bool
    named: bool
    deployed: Deployed


class JoinedDesign(NamedTuple):
    """What was read: the design, the real paths of nested files, files whose findings are not reported.

    ``others`` counts files that are no templates.
    """

    design: Design | None
    children: set[str]
    hidden: set[str]
    others: int


def joined(units: list[Unit], configuration: Configuration, report: Report) -> list[Unit]:
    """The units of work, where those whose files are deployed together have become one."""
    files = {os.path.realpath(unit.path): unit for unit in units if unit.kind == "file"}
    shown = {path: str(unit.path) for path, unit in files.items()}
    found: list[Unit] = []
    for members in designs_among(shown, configuration, report.unread):
        taken = [files.pop(path) for path in dict.fromkeys(os.path.realpath(one.file) for one in members if one.asked)]
        asked = any(unit.asked for unit in taken)
        found.append(taken[0]._replace(kind="joined", asked=asked, members=tuple(members)))
    left = set(map(id, files.values()))
    return [unit for unit in units if unit.kind != "file" or id(unit) in left] + found


def designs_among(
    shown: Mapping[str, str], configuration: Configuration, unread: list[Unread]
) -> Iterable[list[Member]]:
    """The joined designs to which any of these files belongs; ``shown`` holds their names by their real paths.

    What a pattern misses is added to ``unread``, as is a template that belongs to two designs.
    """
    taken: dict[str, int] = {}
    source = str(configuration.file)
    for number, templates in enumerate(configuration.designs):
        members: list[Member] = []
        for deployed in templates:
            fitting = _members(deployed, shown, configuration.folder)
            if not fitting:
                unread.append(Unread(source, deployed.line, f"designs: no file fits {deployed.path}"))
            for member in fitting:
                if taken.setdefault(os.path.realpath(member.file), number) != number:
                    name = relative(member.file, configuration.folder)
                    unread.append(Unread(source, deployed.line, f"designs: {name} belongs to two designs"))
                else:
                    members.append(member)
        if any(member.asked for member in members):
            yield members


def _members(deployed: Deployed, shown: Mapping[str, str], folder: str) -> list[Member]:
    named = not set("*?") & set(deployed.path)
    root = os.path.join(os.path.realpath(folder), "")
    found = []
    for file in files_that_fit(folder, deployed.path, PASSED_FOLDERS):
        real = os.path.realpath(file)
        # A link could otherwise have any file of the machine quoted.
        if real.startswith(root) and (named or file.endswith(SUFFIXES)):
            name = shown.get(real, os.path.relpath(file))
            found.append(Member(file, name, folder, real in shown, named, deployed))
    return found


def read_joined(members: Iterable[Member], parameters: Mapping[str, Any], problems: list[Unreadable]) -> JoinedDesign:
    """Reads the templates as one design; what cannot be read is added to ``problems``, with its file."""
    reader = _Reader(parameters, problems)
    for member in members:
        reader.read(member)
    families = reader.families()
    shown = {template.document.file for one, family in families if one.asked for template in family}
    every = {template.document.file for _, family in families for template in family}
    templates = [template for _, family in families for template in family]
    design = Design(templates, parameters) if templates else None
    return JoinedDesign(design, reader.children, every - shown, reader.others)


class _Reader:
    def __init__(self, parameters: Mapping[str, Any], problems: list[Unreadable]) -> None:
        self.parameters = parameters
        self.problems = problems
        self.others = 0
        self.children: set[str] = set()
        self._documents: dict[str, Document | None] = {}
        self._families: list[tuple[Member, list[Template]]] = []
        self._names: set[str] = set()
        self._undetermined: str | None = None

    def read(self, member: Member) -> None:
        found: list[Unreadable] = []
        try:
            document = self._document(member, found)
            if document is not None:
                name = self._name(member)
                within = Path(member.within)
                family = templates_of(document, Path(member.file), found, within=within, name=name)
                self._families.append((member, family))
        except Unreadable as error:
            found.insert(0, error)
        except OSError as error:
            found.insert(0, Unreadable((error.strerror or str(error)).lower()))
        self.problems += [Unreadable(one.reason, one.line, one.file or member.shown) for one in found]

    def families(self) -> list[tuple[Member, list[Template]]]:
        """The templates by member, without members that are nested stacks of others."""
        reached: dict[str, set[str]] = {}
        for member, family in self._families:
            nested = {os.path.realpath(template.document.file) for template in family[1:]}
            reached.setdefault(os.path.realpath(member.file), set()).update(nested)
        self.children = {child for nested in reached.values() for child in nested}
        taken = taken_as_nested(reached)
        kept = [(member, family) for member, family in self._families if os.path.realpath(member.file) not in taken]
        for member, family in kept:
            self._place(family, member.deployed)
        return kept

    def _document(self, member: Member, found: list[Unreadable]) -> Document | None:
        if member.file not in self._documents:
            self._documents[member.file] = None  # a template that cannot be read is complained about once
            document = cloudformation.read_document(Path(member.file), member.shown, found, asked=member.named)
            if document is None and member.named:
                raise Unreadable("is no CloudFormation template, and only those are joined into one design")
            self.others += document is None
            self._documents[member.file] = document
        return self._documents[member.file]

    def _name(self, member: Member) -> str:
        name = member.deployed.stack or os.path.basename(member.file).split(".")[0]
        if name in self._names and member.deployed.region:
            name = f"{name} in {member.deployed.region}"
        while name in self._names:
            name += "'"
        self._names.add(name)
        return name

    def _place(self, family: list[Template], deployed: Deployed) -> None:
        top = family[0]
        for template in family:
            template.region = deployed.region
            if template.region is None:
                # What is deployed together goes, as far as nobody says otherwise, to one region.
                self._undetermined = self._undetermined or template.name
                template.region_of = self._undetermined
        if deployed.stack:
            top.bindings["AWS::StackName"] = deployed.stack
        # What the command says wins over the file.
        top.bindings.update((name, value) for name, value in deployed.parameters if name not in self.parameters)
