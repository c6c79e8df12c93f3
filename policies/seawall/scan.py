"""Paths → designs → policies → findings.

Every source below a path is one ``Unit`` of work and gives one ``Report``; units are judged in several
processes where there are many. Nothing is executed, fetched or written.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from seawall.configuration import FILE_NAME, Configuration
from seawall.design import Design
from seawall.documents import Unreadable
from seawall.finding import Finding, Report, Unread
from seawall.governing import Governed
from seawall.policy import Policy
from seawall.sources import cloudformation
from seawall.sources.nested import taken_as_nested, templates_of

if TYPE_CHECKING:
    from seawall.joining import Member

SUFFIXES = (".yaml", ".yml", ".json", ".template")
"""Endings of files that may hold a template; CDK's own end in ``.template.json``."""

PASSED_FOLDERS = frozenset({"venv", "node_modules", "__pycache__"})
"""Folders that hold other people's files; so do, as for checkov, those whose name starts with a dot."""

PARALLEL_FROM = 64
"""Units from which further processes pay for their start; with two, 174 templates take 0.39 s instead of 0.57 s."""

CHUNK = 8
"""Units that a process takes at a time: few enough to spread, many enough to be worth the hand-over."""


class Options(NamedTuple):
    """What a run is asked for: the policies to apply, parameter values by name, how many processes.

    ``jobs`` of 0 means one for each processor that this process may use. ``configuration`` decides which of the
    policies are applied to what; without one, or where they are chosen ``by_name``, all are applied to everything.
    ``list_exceptions`` holds the ids of all policies that there are where declared exceptions are collected.
    """

    policies: tuple[Policy, ...]
    parameters: Mapping[str, Any] = MappingProxyType({})
    jobs: int = 0
    configuration: Configuration | None = None
    by_name: bool = False
    list_exceptions: frozenset[str] = frozenset()


class Unit(NamedTuple):
    """One source to judge: a file, or the folder of a CDK assembly or of Terraform modules.

    ``asked`` is whether the user named it; ``within`` the folder that its nested stacks are read from,
    by default its own. ``members`` are the files of a design that the configuration joins; ``path`` is one of them.
    """

    path: Path
    kind: str
    asked: bool = False
    within: Path | None = None
    members: tuple[Member, ...] = ()


Progress = Callable[[int, int], None]
"""Called with the number of units done and the number of all."""


def check(paths: Iterable[Path], options: Options, progress: Progress | None = None) -> Report:
    """Judges everything below these paths."""
    started = time.perf_counter()
    total = Report()
    for path in paths:
        total.add(_check_path(path, options, progress))
    total.seconds = time.perf_counter() - started
    return total


def _check_path(path: Path, options: Options, progress: Progress | None) -> Report:
    report = Report()
    units = list(_units_below(path, report))
    if options.configuration and options.configuration.designs:
        from seawall.joining import joined  # most configurations join nothing

        units = joined(units, options.configuration, report)
    parts: list[tuple[Unit, Report]] = []
    for part in _judged(units, options):
        parts.append(part)
        if progress:
            progress(len(parts), len(units))
    # A nested stack is judged as a part of its parent, with the parameters that the parent gives.
    nested = taken_as_nested(
        {os.path.realpath(unit.path): judged.children for unit, judged in parts if judged.children}
    )
    for unit, judged in parts:
        if unit.asked or not nested or os.path.realpath(unit.path) not in nested:
            report.add(judged)
    if not report.files and not report.unread and not any(unit.asked for unit in units):
        report.unread.append(Unread(str(path), None, "holds no template that Seawall reads"))
    return report


def _units_below(path: Path, report: Report) -> Iterator[Unit]:
    if not path.is_dir():
        yield _named_unit(path)
        return
    terraform = False
    root = os.path.realpath(path)
    for folder, folders, names in os.walk(path, onerror=lambda error: report.unread.append(_no_access(error))):
        folders[:] = sorted(name for name in folders if name[0] != "." and name not in PASSED_FOLDERS)
        if "manifest.json" in names and _is_assembly(folder):
            folders.clear()
            yield Unit(Path(folder), "assembly", asked=folder == str(path))
            continue
        terraform = terraform or any(name.endswith(".tf") for name in names)
        for name in sorted(names):
            file = os.path.join(folder, name)
            if not name.endswith(SUFFIXES) or name == FILE_NAME:
                continue
            if _leads_out(file, root):
                report.unread.append(Unread(file, None, "is a link out of the folder, and is not followed"))
            else:
                yield Unit(Path(file), "file", within=path)
    if terraform:
        yield Unit(path, "terraform")


def _leads_out(file: str, root: str) -> bool:
    # A pull request could otherwise have any file of the machine quoted.
    return os.path.islink(file) and not os.path.realpath(file).startswith(os.path.join(root, ""))


def _named_unit(path: Path) -> Unit:
    if path.name == "manifest.json" and _is_assembly(str(path.parent)):
        return Unit(path.parent, "assembly", asked=True)
    return Unit(path, "terraform" if path.suffix == ".tf" else "file", asked=True)


def _is_assembly(folder: str) -> bool:
    from seawall.sources.cdk_assembly import is_assembly

    found: bool = is_assembly(Path(folder))
    return found


def _no_access(error: OSError) -> Unread:
    return Unread(str(error.filename), None, (error.strerror or str(error)).lower())


def _judged(units: list[Unit], options: Options) -> Iterator[tuple[Unit, Report]]:
    """Each unit with its report, in order."""
    jobs = options.jobs or _processors()
    light = [unit for unit in units if unit.kind != "terraform"]
    if jobs > 1 and len(light) >= PARALLEL_FROM:
        yield from zip(light, _in_processes(light, options, jobs), strict=True)
    else:
        for unit in light:
            yield unit, _check_unit(unit, options)
    for unit in units:
        if unit.kind == "terraform":
            yield unit, _check_unit(unit, options)


