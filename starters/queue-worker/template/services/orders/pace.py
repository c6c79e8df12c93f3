"""How long orders take, as the workers tell, and how long a new one would wait therefore.

The age of the oldest message would say nothing: in a surge it crosses the limit long after a new order would wait for
an hour.
"""

import math
import os
import threading
from decimal import Decimal

from orders import clock, messages, records
from orders.aws import region
from orders.limits import ASSUMED_SECONDS, PACE_INTERVAL, STANDSTILL

_lock = threading.Lock()
_taken: list[float] = []
_told_at = 0.0
_estimate = (-math.inf, 0.0)


def tell(seconds: float) -> None:
    """Note how long a worker took. Written each PACE_INTERVAL; what two processes write at once may be lost."""
    global _told_at  # noqa: PLW0603 - one process, one pace
    with _lock:
        _taken.append(seconds)
        if clock.now() - _told_at < PACE_INTERVAL:
            return
        ours = sum(_taken) / len(_taken)
        _taken.clear()
        _told_at = clock.now()
    before = records.get(_key())
    mean = 0.8 * float(before["mean"]) + 0.2 * ours if before else ours
    records.put({"id": _key(), "mean": Decimal(f"{mean:.6f}"), "at": clock.milliseconds()})


def estimated_wait() -> float:
    """Return how many seconds a new order would wait, at most PACE_INTERVAL old: backlog × mean ÷ workers."""
    global _estimate  # noqa: PLW0603 - one process, one estimate
    at, wait = _estimate
    if clock.now() - at >= PACE_INTERVAL:
        pace = records.get(_key())
        mean = float(pace["mean"]) if pace else ASSUMED_SECONDS
        wait = messages.waiting() * mean / int(os.environ["WORKERS"])
        _estimate = (clock.now(), wait)
    return wait


def stands_still() -> bool:
    """Return whether messages wait and no worker has finished one lately."""
    pace = records.get(_key())
    return messages.waiting() > 0 and (pace is None or clock.age(int(pace["at"])) > STANDSTILL)


def forget() -> None:
    """Forget what this process knows."""
    global _estimate, _told_at
    _estimate, _told_at = (-math.inf, 0.0), 0.0
    _taken.clear()


def _key() -> str:
    return f"pace#{region()}"
