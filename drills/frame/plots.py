"""What a drill looked like over time, as a picture that can be read without the text beside it.

    draw(path, title, [Panel("Orders", "per second", [Line("accepted", points), …])], [Mark(30, "region lost")])

Matplotlib is imported only here, and only when something is drawn.
"""

import json
import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Point = tuple[float, float]
"""Seconds since the start, and a value."""

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""Okabe and Ito, "Color Universal Design": they differ for colour-blind people too. Lines also differ in dashes."""
DASHES = ("-", "--", "-.", ":")
WIDTH = 10.0
"""Inches, at 120 dots each."""
PANEL_HEIGHT = 2.6


@dataclass(frozen=True)
class Line:
    """A line with its name; `steps` draws counts per interval as they are, without slopes between them."""

    name: str
    points: Sequence[Point]
    steps: bool = False


@dataclass(frozen=True)
class Limit:
    """A horizontal line: what was promised."""

    value: float
    name: str


@dataclass(frozen=True)
class Mark:
    """A vertical line through all panels: what was done to the drive at this second."""

    at: float
    name: str


@dataclass(frozen=True)
class Panel:
    """One pair of axes."""

    title: str
    unit: str
    lines: Sequence[Line]
    limits: Sequence[Limit] = ()
    logarithmic: bool = False


def draw(path: Path, title: str, panels: Sequence[Panel], marks: Sequence[Mark] = ()) -> None:
    """Draw panels below each other, over one axis of seconds, into a PNG file."""
    import matplotlib as mpl

    mpl.use("Agg")  # no screen is asked for, wherever this runs
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(
        len(panels),
        sharex=True,
        squeeze=False,
        figsize=(WIDTH, 1 + PANEL_HEIGHT * len(panels)),
        layout="constrained",
    )
    figure.suptitle(title, fontsize=13)
    for panel, axis in zip(panels, axes[:, 0], strict=True):
        _draw_panel(axis, panel)
        for mark in marks:
            axis.axvline(mark.at, color="#555555", linewidth=1, linestyle=":")
    for mark in marks:
        top = axes[0, 0]
        top.annotate(
            mark.name, (mark.at, 1), xycoords=("data", "axes fraction"), rotation=90, va="top", ha="right", fontsize=8
        )
    axes[-1, 0].set_xlabel("seconds since the start")
    figure.savefig(path, dpi=120)
    plt.close(figure)


def _draw_panel(axis: "Axes", panel: Panel) -> None:
    for index, line in enumerate(panel.lines):
        axis.plot(
            [at for at, _ in line.points],
            [value for _, value in line.points],
            label=line.name,
            color=COLOURS[index % len(COLOURS)],
            linestyle=DASHES[index % len(DASHES)],
            drawstyle="steps-post" if line.steps else "default",
            linewidth=1.8,
        )
    for limit in panel.limits:
        axis.axhline(limit.value, color="#888888", linewidth=1, label=limit.name)
    axis.set_title(panel.title, loc="left", fontsize=11)
    axis.set_ylabel(panel.unit)
    if panel.logarithmic:
        axis.set_yscale("log")
    else:
        axis.set_ylim(bottom=0)
    axis.grid(visible=True, color="#dddddd", linewidth=0.6)
    if panel.lines or panel.limits:
        axis.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), fontsize=9, frameon=False)


@dataclass
class Curves:
    """What became of a load, interval by interval; made from the lines that drills/traffic/load.py writes."""

    width: float
    asked: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    ended: dict[str, dict[int, int]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(int)))
    latencies: dict[int, list[float]] = field(default_factory=lambda: defaultdict(list))

    @classmethod
    def of(
        cls, answers: Path, *, width: float = 1.0, keep: Callable[[dict[str, Any]], bool] = lambda _: True
    ) -> "Curves":
        """Count the answers that `keep` picks, by the interval of `width` seconds each was planned, or ended, in."""
        curves = cls(width)
        with answers.open() as lines:
            for line in lines:
                told = json.loads(line)
                if keep(told):
                    curves._add(told)
        return curves

    def _add(self, told: dict[str, Any]) -> None:
        planned = int(told["at"] // self.width)
        self.asked[planned] += 1
        self.ended[told["state"]][int((told["at"] + told["latency"]) // self.width)] += 1
        if told["state"] in ("accepted", "ready"):
            self.latencies[planned].append(told["latency"])

    def demand(self) -> Line:
        """Return what was asked for, per second."""
        return Line("asked for", self._rate(self.asked), steps=True)

    def outcomes(self) -> list[Line]:
        """Return what it ended in, per second and kind of answer."""
        return [Line(state, self._rate(counts), steps=True) for state, counts in sorted(self.ended.items())]

    def latency(self, share: float, name: str) -> Line:
        """Return a percentile of the latencies of those who were served, by the moment they wanted to be."""
        at = sorted(self.latencies)
        return Line(name, [(index * self.width, percentile(self.latencies[index], share)) for index in at])

    def _rate(self, counts: dict[int, int]) -> list[Point]:
        if not counts:
            return []
        last = max(counts) + 1
        return [(index * self.width, counts.get(index, 0) / self.width) for index in range(last + 1)]


def percentile(values: Iterable[float], share: float) -> float:
    """Return the value that `share` (0 to 1) of the values do not exceed; NaN of none."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else math.nan
