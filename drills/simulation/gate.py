"""Admission as services/api/admission.py does it, in a simulation.

It is written a second time since the real one reads its clock and its tables from the process around it; a test drives
both with the same numbers and compares their decisions.
"""

from collections.abc import Callable
from dataclasses import dataclass

from drills.simulation.rules import Rules


@dataclass
class Gate:
    """What one process of the API knows; `look` gives how many messages are visible and the estimated wait."""

    rules: Rules
    look: Callable[[], tuple[float, float]]
    _looked_at: float | None = None
    _known: tuple[float, float] = (0.0, 0.0)
    _seen: tuple[float, float] | None = None
    _growth: float = 0.0
    _admitted: int = 0

    def admits(self, now: float) -> bool:
        """Return whether one more may wait, and count it if so."""
        if self._admitted >= self.rules.admitted_per_look:
            self._looked_at, self._admitted = None, 0
        if self._looked_at is None or now - self._looked_at >= self.rules.pace_interval:
            self._known, self._looked_at = self.look(), now
        position, expected = self._known
        wait = expected * (1 + self._admitted / max(1.0, position))
        if wait + self._grows(now, expected) * 2 * self.rules.pace_interval > self.rules.longest_wait:
            return False
        self._admitted += 1
        return True

    def _grows(self, now: float, wait: float) -> float:
        if self._seen is None:
            self._seen = (now, wait)
        elif now - self._seen[0] >= self.rules.pace_interval:
            faded = self.rules.growth_fades * self._growth
            self._growth = max(faded, (wait - self._seen[1]) / (now - self._seen[0]))
            self._seen = (now, wait)
            self._admitted = 0
        return self._growth


class Door:
    """A token bucket that holds what comes in one second, as API Gateway's throttle does."""

    def __init__(self, per_second: float) -> None:
        self._rate = per_second
        self._tokens, self._at = per_second, 0.0

    def lets_in(self, now: float) -> bool:
        """Return whether a request gets in."""
        self._tokens = min(self._rate, self._tokens + (now - self._at) * self._rate)
        self._at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True
