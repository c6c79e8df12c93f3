"""Writes docs/SLA.md from stacks/promises.py: `python -m stacks.sla`."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from seawall_constructs.error_budget import BUDGET_DAYS, BURN_MINUTES, FAST_BURN
from services.drive.limits import EXPIRE_BUNDLE_AFTER
from stacks.promises import (
    AUTOMATIC_REGION_RECOVERY_MINUTES,
    COPY_SECONDS,
    FIRST_WORD_MINUTES,
    OBJECTIVES,
    REGION_RECOVERY_MINUTES,
    STATUS_SECONDS,
    TARGETS,
    WAIT_MINUTES,
)

PAGE = Path(__file__).parent.parent / "docs" / "SLA.md"

HOUR = 60
DAY = 24 * HOUR


def page() -> str:
    """Return the text of docs/SLA.md."""
    return "\n".join([*_levels(), *_recovery(), *_conduct(), *_credits()])


def _levels() -> Iterable[str]:
    yield "# What the drive promises"
    yield ""
    yield "Written by `python -m stacks.sla` from stacks/promises.py, where the alarms take the same numbers from."
    yield ""
    yield "## Service levels"
    yield ""
    yield f"Each is measured in each region over the last {BUDGET_DAYS} days. The time is what a complete failure may"
    yield "last in those days before the promise is broken."
    yield ""
    rows = [
        (objective.promise, f"{objective.percent} %", _time(objective.budget_minutes), f"`{objective.role}`")
        for objective in OBJECTIVES
    ]
    yield from _table(("Promise", "Kept in", "Budget", "Watched by"), rows)
    yield ""
    yield f"Who spends the first of them {FAST_BURN} times as fast as the budget allows over {BURN_MINUTES} minutes"
    yield "wakes somebody up (`slo-fast-burn`) and stops deployments and experiments."
    yield ""


def _recovery() -> Iterable[str]:
    yield "## When something breaks"
    yield ""
    yield "Targets of the design; a drill replaces each with what was measured. RTO: until it works again. RPO: how"
    yield "much of what was written last may be missing."
    yield ""
    yield from _table(
        ("Failure", "RTO", "RPO", "How"),
        [
            (target.failure, _time(target.recovery_minutes), _loss(target.loss_minutes), target.how)
            for target in TARGETS
        ],
    )
    yield ""
    yield "A region is lost:"
    yield ""
    rows = [(f"`{tier}`, approved by a person", _time(minutes)) for tier, minutes in REGION_RECOVERY_MINUTES.items()]
    rows.append(("`active_active`, automatic", _time(AUTOMATIC_REGION_RECOVERY_MINUTES)))
    yield from _table(("Tier", "RTO"), rows)
    yield ""
    yield f"- Files: at most the last {COPY_SECONDS // 60} minutes are missing until the region returns. S3 copies"
    yield "  99.9 % of them within that time, which is no bound for the rest; clients keep theirs until it is"
    yield "  `MULTI_REGION`."
    yield "- Accepted orders and the catalogue: none is lost with strong consistency. With eventual consistency the"
    yield "  last seconds may be, and a client that repeats its request with the same idempotency key makes them whole."
    yield ""


def _conduct() -> Iterable[str]:
    yield "## What customers can rely on besides"
    yield ""
    yield "- A purchase that was accepted is delivered: later, if need be, and the buyer is told."
    yield f"- A download that would wait longer than {WAIT_MINUTES} minutes is refused with a time to come back."
    yield f"- An album that could not be built within {_time(EXPIRE_BUNDLE_AFTER // 60)} is given up, and whoever"
    yield "  waits is told."
    yield f"- The first message about an incident is with every subscriber within {FIRST_WORD_MINUTES} minutes, and the"
    yield f"  status page, which shares no region with the drive, is written anew every {STATUS_SECONDS} seconds."
    yield ""


def _credits() -> Iterable[str]:
    yield "## Credits"
    yield ""
    yield "What is paid back when a promise is broken is for whoever runs the drive to agree with their customers. This"
    yield "project names no amounts."
    yield ""


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterable[str]:
    yield _row(head)
    yield _row(["---"] * len(head))
    for row in rows:
        yield _row(row)


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _time(minutes: float) -> str:
    """Minutes in the largest unit in which they are read easily."""
    for size, unit in ((DAY, "day"), (HOUR, "hour")):
        if minutes >= size:
            return _counted(minutes / size, unit)
    return _counted(minutes, "minute")


def _counted(amount: float, unit: str) -> str:
    return f"{amount:.3g} {unit}{'' if amount == 1 else 's'}"


def _loss(minutes: int) -> str:
    return _time(minutes) if minutes else "none"


if __name__ == "__main__":
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page())
