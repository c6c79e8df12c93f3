"""All drills in their order, each on a drive that the one before left in order: `python -m drills`, or `make drills`.

Drills share one deployment where they can; the drive is emptied between two of them. One that could not be run, or that
needs a cloud of its own, leaves a new one to the next. At the end stands a table, and the index build/drills/report.md.
"""

import sys
from collections.abc import Sequence
from contextlib import ExitStack
from importlib import import_module
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from drills.drill import (
    BROKEN,
    COULD_NOT_RUN,
    KEPT,
    CouldNotRun,
    Drill,
    Options,
    parse,
    print_plan,
    run_once,
    stopped_by_sigterm,
)
from drills.frame.plan import Design, NoAssembly
from drills.frame.result import Result
from drills.frame.running import Drive, embedded_drive
from drills.frame.stock import empty

ORDER = (
    "storm",
    "sale_day",
    "zone_loss",
    "region_loss",
    "bad_delete",
    "restore_test",
    "status_page",
    "control_plane_loss",
    "provider_loss",
)

Outcome = Result | str
"""A result, or why there is none."""


class Shared:
    """The drive that drills share, started when the first one asks for it."""

    def __init__(self, options: Options, design: Design, console: Console) -> None:
        self._told = (options, design, console)
        self._stack = ExitStack()
        self._drive: Drive | None = None

    def drive(self) -> Drive:
        """Return a drive in which nothing has happened."""
        if self._drive is None:
            self._drive = self._stack.enter_context(embedded_drive(*self._told))
        else:
            self._drive.mend()
            empty(self._drive)
        return self._drive

    def discard(self) -> None:
        """Stop it: the next drill gets a new one."""
        self._drive = None
        self._stack.close()


def run_all(drills: Sequence[Drill], options: Options, design: Design, console: Console) -> dict[str, Outcome]:
    """Run drills one after the other and return what became of each."""
    outcomes: dict[str, Outcome] = {}
    shared = Shared(options, design, console)
    try:
        for drill in drills:
            outcomes[drill.name] = _outcome(drill, shared, options, design, console)
    finally:
        shared.discard()
    return outcomes


def _outcome(drill: Drill, shared: Shared, options: Options, design: Design, console: Console) -> Outcome:
    try:
        if drill.shares:
            return run_once(drill, shared.drive(), options, design, console)
        shared.discard()  # two clouds at a time are too much for two cores
        with embedded_drive(options, design, console) as drive:
            return run_once(drill, drive, options, design, console)
    except CouldNotRun as error:
        shared.discard()
        console.print(f"[bold]could not run[/bold]  {escape(str(error))}", highlight=False)
        return str(error)


def exit_code(outcomes: dict[str, Outcome]) -> int:
    """Return 1 when a promise was broken, else 2 when a drill could not be run, else 0."""
    results = [outcome for outcome in outcomes.values() if isinstance(outcome, Result)]
    if not all(result.passed for result in results):
        return BROKEN
    return KEPT if len(results) == len(outcomes) else COULD_NOT_RUN


def write_report(folder: Path, outcomes: dict[str, Outcome]) -> Path:
    """Write the index of the results and return its path."""
    rows = [f"| {' | '.join(cells)} |" for cells in _rows(outcomes, linked=True)]
    head = ["# Drills", "", "| drill | | promises kept | lost | seconds |", "|---|---|---|---|---|"]
    folder.mkdir(parents=True, exist_ok=True)
    report = folder / "report.md"
    report.write_text("\n".join([*head, *rows]) + "\n")
    return report


def _rows(outcomes: dict[str, Outcome], *, linked: bool) -> list[list[str]]:
    return [_row(name, outcome, linked=linked) for name, outcome in outcomes.items()]


def _row(name: str, outcome: Outcome, *, linked: bool) -> list[str]:
    if isinstance(outcome, str):
        return [name, "could not run", outcome.splitlines()[0], "", ""]
    kept = f"{sum(promise.kept for promise in outcome.promises)} of {len(outcome.promises)}"
    lost = f"{outcome.ledger['lost_percent']:g} %" if outcome.ledger else ""
    title = f"[{outcome.title}]({outcome.name}.md)" if linked else outcome.title
    return [title, outcome.verdict, kept, lost, f"{outcome.seconds:.0f}"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, or plan, all drills and return the exit code."""
    options = parse(__doc__ or "", arguments, name="")
    console = Console(soft_wrap=True)
    try:
        if options.execute:
            message = "drills are executed in a real account one at a time"
            raise CouldNotRun(message)
        design = Design.read(options.assembly)
        drills = [load_drill(name) for name in ORDER]
    except (CouldNotRun, NoAssembly) as error:
        console.print(f"[bold]could not run[/bold]  {escape(str(error))}", highlight=False)
        return COULD_NOT_RUN
    if options.plan:
        for drill in drills:
            print_plan(drill, design, console)
        return KEPT
    try:
        with stopped_by_sigterm():
            outcomes = run_all(drills, options, design, console)
    except KeyboardInterrupt:
        console.print("[bold]stopped[/bold]  everything that was started has been ended", highlight=False)
        return COULD_NOT_RUN
    table = Table("drill", "", "promises kept", "lost", "seconds")
    for row in _rows(outcomes, linked=False):
        table.add_row(*row)
    console.print(table)
    console.print(f"report: {write_report(options.folder, outcomes)}")
    return exit_code(outcomes)


def load_drill(name: str) -> Drill:
    """Return a drill by its name."""
    drill: Drill = import_module(f"drills.{name}").DRILL
    return drill


if __name__ == "__main__":
    sys.exit(main())
