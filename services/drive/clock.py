"""Time and chance, in one place so that tests decide them. Everything is UTC."""

import random
import time

_chance = random.SystemRandom()


def now() -> float:
    """Return the seconds since 1970-01-01 UTC."""
    return time.time()


def milliseconds() -> int:
    """Return `now` as the records keep it where order matters: whole milliseconds."""
    return int(now() * 1000)


def age(since: int) -> float:
    """Return how many seconds ago `since` (milliseconds) was; never negative, although machines' clocks differ."""
    return max(0.0, now() - since / 1000)


def jitter(shortest: float, longest: float) -> float:
    """Return a random number of seconds between the two, so that what failed together does not return together."""
    return _chance.uniform(shortest, longest)


def sleep(seconds: float) -> None:
    """Wait; tests let the time pass instead."""
    time.sleep(seconds)
