"""What the simulation prints, and what it writes as JSON."""

import resource
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from drills.simulation.load import PURCHASE
from drills.simulation.money import SOURCES, UNPRICED
from drills.simulation.outcome import Outcome
from drills.simulation.prediction import BUNDLES, Prediction
from drills.simulation.promotion import Answer
from drills.simulation.scale import Row

NOT_SIMULATED = (
    "the ramp-up of SQS pollers and of functions without provisioned concurrency",
    "DynamoDB's and Kinesis's partitions and throttles",
    "uploads, single downloads and the transfer of bundles to the users",
    "kills, poison and duplicates where orders flow (the event model has them)",
)


def peak_memory() -> float:
    """Return the most memory this process ever held, in MB."""
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return kilobytes / (1024 * 1024 if sys.platform == "darwin" else 1024)


def duration(seconds: float | None) -> str:
    """Return seconds as people say them."""
    if seconds is None:
        return "never"
    if seconds < 120:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def table(heads: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table whose columns are as wide as what they hold."""
    rows = [list(heads), *map(list, lines)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(heads))]
    drawn = [f"| {' | '.join(cell.rjust(width) for cell, width in zip(row, widths, strict=True))} |" for row in rows]
    return "\n".join([drawn[0], f"|{'|'.join('-' * (width + 1) + ':' for width in widths)}|", *drawn[1:]])


def scale_table(rows: Iterable[Row]) -> str:
    """Return the table of growing sizes."""
    heads = (
        "orders", "regions", "event", "model", "tasks", "refusals each", "p99 bundle", "longest bundle", "p99 purchase",
        "p99 from 1st request", "drained after", "not served", "tasks, $",
    )  # fmt: skip
    return table(heads, map(_scale_line, rows))


def _scale_line(row: Row) -> list[str]:
    outcome = row.outcome
    bundles = outcome.all_waits(*BUNDLES)
    return [
        f"{row.orders:.0e}",
        str(row.regions),
        "yes" if row.planned else "no",
        outcome.model,
        f"{row.design.scaling.least}–{outcome.curve.peaks['tasks']:.0f}",
        f"{outcome.refusals / max(1, outcome.asked):,.2f}",
        duration(bundles.quantile(0.99)),
        duration(bundles.longest),
        duration(outcome.all_waits(PURCHASE).quantile(0.99)),
        duration(outcome.patience.quantile(0.99)),
        duration(outcome.drain),
        f"{(outcome.in_flight + outcome.expired) / max(1, outcome.asked):.1%}",
        f"{row.cost.tasks:,.0f}",
    ]


def scale_json(rows: Iterable[Row]) -> list[dict[str, Any]]:
    """Return the same as JSON can hold it."""
    return [
        {
            "orders": row.orders,
            "hours": row.hours,
            "regions": row.regions,
            "event": row.planned,
            "least_tasks": row.design.scaling.least,
            "most_tasks": row.design.scaling.most,
            "one_region": row.outcome.summary(),
            "dollars": {"tasks": row.cost.tasks, "extra": row.cost.extra},
        }
        for row in rows
    ]


def promotion_text(answer: Answer) -> str:
    """Return what a promotion needs, as a few tables."""
    wish, found = answer.wish, answer.found
    each = "the region" if wish.regions == 1 else f"each of {wish.regions} regions"
    knobs = [
        ("tasks that work", "", str(answer.tasks)),
        ("tasks to be running, so that these are left without a zone", "", str(answer.running)),
        *(
            (f"concurrency of {name}", str(answer.has[name]), str(needed))
            for name, needed in answer.concurrency.items()
        ),
    ]
    quotas = [
        (name, str(granted), str(needed), "raise it" if needed > granted else "enough")
        for name, (needed, granted) in answer.quotas.items()
    ]
    waits = found.all_waits()
    head = (
        f"{wish.orders:,.0f} orders in {wish.hours:g} h, nobody waits longer than {duration(wish.wait)}, nobody is "
        f"refused. {each.capitalize()} needs:"
    )
    event = (
        f"As an event in the settings: peak_requests_per_second {answer.event.peak_requests_per_second}, "
        f"peak_bundles_per_minute {answer.event.peak_bundles_per_minute}."
    )
    result = (
        f"With exactly this: longest wait {duration(waits.longest)}, p99 {duration(waits.quantile(0.99))}, drained "
        f"{duration(found.drain)} after the last order."
    )
    parts = (
        head,
        table(("capacity", "templates", "needed"), knobs),
        event,
        table(("quota", "settings", "needed", ""), quotas),
        result,
        money_text(answer.cost.tasks, answer.cost.extra),
    )
    return "\n\n".join(parts)


def money_text(tasks: float, extra: float) -> str:
    """Return the cost and its sources."""
    sources = "; ".join(f"{price.what}: {price.said}, {price.region}, {price.source}" for price in SOURCES)
    return (
        f"Tasks: US$ {tasks:,.2f}, of which US$ {extra:,.2f} beyond every day's. Not in it, since no price was found: "
        f"{', '.join(UNPRICED)}.\nPrices: {sources}"
    )


def promotion_json(answer: Answer) -> dict[str, Any]:
    """Return the same as JSON can hold it."""
    wish = answer.wish
    return {
        "wish": {"orders": wish.orders, "hours": wish.hours, "wait": wish.wait, "regions": wish.regions},
        "tasks": answer.tasks,
        "running": answer.running,
        "concurrency": answer.concurrency,
        "templates_concurrency": answer.has,
        "event": answer.event.model_dump(mode="json", exclude={"name", "start", "end", "freeze_deploys"}),
        "quotas": {name: {"needed": needed, "granted": granted} for name, (needed, granted) in answer.quotas.items()},
        "dollars": {"tasks": answer.cost.tasks, "extra": answer.cost.extra, "not_priced": list(UNPRICED)},
        "one_region": answer.found.summary(),
    }


def prediction_text(predictions: Iterable[Prediction], within: float) -> str:
    """Return predictions beside what was measured."""
    lines = [
        (
            found.what,
            f"{found.predicted:.1f} s",
            f"{found.measured:.1f} s",
            f"{found.off:.0%}",
            "yes" if found.off <= within else "NO",
        )
        for found in predictions
    ]
    return table(("", "predicted", "measured", "off by", f"within {within:.0%}"), lines)


def prediction_json(predictions: Iterable[Prediction], outcome: Outcome, within: float) -> dict[str, Any]:
    """Return the same as JSON can hold it."""
    return {
        "within": within,
        "predictions": [
            {
                "what": found.what,
                "predicted": found.predicted,
                "measured": found.measured,
                "off": found.off,
                "kept": found.off <= within,
            }
            for found in predictions
        ],
        "simulation": outcome.summary(),
    }
