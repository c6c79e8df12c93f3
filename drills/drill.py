"""What every drill shares: its command line, its cloud, its verdict, and the files that it leaves.

A drill is a module whose docstring is the promise that it tries to break:

    DRILL = Drill(name="storm", title="Storm", promise=__doc__, run=run, plan=plan, simulated=[…], not_proven=[…])

    if __name__ == "__main__":
        sys.exit(main(DRILL))

`run` gets the running drive and returns what it found; `plan` returns, as data, what would be done in a real account.
Exit codes: 0 every promise was kept, 1 one was not, 2 the drill could not be run, which says nothing about the drive.
"""

import argparse
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape

from drills.frame.ledger import Counts, side_by_side
from drills.frame.plan import Design, NoAssembly, Step
from drills.frame.plots import Mark, Panel, draw
from drills.frame.result import Promise, Result

if TYPE_CHECKING:
    from drills.frame.running import Drive

KEPT, BROKEN, COULD_NOT_RUN = 0, 1, 2
TIME_SCALE = 20.0
FOLDER = Path("build/drills")
ASSEMBLY = Path("cdk.out")

EXECUTE_WARNING = """\
NOT YET PROVEN: no run of this against a real account is known. It was written against an emulator.
It COSTS MONEY: load, builds, copies and restores are paid for, and a storm starts the capacity of a storm.
It DOES DAMAGE: workers are killed, requests of real users are refused or late, and experiments cut a zone off.
Use an account in which nobody works. What would be done is printed by --plan."""


class CouldNotRun(Exception):
    """The drill cannot say anything about the drive; the message says what to do."""


@dataclass(frozen=True)
class Options:
    """The command line."""

    target: str = "embedded"
    plan: bool = False
    execute: str | None = None
    """The account's id, which whoever wants this has to write out."""
    time_scale: float = TIME_SCALE
    seed: int = 1
    folder: Path = FOLDER
    assembly: Path = ASSEMBLY
    short: bool = False
    keep: bool = False


@dataclass
class Run:
    """One run of a drill: its options, its own folder, and how it tells what it is doing."""

    options: Options
    design: Design
    folder: Path
    """For what the drill writes while it runs; it is kept with --keep, and when a promise was broken."""
    console: Console
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    _begun: float = field(default_factory=time.monotonic)

    @property
    def seconds(self) -> float:
        """Since the run began."""
        return time.monotonic() - self._begun

    def say(self, text: str) -> None:
        """Tell what happens now, with the second at which it does."""
        self.console.print(f"[dim]{self.seconds:7.1f} s[/dim]  {escape(text)}", highlight=False)

    def scaled(self, seconds: float) -> float:
        """Return how long so many seconds of the real drive take here."""
        return seconds / self.options.time_scale


@dataclass
class Findings:
    """What a drill found out."""

    promises: list[Promise] = field(default_factory=list)
    measurements: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    orders: Counts | None = None
    objects: Counts | None = None
    panels: list[Panel] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    simulated: list[str] = field(default_factory=list)
    """What was simulated in this run, beside what the drill always simulates."""
    not_proven: list[str] = field(default_factory=list)

    @property
    def ledger(self) -> Mapping[str, Any] | None:
        """The loss ledger, if the drill kept one."""
        if self.orders is None and self.objects is None:
            return None
        return side_by_side(self.orders or Counts(), self.objects)


@dataclass(frozen=True, kw_only=True)
class Drill:
    """One drill."""

    name: str
    """Of its module: `python -m drills.<name>`."""
    title: str
    promise: str
    run: Callable[["Drive", Run], Findings]
    plan: Callable[[Design], Sequence[Step]]
    simulated: Sequence[str] = ()
    not_proven: Sequence[str] = ()
    shares: bool = True
    """Whether it can use a deployment that another drill used before; False: it needs a cloud of its own."""
    execute: Callable[[Design, Run], Findings] | None = None
    """Against a real account. Only the storm and the restore have one."""


def main(drill: Drill, arguments: Sequence[str] | None = None) -> int:
    """Run a drill from the command line and return the exit code."""
    options = parse(drill.promise, arguments, name=drill.name)
    console = Console(soft_wrap=True)
    try:
        design = Design.read(options.assembly)
        if options.plan:
            print_plan(drill, design, console)
            return KEPT
        with stopped_by_sigterm(), ExitStack() as stack:
            return _run(drill, options, design, console, stack)
    except (CouldNotRun, NoAssembly) as error:
        console.print(f"[bold]could not run[/bold]  {escape(str(error))}", highlight=False)
    except KeyboardInterrupt:
        console.print("[bold]stopped[/bold]  everything that was started has been ended", highlight=False)
    return COULD_NOT_RUN


@contextmanager
def stopped_by_sigterm() -> Iterator[None]:
    """Take SIGTERM for Ctrl-C: workers and loads are processes of their own, and would outlive the drill."""

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _run(drill: Drill, options: Options, design: Design, console: Console, stack: ExitStack) -> int:
    if options.execute:
        return _code(execute(drill, options, design, console))
    from drills.frame.running import embedded_drive

    drive = stack.enter_context(embedded_drive(options, design, console))
    return _code(run_once(drill, drive, options, design, console))


