"""The command ``seawall``."""

from __future__ import annotations

import gc
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from seawall.command_line import parser, terminal_width
from seawall.configuration import OBJECTIVES, Misuse
from seawall.finding import Report, Unread
from seawall.loading import BrokenPolicy, load_policies
from seawall.policy import Policy
from seawall.reports.presentation import Presentation, Style, printable
from seawall.runs import Run, runs_of
from seawall.scan import check
from seawall.selection import policy_named

if TYPE_CHECKING:
    from argparse import Namespace

INTERRUPTED = 130
"""What shells report for a command that Ctrl-C ended."""


def main(arguments: list[str] | None = None) -> int:
    """Runs the command and returns its exit code: 0 no error flagged, 1 flagged, 2 could not run or read."""
    try:
        given = parser().parse_args(arguments)
        return _COMMANDS[given.command](given)
    except SystemExit as end:  # argparse has printed its help or its complaint
        return end.code if isinstance(end.code, int) else 2
    except Misuse as error:
        print(f"seawall: {printable(str(error))}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("seawall: interrupted", file=sys.stderr)
        return INTERRUPTED
    except Exception:  # noqa: BLE001 - Python itself would end with 1: something is flagged
        import traceback

        traceback.print_exc()
        print("seawall: this is a mistake in Seawall, please report it", file=sys.stderr)
        return 2


def _check(given: Namespace) -> int:
    started = time.perf_counter()
    gc.set_threshold(10_000, 20, 20)  # templates make little garbage in cycles; looking for it took a tenth of the run
    policies, broken = _load(given.policies)
    if not given.paths and not given.list_exceptions:
        raise Misuse("error: the following arguments are required: PATH")
    runs = runs_of(given, policies)
    if given.list_exceptions:
        return _list_exceptions(given, runs, policies, broken)
    progress = None if given.quiet else Progress(sys.stderr)
    report = Report(unread=[_unread(problem) for problem in broken])
    applied: dict[Policy, None] = {}
    for run in runs:
        found = check(run.paths, run.options, progress)
        applied.update(dict.fromkeys(run.applied(found)))
        _apply_baseline(given, run, found)
        report.add(found)
    if progress:
        progress.end()
    report.unread = list(dict.fromkeys(report.unread))  # what is wrong for every path is said once
    report.seconds = time.perf_counter() - started
    style = _style(given.color, sys.stdout) if given.output is None else Style()
    judged = report.objectives or {run.configuration.objective.name for run in runs}
    names = tuple(name for name in OBJECTIVES if name in judged)
    severity = {group: level for run in runs for group, level in run.configuration.severity.items()}
    presentation = Presentation(tuple(applied), names, given.verbose, given.quiet, style, severity)
    _put(_renderer(given.format)(report, presentation), given.output)
    return report.exit_code


def _apply_baseline(given: Namespace, run: Run, report: Report) -> None:
    """Skips what the baseline knows, and says which of its entries nobody needs any more."""
    file = None if given.no_baseline else given.baseline or run.configuration.baseline
    if file is None:
        return
    from seawall import baseline  # most runs have none

    ids = [policy.id for policy in run.applied(report)]
    entries = baseline.read_baseline(file)
    outdated = baseline.apply(report, entries, os.path.dirname(os.path.abspath(file)), policies=ids, paths=run.paths)
    lines = list(outdated.described())
    if lines and not given.quiet:
        print(f"seawall: {file}: no longer needed; seawall baseline writes it anew:", file=sys.stderr)
        print(*(f"  {printable(line)}" for line in lines), sep="\n", file=sys.stderr)


def _list_exceptions(given: Namespace, runs: list[Run], policies: list[Policy], broken: list[BrokenPolicy]) -> int:
    from seawall import exception_list

    report = Report(unread=[_unread(problem) for problem in broken])
    known = frozenset(policy.id for policy in policies)
    for run in runs:
        report.add(check(run.paths, run.options._replace(list_exceptions=known)))
    found = exception_list.merged(report.exceptions)
    if given.format not in ("text", "json"):
        raise Misuse(f"--list-exceptions prints text or json, not {given.format}")
    _put(exception_list.as_json(found) if given.format == "json" else exception_list.as_text(found), given.output)
    return complain_about(report.unread)


def _baseline(given: Namespace) -> int:
    from seawall.baseline_command import write_baseline  # most runs never need it

    policies, broken = _load(given.policies)
    report = Report(unread=[_unread(problem) for problem in broken])
    write_baseline(given, runs_of(given, policies), report)
    return complain_about(report.unread)


def _fix(given: Namespace) -> int:
    from seawall.fixes import fix_command  # most runs never need it

    policies, broken = _load(given.policies)
    runs = runs_of(given, policies)

    def judge() -> Report:
        report = Report(unread=[_unread(problem) for problem in broken])
        for run in runs:
            report.add(check(run.paths, run.options))
        report.unread = list(dict.fromkeys(report.unread))
        return report

    style = _style(given.color, sys.stdout)
    return fix_command.run(judge, diff=given.diff, quiet=given.quiet, style=style, show=_print)


def complain_about(unread: Iterable[Unread]) -> int:
    """Says what was not read or judged, where no report does; returns the exit code."""
    code = 0
    for one in dict.fromkeys(unread):
        place = f"{one.file}:{one.line}" if one.line else one.file
        print(printable(f"seawall: {place}: {one.reason}"), file=sys.stderr)
        code = 2
    return code


def _load(folders: list[Path]) -> tuple[list[Policy], list[BrokenPolicy]]:
    for folder in folders:
        if not folder.is_dir():
            raise Misuse(f"--policies {folder}: is no folder")
    return load_policies(folders)


def _unread(problem: BrokenPolicy) -> Unread:
    return Unread(str(problem.file), None, f"policy cannot be loaded: {problem.reason}")


def _renderer(name: str) -> Callable[[Report, Presentation], Iterator[str]]:
    # Only the report that is wanted is imported.
    renderer: Callable[[Report, Presentation], Iterator[str]] = import_module(f"seawall.reports.{name}_report").render
    return renderer


def _list(given: Namespace) -> int:
    from seawall.reports import policy_list  # most runs never need it

    policies, broken = _load(given.policies)
    _print(policy_list.as_json(policies) if given.format == "json" else policy_list.as_table(policies))
    return _complain(broken)


def _explain(given: Namespace) -> int:
    from seawall.reports import policy_page  # most runs never need it

    policies, broken = _load(given.policies)
    policy = policy_named(given.policy, policies)
    _print(policy_page.render(policy, _style(given.color, sys.stdout)))
    return _complain(problem for problem in broken if problem.file == Path(policy.file))


def _complain(broken: Iterable[BrokenPolicy]) -> int:
    code = 0
    for problem in broken:
        print(f"seawall: {problem.file}: policy cannot be loaded: {problem.reason}", file=sys.stderr)
        code = 2
    return code


def _new(given: Namespace) -> int:
    from seawall.new_command import run  # most runs never need it

    return run(given, _print)


_COMMANDS: dict[str, Callable[[Namespace], int]] = {
    "check": _check,
    "baseline": _baseline,
    "fix": _fix,
    "new": _new,
    "list": _list,
    "explain": _explain,
}


def _style(colour: str, stream: TextIO) -> Style:
    """What the stream can show: ``--color`` wins over NO_COLOR, this over FORCE_COLOR, this over the rest."""
    terminal = stream.isatty() and os.environ.get("TERM") != "dumb"
    painted = terminal
    if os.environ.get("FORCE_COLOR", "0") not in ("", "0"):
        painted = True
    if os.environ.get("NO_COLOR"):
        painted = False
    if colour != "auto":
        painted = colour == "always"
    unicode = (stream.encoding or "").lower().replace("-", "").startswith("utf")
    return Style(painted, unicode, terminal_width() if terminal else 0)


def _put(lines: Iterable[str], file: Path | None) -> None:
    if file is None:
        _print(lines)
    else:
        _write(file, lines)


def _print(lines: Iterable[str]) -> None:
    """Prints to a reader that may go away (``| head``) or know fewer characters than the report has."""
    with suppress(AttributeError):  # a stream that stands in for the real one
        sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    try:
        for line in lines:
            print(line)
        sys.stdout.flush()
    except OSError as error:
        # Python flushes once more at its end, which must not fail again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):
            raise Misuse(f"the report cannot be written: {(error.strerror or str(error)).lower()}") from None


def _write(file: Path, lines: Iterable[str]) -> None:
    try:
        with file.open("w", encoding="utf-8", errors="backslashreplace") as stream:
            stream.writelines(f"{line}\n" for line in lines)
    except OSError as error:
        raise Misuse(f"--output {file}: {(error.strerror or str(error)).lower()}") from None


class Progress:
    """Says how far a long run is: on a terminal after a second, elsewhere every ten seconds."""

    PATIENCE = 1.0
    INTERVAL = 0.1
    PLAIN_INTERVAL = 10.0

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.terminal = stream.isatty()
        self.next = time.monotonic() + (self.PATIENCE if self.terminal else self.PLAIN_INTERVAL)
        self.shown = False

    def __call__(self, done: int, total: int) -> None:
        now = time.monotonic()
        if now < self.next:
            return
        self.next = now + (self.INTERVAL if self.terminal else self.PLAIN_INTERVAL)
        self.shown = True
        text = f"seawall: {done} of {total} files"
        print(
            f"\r{text}\x1b[K" if self.terminal else text,
            end="" if self.terminal else "\n",
            file=self.stream,
            flush=True,
        )

    def end(self) -> None:
        """Takes the line back."""
        if self.shown and self.terminal:
            print("\r\x1b[K", end="", file=self.stream, flush=True)
