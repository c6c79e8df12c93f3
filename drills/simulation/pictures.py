"""The simulation's plots, as PNG."""

from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path

from matplotlib.figure import Figure

from drills.simulation.outcome import Outcome
from drills.simulation.promotion import Answer
from drills.simulation.record import Record
from drills.simulation.scale import Row

SIZE = (11, 7)


def draw_scale(rows: Sequence[Row], longest_wait: float, path: Path) -> None:
    """Draw the waits and the cost over the number of orders."""
    figure = Figure(figsize=SIZE)
    waits, money = figure.subplots(1, 2)
    for regions in (1, 2):
        for planned in (False, True):
            line = [row for row in rows if row.regions == regions and row.planned == planned]
            sizes = [row.orders for row in line]
            name = f"{regions} region{'s' if regions > 1 else ''}, {'with' if planned else 'without'} event capacity"
            style = {"marker": "o", "linestyle": "-" if planned else "--", "color": f"C{regions - 1}", "label": name}
            waits.plot(sizes, [row.outcome.patience.quantile(0.99) for row in line], **style)
            money.plot(sizes, [row.cost.tasks for row in line], **style)
    waits.axhline(longest_wait, color="red", linewidth=0.8, label="longest wait that admission allows")
    waits.set(xscale="log", yscale="log", xlabel="orders", ylabel="seconds", title="p99 from the first request")
    money.set(xscale="log", yscale="log", xlabel="orders", ylabel="US$", title="The bundler's tasks")
    waits.legend(fontsize="small")
    _save(figure, path)


def draw_promotion(answer: Answer, path: Path) -> None:
    """Draw the queues and the tasks of one region over time, with what was found."""
    wish = answer.wish
    title = f"{wish.orders:.0e} orders in {wish.hours:g} h, {answer.running} tasks running, {wish.regions} region(s)"
    draw_queues(answer.found, title, path)


def draw_queues(outcome: Outcome, title: str, path: Path) -> None:
    """Draw a run's queues and tasks over time."""
    figure = Figure(figsize=SIZE)
    queues, tasks = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    hours = [second / 3600 for second in outcome.curve.column("second")]
    for name in outcome.curve.names:
        if name != "tasks" and outcome.curve.peaks[name] > 0:
            queues.plot(hours, list(outcome.curve.column(name)), label=name)
    tasks.plot(hours, list(outcome.curve.column("tasks")), color="black")
    queues.set(ylabel="waiting", title=title)
    queues.set_yscale("symlog", linthresh=1)
    queues.legend(fontsize="small")
    tasks.set(xlabel="hours", ylabel="tasks")
    tasks.set_ylim(bottom=0)
    _save(figure, path)


def draw_prediction(storm: Record, outcome: Outcome, path: Path) -> None:
    """Draw the queues as predicted, and the accepted orders that were waiting as measured."""
    figure = Figure(figsize=SIZE)
    axes = figure.subplots()
    seconds = list(outcome.curve.column("second"))
    queues = zip(outcome.curve.column("bundle"), outcome.curve.column("bundle-sideline"), strict=True)
    waiting = [sum(both) for both in queues]
    axes.plot(seconds, waiting, label="predicted: messages in the queues of bundles")
    moments, counts = _open_orders(storm)
    axes.step(moments, counts, where="post", label="measured: accepted orders that wait")
    axes.axvline(storm.last_arrival, color="red", linewidth=0.8, label="last arrival")
    axes.set(xlabel=f"seconds, time divided by {storm.time_scale:g}", ylabel="waiting", title="The storm, predicted")
    axes.legend(fontsize="small")
    _save(figure, path)


def _open_orders(storm: Record) -> tuple[list[float], list[int]]:
    changes = [(order.accepted, 1) for order in storm.orders]
    changes += [(order.delivered, -1) for order in storm.orders if order.delivered is not None]
    changes.sort()
    return [moment for moment, _ in changes], list(accumulate(change for _, change in changes))


def _save(figure: Figure, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.tight_layout()
    figure.savefig(path, dpi=110)
