"""Where the time of ``seawall check`` goes, in one process: the steps of a run, and what each policy costs.

All of it is processor time, so that other work on the machine does not count.
"""

import gc
import random
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple, TypeVar

from seawall.design import Design
from seawall.documents import Unreadable
from seawall.finding import Finding, Report
from seawall.judging import judge_design
from seawall.loading import load_policies
from seawall.policy import Policy
from seawall.reports import json_report
from seawall.reports.presentation import Presentation
from seawall.source import Document
from seawall.sources import cloudformation

ROUNDS = 16
"""Orders of the policies that their costs are the mean of; from one run to the next they differ by a tenth."""

T = TypeVar("T")


class Costs(NamedTuple):
    """Seconds by step in the order of a run, and by policy; the step that judges is the sum of all policies."""

    steps: dict[str, float]
    policies: dict[str, float]

    @property
    def run(self) -> float:
        """The seconds of all steps together."""
        return sum(self.steps.values())


def measure(files: Iterable[Path], rounds: int = ROUNDS) -> Costs:
    """The costs of judging these templates once, after the start of Python and the import of the engine."""
    steps: dict[str, float] = {}
    (policies, _), seconds = _timed(lambda: load_policies(at_once=True))
    steps[f"import of {len(policies)} policies and of what they share"] = seconds
    documents, seconds = _timed(lambda: [document for file in files for document in _read(file)])
    steps[f"reading and parsing of {len(documents)} files of YAML and JSON"] = seconds
    designs, seconds = _timed(lambda: _designs(documents))
    steps[f"designs with {sum(len(design.all) for design in designs)} resources"] = seconds
    costs: Counter[str] = Counter()
    for _, order in zip(range(rounds), _orders(policies), strict=False):
        costs.update(_judged(_designs(documents), order))
    shared = {policy.id: costs[policy.id] / rounds for policy in policies}
    report = Report([finding for design in designs for finding in _findings(design, policies)])
    steps[f"judgement: {len(report.findings)} verdicts"] = sum(shared.values())
    _, seconds = _timed(lambda: list(json_report.render(report, Presentation(tuple(policies)))))
    steps["report as JSON, with what can be pasted"] = seconds
    return Costs(steps, shared)


def _timed(work: Callable[[], T]) -> tuple[T, float]:
    gc.collect()
    gc.disable()  # a run collects a few times, in whatever step happens to be under way
    started = time.process_time()
    done = work()
    seconds = time.process_time() - started
    gc.enable()
    return done, seconds


def _read(file: Path) -> Iterator[Document]:
    try:
        document = cloudformation.read_document(file, str(file), [])
    except Unreadable:
        return
    if document is not None:
        yield document


def _designs(documents: Iterable[Document]) -> list[Design]:
    # A design remembers what it has worked out: each round needs new ones.
    designs = [Design([cloudformation.template_of(document)], {}) for document in documents]
    for design in designs:
        len(design.all)
    return designs


def _orders(policies: list[Policy]) -> Iterator[list[Policy]]:
    """The policies in one random order after the other, the same ones every time."""
    generator = random.Random(5)  # noqa: S311 - no secret
    while True:
        yield generator.sample(policies, len(policies))


def _judged(designs: Iterable[Design], policies: list[Policy]) -> Counter[str]:
    """What each policy takes over these designs.

    The first one to need an index or an evaluation pays for it; over many orders, those who use it share it.
    """
    costs: Counter[str] = Counter()

    def watched() -> Iterator[Policy]:
        for policy in policies:
            started = time.process_time()
            yield policy  # and judge_design comes back for the next one when it has applied it
            costs[policy.id] += time.process_time() - started  # type: ignore[assignment]

    def judge_all() -> None:
        for design in designs:
            for _ in judge_design(design, watched()):
                pass

    _timed(judge_all)
    return costs


def _findings(design: Design, policies: list[Policy]) -> list[Finding]:
    return [found for found in judge_design(design, policies) if isinstance(found, Finding)]