def _processors() -> int:
    # Where there is no such call (macOS, Windows) a fork is not safe either.
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1


_options_of_workers = Options(())


def _in_processes(units: list[Unit], options: Options, jobs: int) -> Iterator[Report]:
    # Policies cannot be sent to another process, but a forked one has them already.
    global _options_of_workers  # noqa: PLW0603
    import multiprocessing
    from concurrent.futures import BrokenExecutor, ProcessPoolExecutor

    _options_of_workers = options
    done = 0
    with ProcessPoolExecutor(jobs, multiprocessing.get_context("fork")) as pool:
        try:
            for report in pool.map(_check_in_worker, units, chunksize=CHUNK):
                yield report
                done += 1
        except BrokenExecutor:
            reason = "was not judged: a process died, perhaps for want of memory; try --jobs 1"
            yield from (Report(unread=[Unread(str(unit.path), None, reason)]) for unit in units[done:])


def _check_in_worker(unit: Unit) -> Report:
    return _check_unit(unit, _options_of_workers)


def _check_unit(unit: Unit, options: Options) -> Report:
    report = Report()
    problems: list[Unreadable] = []
    shown = str(unit.path)
    try:
        designs = _READERS[unit.kind](unit, options, problems, report)
        for design in designs:
            report.files += len(design.documents)
            judge_into(report, design, options)
    except Unreadable as error:
        problems.insert(0, error)
    except OSError as error:
        problems.insert(0, Unreadable((error.strerror or str(error)).lower()))
    except Exception as error:  # noqa: BLE001 - the other files are still judged
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        problems.insert(0, Unreadable(f"{reason} (this is a mistake in Seawall, please report it)"))
    report.unread[:0] = unread_lines(shown, problems)
    if report.hidden:
        report.hide()
    return report


def judge_into(report: Report, design: Design, options: Options) -> None:
    """Adds the verdicts about one design to a report, by file and line."""
    findings: list[Finding] = []
    governed = Governed(
        design, options.configuration or Configuration(), by_name=options.by_name or options.configuration is None
    )
    for found in governed.findings(options.policies):
        if isinstance(found, Unread):
            report.unread.append(found)
        else:
            findings.append(found)
    report.findings += sorted(findings, key=lambda finding: (finding.file, finding.line, finding.policy))
    report.objectives |= governed.objectives
    if options.list_exceptions:
        from seawall.exception_list import declared_in

        report.exceptions += declared_in(design, findings, governed.judged(options.policies), options.list_exceptions)


def unread_lines(shown: str, problems: list[Unreadable]) -> list[Unread]:
    """One line for each file: its first problem, and how many more there are."""
    by_file: dict[str, list[Unreadable]] = {}
    for problem in problems:
        by_file.setdefault(problem.file or shown, []).append(problem)
    lines = []
    for file, found in by_file.items():
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        lines.append(Unread(file, found[0].line, found[0].reason + more))
    return lines


def _read_file(unit: Unit, options: Options, problems: list[Unreadable], report: Report) -> list[Design]:
    shown = str(unit.path)
    _refuse_special_files(unit.path)
    if shown.endswith(".tf.json"):
        raise Unreadable("is Terraform in JSON, which is not read: judge its plan (terraform show -json)")
    if _may_be_plan(unit.path):
        from seawall.sources import terraform_plan

        plan = terraform_plan.read_document(unit.path, shown)
        if plan is not None:
            return [terraform_plan.read_plan(plan)]
    document = cloudformation.read_document(unit.path, shown, problems, asked=unit.asked)
    if document is None:
        report.others += 1
        if unit.asked:
            raise Unreadable("is no template that Seawall reads")
        return []
    templates = templates_of(document, unit.path, problems, within=unit.within)
    report.children = {os.path.realpath(template.document.file) for template in templates[1:]}
    return [Design(templates, options.parameters)]


def _refuse_special_files(path: Path) -> None:
    # Opening a pipe or a device would wait for ever.
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise Unreadable((error.strerror or str(error)).lower()) from None
    if not stat.S_ISREG(mode):
        raise Unreadable("is not a regular file")


def _may_be_plan(path: Path) -> bool:
    """Whether a file starts as ``terraform show -json`` does: plans may be far larger than templates."""
    if path.suffix != ".json":
        return False
    try:
        with path.open("rb") as stream:
            return b'"format_version"' in stream.read(4096)
    except OSError as error:
        raise Unreadable((error.strerror or str(error)).lower()) from None


def _read_assembly(unit: Unit, options: Options, problems: list[Unreadable], report: Report) -> list[Design]:
    from seawall.sources.cdk_assembly import read_assembly

    return [Design(read_assembly(unit.path, problems, shown=str(unit.path)), options.parameters)]


def _read_terraform(unit: Unit, options: Options, problems: list[Unreadable], report: Report) -> list[Design]:
    from seawall.sources.terraform import read_modules

    return read_modules(unit.path, options.parameters, problems)


def _read_joined(unit: Unit, options: Options, problems: list[Unreadable], report: Report) -> list[Design]:
    from seawall.joining import read_joined

    found = read_joined(unit.members, options.parameters, problems)
    report.children, report.hidden = found.children, found.hidden
    report.others += found.others
    return [found.design] if found.design else []


Reader = Callable[[Unit, Options, list[Unreadable], Report], list[Design]]
_READERS: dict[str, Reader] = {
    "file": _read_file,
    "assembly": _read_assembly,
    "terraform": _read_terraform,
    "joined": _read_joined,
}
