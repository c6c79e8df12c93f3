"""How fast ``seawall check`` is, beside checkov and cfn-lint on the same files, and where its time goes.

``python -m benchmarks [--write FILE] [--runs N] [--only PART…]``, in an environment that has checkov and
cfn-lint. Times of tools are of whole processes, the tools taking turns; medians count.
"""

import argparse
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version
from pathlib import Path

from seawall.loading import load_policies

from benchmarks import costs, verdicts_over_corpus

REPOSITORY = Path(__file__).parent.parent
TEMPLATES = verdicts_over_corpus.CORPUS / "awslabs+aws-cloudformation-templates"
SUFFIXES = (".yaml", ".yml", ".json", ".template")
EVERY_POLICY = ("--objective", "multi-region", "--format", "json")
SMALL = "Resources:\n  Orders:\n    Type: AWS::RDS::DBInstance\n    Properties:\n      MultiAZ: false\n"


@dataclass(frozen=True, slots=True)
class Run:
    """One process: wall-clock seconds, processor seconds and the memory of its largest process in MB."""

    seconds: float
    processor: float
    memory: float


def run(*command: str | Path) -> Run:
    """Runs a command to its end, whatever its exit code; its output goes nowhere."""
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY / "policies"), "LOG_LEVEL": "ERROR"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed program is compiled once
    started = time.perf_counter()
    process = subprocess.Popen(
        [str(part) for part in command],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environment,
        cwd=tempfile.gettempdir(),
    )
    _, _, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    process.returncode = 0
    return Run(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def seawall(*arguments: str | Path) -> Run:
    return run(sys.executable, "-m", "seawall", "check", *arguments, *EVERY_POLICY)


def files_of(folder: Path) -> list[Path]:
    return sorted(file for file in folder.rglob("*") if file.name.endswith(SUFFIXES))


def peers(runs: int) -> Iterator[str]:
    """The table that compares the tools on the same files."""
    files = files_of(TEMPLATES)
    megabytes = sum(file.stat().st_size for file in files) / 1e6
    checkov_options = ("--framework", "cloudformation", "--check", "CKV_AWS_20", "--quiet", "--skip-download")
    tools: dict[str, Callable[[], Run]] = {
        "seawall, every policy": lambda: seawall(TEMPLATES),
        f"checkov {version('checkov')}, one built-in check": lambda: run(
            sys.executable, "-m", "checkov.main", "-d", TEMPLATES, *checkov_options
        ),
        f"cfn-lint {version('cfn-lint')}": lambda: run(Path(sys.executable).with_name("cfn-lint"), "--", *files),
    }
    taken: dict[str, list[Run]] = {name: [] for name in tools}
    for _ in range(runs):
        for name, tool in tools.items():
            taken[name].append(tool())
    yield f"{len(files)} real templates, {megabytes:.1f} MB, whole processes, median of {runs}, taking turns:"
    yield ""
    yield "| tool | wall clock | processor | largest process | wall clock in seawalls | processor in seawalls |"
    yield "|---|--:|--:|--:|--:|--:|"
    first = median(next(iter(taken.values())))
    for name, some in taken.items():
        middle = median(some)
        ratios = f"{middle.seconds / first.seconds:.0f} | {middle.processor / first.processor:.0f}"
        times = f"{middle.seconds:.2f} s | {middle.processor:.2f} s"
        yield f"| {name} | {times} | {middle.memory:.0f} MB | {ratios} |"


def median(some: list[Run]) -> Run:
    """The median of each number by itself."""
    return Run(
        statistics.median(each.seconds for each in some),
        statistics.median(each.processor for each in some),
        statistics.median(each.memory for each in some),
    )


def one_small_template(runs: int) -> Iterator[str]:
    """How long a person waits for one file."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "small.yaml")
        file.write_text(SMALL)
        middle = median([seawall(file) for _ in range(max(runs, 5))])
    bare = median([run(sys.executable, "-c", "pass") for _ in range(max(runs, 5))])
    yield f"One small template: {middle.seconds:.2f} s, of which Python's own start takes {bare.seconds:.2f} s."


def growth(_runs: int) -> Iterator[str]:
    """Time and memory over copies of the same templates."""
    yield "Copies of the same templates:"
    yield ""
    yield "| templates | wall clock | for each | largest process |"
    yield "|--:|--:|--:|--:|"
    files = files_of(TEMPLATES)
    for number in (1_000, 3_000, 10_000):
        with tempfile.TemporaryDirectory() as folder:
            for index in range(number):
                source = files[index % len(files)]
                place = Path(folder, str(index // 100))
                place.mkdir(exist_ok=True)
                shutil.copyfile(source, place / f"{index}{source.suffix}")
            taken = seawall(folder)
        each = taken.seconds / number * 1000
        yield f"| {number} | {taken.seconds:.1f} s | {each:.2f} ms | {taken.memory:.0f} MB |"


def profile(runs: int) -> Iterator[str]:
    """Where the time goes, in one process."""
    yield "Where the time goes, in one process over the same templates (processor time):"
    yield ""
    yield "| step | seconds |"
    yield "|---|--:|"
    for name, seconds in run_in_steps(runs).steps.items():
        yield f"| {name} | {seconds:.3f} |"
    yield f"| all of it | {run_in_steps(runs).run:.3f} |"


@cache
def run_in_steps(runs: int) -> costs.Costs:
    """The costs of a whole run, from the start of Python."""
    bare = median([run(sys.executable, "-c", "pass") for _ in range(max(runs, 5))]).processor
    engine = median([run(sys.executable, "-c", "import seawall.cli") for _ in range(max(runs, 5))]).processor
    measured = costs.measure(files_of(TEMPLATES))
    before = {"start of Python": bare, "import of the engine and of PyYAML": engine - bare}
    return measured._replace(steps={**before, **measured.steps})


def each_policy(runs: int) -> Iterator[str]:
    """What each policy costs, and what it says about the whole corpus."""
    measured = run_in_steps(runs)
    judged = verdicts_over_corpus.judge([str(verdicts_over_corpus.CORPUS)])
    dearest = max(measured.policies.values()) / measured.run
    yield (
        "Each policy: its processor time over the same templates and the share of the run (what several policies"
        f" need is shared among them: the mean over {costs.ROUNDS} random orders), and its verdicts over"
        f" {judged.templates} real templates. The dearest takes {dearest:.1%} of the run."
    )
    yield ""
    yield "| policy | ms | of the run | flagged | accepted | undecided |"
    yield "|---|--:|--:|--:|--:|--:|"
    for policy in sorted(load_policies()[0], key=lambda policy: -measured.policies[policy.id]):
        seconds = measured.policies[policy.id]
        numbers = " | ".join(str(judged.counts[policy.id, verdict]) for verdict in verdicts_over_corpus.VERDICTS)
        yield f"| {policy.name} | {seconds * 1000:.1f} | {seconds / measured.run:.1%} | {numbers} |"
    yield ""
    yield "Undecided in more than a third of what they judge, and why:"
    yield ""
    yield from verdicts_over_corpus.reasons(judged.counts)


def machine() -> Iterator[str]:
    """What this ran on."""
    model = platform.processor() or platform.machine()
    for line in Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else ():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    today = datetime.now(UTC).date()
    yield f"Measured on {today} with Python {platform.python_version()} on {cores} processors ({model})."


PARTS: dict[str, Callable[[int], Iterator[str]]] = {
    "peers": peers,
    "small": one_small_template,
    "growth": growth,
    "profile": profile,
    "policies": each_policy,
}


def main() -> int:
    """Measures, prints, and writes the results where it is asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", type=Path, metavar="FILE", help="write the results there, too")
    parser.add_argument("--runs", type=int, default=3, help="runs of each tool (3)")
    parser.add_argument("--only", choices=PARTS, nargs="+", default=list(PARTS), help="parts to measure")
    given = parser.parse_args()
    if not TEMPLATES.is_dir():
        parser.error(f"{TEMPLATES} is absent: the benchmark measures other people's templates")
    lines = [
        "# How fast Seawall is",
        "",
        "Written by `python -m benchmarks --write benchmarks/RESULTS.md`.",
    ]
    lines += machine()
    seawall(TEMPLATES)  # reads the files into the system's memory and compiles what is not compiled yet
    for part in given.only:
        lines.append("")
        for line in PARTS[part](given.runs):
            sys.stdout.write(f"{line}\n")
            sys.stdout.flush()
            lines.append(line)
    if given.write:
        given.write.write_text("\n".join(lines) + "\n", "utf-8")
    return 0
