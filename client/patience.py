"""How long is waited for what, and how the pauses between attempts are chosen.

Pauses have full jitter ("Exponential Backoff And Jitter", AWS Architecture Blog, 2015): what failed together does not
come back together.
"""

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime

LONGEST_RETRY_AFTER = 24 * 3600
"""A server that asks for more is not believed."""


class Stopped(Exception):
    """Somebody else has failed, or the user wants to stop: do not go on."""


@dataclass(frozen=True)
class Patience:
    """All in seconds. `total` bounds how long nothing may succeed before it is given up."""

    total: float = 900
    connect: float = 2
    read: float = 10
    """Between two pieces of an answer."""
    answer: float = 30
    """For a whole answer of the API, however slowly it drips."""
    first_pause: float = 0.5
    longest_pause: float = 20
    first_poll: float = 1
    longest_poll: float = 15
    """Between two looks at an order."""

    def pause(self, attempt: int, *, at_least: float = 0) -> float:
        """Return how long to wait before the next attempt; `attempt` counts from 0."""
        ceiling = min(self.longest_pause, self.first_pause * 2.0 ** min(attempt, 30))
        return at_least + _chance.uniform(0, ceiling)

    def poll(self, looks: int) -> float:
        """Return how long to wait before the next look at an order."""
        ceiling = min(self.longest_poll, self.first_poll * 1.5 ** min(looks, 30))
        return _chance.uniform(ceiling / 2, ceiling)


@dataclass(frozen=True)
class Time:
    """Time, so that tests decide it; `stop` ends every pause, with Stopped."""

    now: Callable[[], float] = time.time
    stop: threading.Event = field(default_factory=threading.Event)

    def sleep(self, seconds: float) -> None:
        """Wait; raises Stopped."""
        if self.stop.wait(seconds):
            raise Stopped

    def check(self) -> None:
        """Raise Stopped if it is time to stop."""
        if self.stop.is_set():
            raise Stopped


def retry_after(header: str | None, now: float) -> float | None:
    """Return the seconds that a `Retry-After` asks for (a number or a date); None for none, or for nonsense."""
    if header is None:
        return None
    text = header.strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:9]), LONGEST_RETRY_AFTER)
    try:
        moment = parsedate_to_datetime(text).timestamp()
    except (ValueError, OverflowError):
        return None
    return min(max(0.0, moment - now), LONGEST_RETRY_AFTER)


_chance = random.SystemRandom()
