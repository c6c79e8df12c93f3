"""The designs behind the files that checkov scans, as the command makes them of the same files."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from seawall.design import Design
from seawall.documents import Unreadable
from seawall.source import Document
from seawall.sources import cloudformation, terraform_plan
from seawall.sources.cdk_assembly import is_assembly, read_assembly
from seawall.sources.nested import taken_as_nested, templates_of
from seawall.sources.terraform import read_modules

_logger = logging.getLogger("seawall")


def designs_of(files: list[str]) -> Iterator[Design]:
    """The designs that these files make together; what cannot be read is logged, for checkov parsed it.

    Files of Terraform source belong to one graph and so to one root module, the folder that calls the others.
    """
    sources = [file for file in files if file.endswith(".tf")]
    if sources:
        yield from _of_terraform(sources)
    yield from _of_documents([file for file in files if not file.endswith(".tf")])


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
