"""Paths → designs → policies → findings."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from seawall.design import Design
from seawall.documents import Unreadable
from seawall.finding import Report, Unread
from seawall.judging import judge_design
from seawall.policy import Policy
from seawall.sources import cloudformation

SUFFIXES = (".yaml", ".yml", ".json", ".template")
"""Endings of files that may hold a template; CDK's own end in ``.template.json``."""

PASSED_FOLDERS = frozenset({".git", ".venv", "venv", "node_modules", "__pycache__", ".terraform", ".tox", ".mypy_cache"})
"""Folders that hold other people's or generated files."""


@dataclass(frozen=True, slots=True)
class Options:
    """What a run is asked for: the policies to apply and parameter values by name."""

    policies: tuple[Policy, ...]
    parameters: Mapping[str, Any] = field(default_factory=dict)


Progress = Callable[[int, int], None]
"""Called with the number of files done and the number of all."""


def check(paths: list[Path], options: Options, progress: Progress | None = None) -> Report:
    """Judges everything below these paths. Nothing is executed, fetched or written."""
    started = time.perf_counter()
    report = Report()
    for path in paths:
        before = report.files
        unread = len(report.unread)
        files = list(_templates_below(path, report))
        for index, (file, asked) in enumerate(files):
            _check_file(file, asked, options, report)
            if progress:
                progress(index + 1, len(files))
        if path.is_dir() and report.files == before and len(report.unread) == unread:
            report.unread.append(Unread(str(path), None, "holds no template that Seawall reads"))
    report.seconds = time.perf_counter() - started
    return report


def _templates_below(path: Path, report: Report) -> Iterator[tuple[Path, bool]]:
    """The files to read, each with whether the user named it."""
    if not path.is_dir():
        yield path, True
        return
    for folder, folders, names in os.walk(path, onerror=lambda error: report.unread.append(_no_access(error))):
        folders[:] = sorted(name for name in folders if name not in PASSED_FOLDERS)
        for name in sorted(names):
            if name.endswith(SUFFIXES):
                yield Path(folder, name), False


def _no_access(error: OSError) -> Unread:
    return Unread(str(error.filename), None, (error.strerror or str(error)).lower())


def _check_file(file: Path, asked: bool, options: Options, report: Report) -> None:
    problems: list[Unreadable] = []
    try:
        document = cloudformation.read_document(file, str(file), problems)
        if document is None:
            report.others += 1
            if asked:
                report.unread.append(Unread(str(file), None, "is no template that Seawall reads"))
            return
        template = cloudformation.template_of(document, problems=problems)
        design = Design([template], options.parameters)
    except Unreadable as error:
        report.unread.append(Unread(str(file), error.line, error.reason))
        return
    report.files += 1
    report.unread.extend(Unread(str(file), problem.line, problem.reason) for problem in problems)
    for found in judge_design(design, options.policies):
        if isinstance(found, Unread):
            report.unread.append(found)
        else:
            report.findings.append(found)
