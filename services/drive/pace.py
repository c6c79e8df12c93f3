"""How fast a queue drains, from what its workers write, and how long a new order would wait therefore.

The age of the oldest message would say nothing: at twenty times the rate it crosses 15 minutes long after a new order
would wait for hours.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import fmean

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


def publish(queue: Queue, worker: str, *, slots: int, mean_seconds: float | None, queue_age: float) -> None:
    """Write one worker's pace; every PACE_INTERVAL. A new worker does not know its `mean_seconds` yet.

    `queue_age` (seconds) is the age of the order whose message it received last, or 0 when its last receive was empty.
    """
    records.put(
        here.pace_table,
        {
            **key(f"PACE#{queue}", worker),
            "slots": slots,
            # Also where it is only assumed: a version of the API from before expects it while a deployment goes on.
            "mean_seconds": scaled(ASSUMED_BUILD_SECONDS) if mean_seconds is None else max(mean_seconds, 0.001),
            "is_assumed": mean_seconds is None,
            "queue_age": queue_age,
            "at": clock.now(),
            "expires_at": int(clock.now() + 10 * scaled(PACE_VALID)),
        },
    )


def drain_rate(queue: Queue) -> float:
    """Return how many messages its present workers finish per second."""
    workers = [
        (float(item["slots"]), None if item.get("is_assumed") else item["mean_seconds"]) for item in _present(queue)
    ]
    return together(workers, assumed=scaled(ASSUMED_BUILD_SECONDS))


def together(workers: Sequence[tuple[float, float | None]], *, assumed: float) -> float:
    """Return what workers with these slots and mean seconds finish per second.

    One that does not know yet is as quick as the others are, or needs the seconds that are assumed.
    """
    known = [mean for _, mean in workers if mean is not None]
    usual = fmean(known) if known else assumed
    return sum((slots / (usual if mean is None else mean) for slots, mean in workers), start=0.0)


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
