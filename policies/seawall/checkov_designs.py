"""The designs behind the files that checkov scans, as the command makes them of the same files."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from seawall.configuration import Configuration
from seawall.design import Design
from seawall.documents import Unreadable
from seawall.finding import Unread
from seawall.source import Document
from seawall.sources import cloudformation, terraform_plan
from seawall.sources.cdk_assembly import is_assembly, read_assembly
from seawall.sources.nested import taken_as_nested, templates_of
from seawall.sources.terraform import read_modules

_logger = logging.getLogger("seawall")


class Configured(NamedTuple):
    """A design with its configuration; ``hidden`` are files that were read for the sake of the others only."""

    design: Design
    configuration: Configuration
    hidden: frozenset[str] = frozenset()


Configure = Callable[[str], Configuration | None]
"""Finds a file's configuration, ``None`` where it has a mistake."""


def designs_of(files: list[str], configure: Configure) -> Iterator[Configured]:
    """The designs that these files make together; what cannot be read is logged, for checkov parsed it.

    Files of Terraform source belong to one graph and so to one root module, the folder that calls the others.
    Whatever has a mistake in its configuration is left out.
    """
    sources = [file for file in files if file.endswith(".tf")]
    documents = [file for file in files if not file.endswith(".tf")]
    yield from _of_joined(documents, configure)
    designs = [*(_of_terraform(sources) if sources else ()), *_of_documents(documents)]
    for design in designs:
        read = design.documents
        configuration = configure(read[0].file if read else os.curdir)
        if configuration is not None:
            yield Configured(design, configuration)


def _of_joined(files: list[str], configure: Configure) -> Iterator[Configured]:
    """The designs that configurations join; their files are taken out of ``files``."""
    by_configuration: dict[Path, tuple[Configuration, dict[str, str]]] = {}
    for file in files:
        configuration = configure(file)
        if configuration is not None and configuration.file is not None and configuration.designs:
            own = by_configuration.setdefault(configuration.file, (configuration, {}))[1]
            own[os.path.realpath(file)] = file
    for configuration, own in by_configuration.values():
        yield from _joined(configuration, own, files)


def _joined(configuration: Configuration, own: dict[str, str], files: list[str]) -> Iterator[Configured]:
    from seawall.joining import designs_among, read_joined  # most configurations join nothing

    unread: list[Unread] = []
    for members in designs_among(own, configuration, unread):
        problems: list[Unreadable] = []
        found = read_joined(members, {}, problems)
        taken = {os.path.realpath(member.file) for member in members} | found.children
        files[:] = [file for file in files if os.path.realpath(file) not in taken]
        if found.design is not None:
            yield Configured(found.design, configuration, frozenset(found.hidden))
        _log(problems, str(configuration.file))
    for one in unread:
        _logger.error("%s:%s: %s", one.file, one.line, one.reason)


def _of_terraform(files: list[str]) -> Iterator[Design]:
    wanted = {os.path.realpath(file) for file in files}
    folders = sorted({os.path.dirname(os.path.abspath(file)) for file in files}, key=len)
    done: set[str] = set()
    for folder in folders:
        if folder in done:
            continue
        problems: list[Unreadable] = []
        for design in read_modules(Path(folder), problems=problems, below=False):
            read = {os.path.realpath(document.file) for document in design.documents}
            if read & wanted:
                done.update(os.path.dirname(file) for file in read)
                yield design
        _log(problems, folder)


def _of_documents(files: list[str]) -> Iterator[Design]:
    assemblies = dict.fromkeys(folder for folder in map(os.path.dirname, files) if is_assembly(Path(folder)))
    for folder in assemblies:
        problems: list[Unreadable] = []
        yield Design(read_assembly(Path(folder), problems, shown=folder))
        _log(problems, folder)
    rest = [file for file in files if os.path.dirname(file) not in assemblies]
    designs: dict[str, Design] = {}
    children: dict[str, set[str]] = {}
    within = Path(os.path.commonpath([os.path.dirname(os.path.abspath(file)) for file in rest])) if rest else None
    for file in rest:
        problems = []
        try:
            design = _of_document(file, problems, within)
        except Unreadable as error:
            problems.append(error)
            design = None
        if design is not None:
            path = os.path.realpath(file)
            designs[path] = design
            children[path] = {os.path.realpath(template.document.file) for template in design.templates[1:]}
        _log(problems, file)
    nested = taken_as_nested(children)
    yield from (design for path, design in designs.items() if path not in nested)


def _of_document(file: str, problems: list[Unreadable], within: Path | None) -> Design | None:
    document = _plan(file) or cloudformation.read_document(Path(file), file, problems)
    if document is None:
        return None
    if terraform_plan.is_plan(document.root):
        return terraform_plan.read_plan(document)
    return Design(templates_of(document, Path(file), problems, within=within))


def _plan(file: str) -> Document | None:
    return terraform_plan.read_document(Path(file), file) if file.endswith(".json") else None


def _log(problems: Iterable[Unreadable], file: str) -> None:
    for problem in problems:
        where = f"{problem.file or file}:{problem.line}" if problem.line else problem.file or file
        _logger.warning("%s: %s", where, problem.reason)
