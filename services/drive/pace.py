"""How fast a queue drains, from what its workers write, and how long a new order would wait therefore.

The age of the oldest message would say nothing: at twenty times the rate it crosses 15 minutes long after a new order
would wait for hours.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import fmean
from typing import NamedTuple

from services.drive import clock, messages, records
from services.drive.environment import here
from services.drive.limits import ASSUMED_BUILD_SECONDS, BUNDLE_SLOTS, PACE_INTERVAL, PACE_VALID, scaled
from services.drive.records import key


class Queue(StrEnum):
    DELIVER = "deliver"
    DELIVER_SIDELINE = "deliver-sideline"
    BUNDLE = "bundle"
    BUNDLE_SIDELINE = "bundle-sideline"

    @property
    def url(self) -> str:
        """The queue's address in this region."""
        return str(getattr(here, f"{self.replace('-', '_')}_queue_url"))


@dataclass(frozen=True)
class Estimate:
    """How long a new order would wait: `position` messages are before it, `wait` seconds (infinite: nobody drains)."""

    position: int
    wait: float


_estimates: dict[Queue, tuple[float, Estimate]] = {}


def publish(
    queue: Queue, worker: str, *, slots: int, mean_seconds: float, queue_age: float, is_known: bool = True
) -> None:
    """Write one worker's pace; every PACE_INTERVAL. A new worker has not known its `mean_seconds` for long enough.

    `queue_age` (seconds) is the age of the order whose message it received last, or 0 when its last receive was empty.
    """
    records.put(
        here.pace_table,
        {
            **key(f"PACE#{queue}", worker),
            "slots": slots,
            "mean_seconds": max(mean_seconds, 0.001),
            "is_known": is_known,
            "queue_age": queue_age,
            "at": clock.now(),
            "expires_at": int(clock.now() + 10 * scaled(PACE_VALID)),
        },
    )


class Pace(NamedTuple):
    """What one worker says: it needs `mean_seconds` for a message in each of its slots."""

    slots: float
    mean_seconds: float
    is_known: bool


def drain_rate(queue: Queue) -> float:
    """Return how many messages its present workers finish per second."""
    return together(
        [Pace(float(item["slots"]), item["mean_seconds"], item.get("is_known", True)) for item in _present(queue)]
    )


def together(workers: Sequence[Pace]) -> float:
    """Return what workers finish per second; a new one is no quicker than the others are."""
    known = [worker.mean_seconds for worker in workers if worker.is_known]
    usual = fmean(known) if known else 0.0
    means = [worker.mean_seconds if worker.is_known else max(worker.mean_seconds, usual) for worker in workers]
    return sum((worker.slots / mean for worker, mean in zip(workers, means, strict=True)), start=0.0)


def queue_age(queue: Queue) -> float | None:
    """Return the age (seconds) of what the queue hands out now: 0 when it is empty, None when nobody knows.

    Nobody knows while messages wait and no worker receives: nothing is known to be late then, and sending more would
    only lengthen the queue.
    """
    if messages.visible(queue.url) == 0:
        return 0
    ages = [item["queue_age"] for item in _present(queue)]
    return max(ages, default=None)


def estimate(queue: Queue, sideline: Queue) -> Estimate:
    """Return how long a new order would wait, at most PACE_INTERVAL old.

    What stands on the sideline counts: a queue whose old orders are moved aside looks short for ever, while those who
    were moved wait longer and longer. Without workers, one is assumed: the first orders are what brings workers to a
    queue that had none.
    """
    at, known = _estimates.get(queue, (-math.inf, Estimate(0, 0)))
    if clock.now() - at < scaled(PACE_INTERVAL):
        return known
    fresh, aside = messages.visible(queue.url), messages.visible(sideline.url)
    rate = drain_rate(queue) or BUNDLE_SLOTS / scaled(ASSUMED_BUILD_SECONDS)
    known = Estimate(fresh + aside, max(fresh / rate, (fresh + aside) / (rate + drain_rate(sideline))))
    _estimates[queue] = (clock.now(), known)
    return known


def forget() -> None:
    """Forget the cached estimates."""
    _estimates.clear()


def _present(queue: Queue) -> list[records.Item]:
    since = clock.now() - scaled(PACE_VALID)
    page = records.query(here.pace_table, f"PACE#{queue}", limit=1000, strong=False)
    return [item for item in page.items if item["at"] >= since]
