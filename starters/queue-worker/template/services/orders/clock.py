"""Time and chance, in one place so that tests decide them. Everything is UTC."""

import os
import random
import time

_chance = random.SystemRandom()


def now() -> float:
    """Return the seconds since 1970-01-01 UTC."""
    return time.time()


def milliseconds() -> int:
    """Return `now` as records and messages keep it."""
    return int(now() * 1000)


def age(since: int) -> float:
    """Return how many seconds ago `since` (milliseconds) was; never negative, although machines' clocks differ."""
    return max(0.0, now() - since / 1000)


def jitter(shortest: int, longest: int) -> int:
    """Return a random number of seconds, so that what failed together does not return together."""
    return _chance.randint(shortest, longest)


def scaled(seconds: float) -> float:
    """Return how long `seconds` take here: in the embedded cloud time runs faster, and TIME_SCALE says by how much."""
    return seconds / float(os.environ.get("TIME_SCALE", "1"))