def parse(promise: str, arguments: Sequence[str] | None, *, name: str) -> Options:
    """Read a command line; a wrong one ends the process with code 2 and a usage message."""
    parser = argparse.ArgumentParser(
        prog=f"python -m drills.{name}" if name else "python -m drills",
        description=promise,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--target", choices=["embedded", "aws"], default="embedded")
    parser.add_argument("--plan", action="store_true", help="with --target aws: print what would be done, call nothing")
    parser.add_argument(
        "--execute",
        metavar="ACCOUNT",
        help="with --target aws: really do it, in this account; costs money, does damage",
    )
    parser.add_argument("--time-scale", type=_positive, default=TIME_SCALE, help="divides every duration (%(default)g)")
    parser.add_argument("--seed", type=int, default=1, help="decides what is left to chance (%(default)s)")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where results go (%(default)s)")
    parser.add_argument("--assembly", type=Path, default=ASSEMBLY, help="what `make synth` wrote (%(default)s)")
    parser.add_argument("--short", action="store_true", help="a smaller load for every commit: the same promises")
    parser.add_argument("--keep", action="store_true", help="keep the emulator's state and logs")
    known = parser.parse_args(arguments)
    if known.target == "aws" and not (known.plan or known.execute):
        parser.error("--target aws needs --plan, or --execute ACCOUNT")
    if known.target == "embedded" and (known.plan or known.execute):
        parser.error("--plan and --execute need --target aws")
    if known.plan and known.execute:
        parser.error("--plan and --execute exclude each other")
    return Options(**vars(known))


def _positive(text: str) -> float:
    number = float(text)
    if not 0 < number < float("inf"):
        raise ValueError(text)
    return number


def print_plan(drill: Drill, design: Design, console: Console) -> None:
    """Print what a drill would do in a real account. No call is made."""
    console.print(f"[bold]{escape(drill.title)}[/bold], {design.primary} and {design.standby}: no call is made now")
    for number, step in enumerate(drill.plan(design), 1):
        console.print(f"{number:3}. {escape(step.as_text())}", highlight=False)


def run_once(drill: Drill, drive: "Drive", options: Options, design: Design, console: Console) -> Result:
    """Run a drill against a running drive, write its files and print its verdict; raises CouldNotRun."""
    run = _begin(drill, options, design, console)
    try:
        found = drill.run(drive, run)
    except CouldNotRun:
        raise
    except Exception as error:
        traceback.print_exc()
        message = f"{drill.name} stumbled over {type(error).__name__}: {error}; its files are in {run.folder}"
        raise CouldNotRun(message) from error
    return conclude(drill, run, found)


def execute(drill: Drill, options: Options, design: Design, console: Console) -> Result:
    """Run a drill against a real account, after a warning that has to be answered; raises CouldNotRun."""
    if drill.execute is None:
        message = f"{drill.name} cannot be executed in a real account: only the storm and the restore can"
        raise CouldNotRun(message)
    console.print(f"[bold]{escape(EXECUTE_WARNING)}[/bold]", highlight=False)
    wanted = f"{design.prefix} {options.execute}"
    answer = console.input(f'Write "{wanted}" to go on: ') if sys.stdin.isatty() else ""
    if answer.strip() != wanted:
        message = "nothing was done: the deployment and the account were not confirmed on a terminal"
        raise CouldNotRun(message)
    run = _begin(drill, options, design, console)
    return conclude(drill, run, drill.execute(design, run))


def _begin(drill: Drill, options: Options, design: Design, console: Console) -> Run:
    folder = options.folder / "runs" / f"{drill.name}-{datetime.now(UTC):%Y%m%dT%H%M%S.%f}Z"
    folder.mkdir(parents=True)
    first_line = (drill.promise.strip().splitlines() or [drill.title])[0]
    console.rule(f"[bold]{escape(drill.title)}[/bold]")
    console.print(escape(first_line), highlight=False)
    return Run(options, design, folder, console)


def conclude(drill: Drill, run: Run, found: Findings) -> Result:
    """Turn what was found into a result, write its files, print its verdict."""
    options = run.options
    result = Result(
        drill=drill.name,
        title=drill.title,
        started_at=run.started_at,
        seconds=round(run.seconds, 1),
        target=options.target,
        time_scale=options.time_scale if options.target == "embedded" else 1,
        seed=options.seed,
        short=options.short,
        settings=found.settings,
        measurements=found.measurements,
        promises=found.promises,
        ledger=found.ledger,
        simulated=[*drill.simulated, *found.simulated],
        not_proven=[*drill.not_proven, *found.not_proven],
    )
    title = f"{drill.title}, {run.started_at:%Y-%m-%d %H:%M} UTC: {result.verdict}"
    page = result.write(
        options.folder, (lambda path: draw(path, title, found.panels, found.marks)) if found.panels else None
    )
    print_verdict(result, page, run.console)
    if result.passed and not options.keep:
        _remove(run.folder)
    return result


def print_verdict(result: Result, page: Path, console: Console) -> None:
    """Print each promise on a line, and PASS or FAIL."""
    for promise in result.promises:
        sign = "[green]kept  [/green]" if promise.kept else "[red]BROKEN[/red]"
        line = f"{promise.text}: {promise.measured} (promised {promise.promised})"
        console.print(f"  {sign}  {escape(line)}", highlight=False)
    colour = "green" if result.passed else "red"
    console.print(
        f"[bold {colour}]{result.verdict}[/]  {result.drill} in {result.seconds:.0f} s, {page}", highlight=False
    )


def _remove(folder: Path) -> None:
    import shutil

    shutil.rmtree(folder)


def _code(result: Result) -> int:
    return KEPT if result.passed else BROKEN
