"""What a storm looked like: demand and answers, queues, waits, memory, and the direct design beside it."""

from collections import defaultdict

from drills.frame.judging import CALLED, Evidence
from drills.frame.plots import Curves, Limit, Line, Mark, Panel, percentile
from drills.frame.watching import MEGABYTE, QUEUES, Look
from drills.surge.direct_storm import DirectRun
from drills.traffic.arrivals import Who

BIN = 2.0
"""Seconds of arrivals that make one point."""


def panels(evidence: Evidence, direct: DirectRun | None = None) -> tuple[list[Panel], list[Mark]]:
    """Return the panels, and what happened when."""
    marks = evidence.played.timetable.marks
    first = evidence.first_refusal()
    if first is not None:
        marks.append(Mark(first, "first 429"))
    drawn = [_orders(evidence), _queues(evidence), _estimate(evidence), _waits(evidence, direct), _memory(evidence)]
    if direct:
        drawn.append(_direct(direct))
    return drawn, sorted(marks, key=lambda mark: mark.at)


def _orders(evidence: Evidence) -> Panel:
    curves = Curves.of(evidence.played.answers, width=BIN)
    return Panel("The drive: orders", "per second", [curves.demand(), *curves.outcomes()])


def _queues(evidence: Evidence) -> Panel:
    watch, start = evidence.played.watch, evidence.played.begun

    def line(queue: str) -> Line:
        return watch.line(queue, lambda look: look.depths[queue], start=start)

    return Panel("Queues", "messages", [line(queue) for queue in QUEUES])


def _estimate(evidence: Evidence) -> Panel:
    from services.drive.limits import LONGEST_WAIT

    scale = evidence.time_scale
    lines = [
        evidence.played.watch.line(
            "estimated wait",
            lambda look: None if look.wait is None else look.wait * scale / 60,
            start=evidence.played.begun,
        )
    ]
    limit = Limit(LONGEST_WAIT / 60, "429 from here on")
    return Panel("What a new bundle would wait", "minutes, real drive", lines, [limit])


def _waits(evidence: Evidence, direct: DirectRun | None) -> Panel:
    lines = [_waited(evidence, who) for who in Who]
    if direct:
        lines.append(Curves.of(direct.answers, width=BIN).latency(0.95, "direct design"))
    shown = [line for line in lines if line.points]
    return Panel("95 of 100 waited at most, by when they ordered", "seconds of the run", shown, logarithmic=True)


def _waited(evidence: Evidence, who: Who) -> Line:
    bins: defaultdict[int, list[float]] = defaultdict(list)
    for wait in evidence.waits:
        if wait.who == who:
            bins[int((wait.accepted_at - evidence.played.begun) // BIN)].append(max(wait.seconds, 0.01))
    return Line(CALLED[who], [(number * BIN, percentile(found, 0.95)) for number, found in sorted(bins.items())])


def _memory(evidence: Evidence) -> Panel:
    watch = evidence.played.watch
    names = sorted(watch.most_memory(), key=lambda name: -watch.most_memory()[name])[:4]

    def most(look: Look, name: str) -> float | None:
        sizes = [size for (found, _), size in look.memory.items() if found == name]
        return max(sizes) / MEGABYTE if sizes else None

    lines = [
        watch.line(name, lambda look, name=name: most(look, name), start=evidence.played.begun)  # type: ignore[misc]
        for name in names
    ]
    return Panel("Memory of the largest processes", "MB", lines)


def _direct(direct: DirectRun) -> Panel:
    names = {"ready": "served", "failed": "given up"}
    curves = Curves.of(direct.answers, width=BIN)
    outcomes = [Line(names.get(line.name, line.name), line.points, line.steps) for line in curves.outcomes()]
    return Panel("The direct design of 2011: the same orders", "per second", [curves.demand(), *outcomes])
