"""Which region is asked: the first one that is not known to fail.

    CLOSED ──failure──► OPEN ──its time is over──► (one request tries) ──success──► CLOSED
                         ▲                                 │
                         └────────── failure, for longer ──┘

A failure is a refused or dropped connection, silence, or a 5xx. When every region is OPEN they are asked all the same,
the one whose time is over soonest first: a memory of failures must never be what keeps a request from being made.
"""

import json
import random
import threading
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from .patience import Time
from .remembered import write_file

FIRST_LEAVE = 2.0
"""Seconds for which a region is left after its first failure; twice that after the next one, and so on."""

LONGEST_LEAVE = 60.0

TRIAL = 30.0
"""Who tries a region keeps others from it for at most this long, in case nobody hears of that one again."""


@dataclass
class Circuit:
    """One region. Times are seconds since 1970."""

    failures: int = 0
    until: float = 0
    """OPEN until then."""
    trial_until: float = 0
    """Somebody is trying it, until then at most."""

    def admits(self, now: float) -> bool:
        """Return whether a request may be made as if nothing were wrong."""
        if self.failures == 0:
            return True
        # A clock that was set back must not close a region for hours.
        if self.until > now + LONGEST_LEAVE:
            self.until = 0
        if self.trial_until > now + TRIAL:
            self.trial_until = 0
        return max(self.until, self.trial_until) <= now

    def start(self, now: float) -> None:
        """Note that a request is being made."""
        if self.failures:
            self.trial_until = now + TRIAL

    def succeed(self) -> None:
        """Note an answer."""
        self.failures, self.until, self.trial_until = 0, 0, 0

    def fail(self, now: float, at_least: float = 0) -> None:
        """Note a failure; `at_least` is what the region asked for itself."""
        leave = min(LONGEST_LEAVE, FIRST_LEAVE * 2.0 ** min(self.failures, 20))
        leave = random.SystemRandom().uniform(leave / 2, leave)
        self.failures += 1
        self.until = max(min(self.until, now + LONGEST_LEAVE), now + min(LONGEST_LEAVE, max(leave, at_least)))
        self.trial_until = 0


class Circuits:
    """All regions, in the order in which they are preferred. Many threads may use it.

    With a `memory` the next process knows as well.
    """

    def __init__(self, endpoints: Sequence[str], *, time: Time | None = None, memory: Path | None = None) -> None:
        self.endpoints = tuple(endpoints)
        self._time = time or Time()
        self._memory = memory
        self._lock = threading.Lock()
        self._circuits = {endpoint: Circuit() for endpoint in endpoints}
        self._recall()

    def pick(
        self, *, tried: Collection[str] = (), avoid: Collection[str] = (), prefer: str | None = None
    ) -> str | None:
        """Return which endpoint to ask next; None when all were `tried`. Those to `avoid` come last."""
        now = self._time.now()
        with self._lock:
            left = [endpoint for endpoint in self.endpoints if endpoint not in tried]
            left.sort(key=lambda endpoint: self._rank(endpoint, now, avoid, prefer))
            if not left:
                return None
            self._circuits[left[0]].start(now)
            return left[0]

    def succeeded(self, endpoint: str) -> None:
        """Note that a region has answered, be it with a refusal."""
        with self._lock:
            changed = self._circuits[endpoint].failures > 0
            self._circuits[endpoint].succeed()
            if changed:
                self._remember()

    def failed(self, endpoint: str, at_least: float = 0) -> None:
        """Note that a region has failed: it is left for a while, `at_least` so many seconds."""
        with self._lock:
            self._circuits[endpoint].fail(self._time.now(), at_least)
            self._remember()

    def is_well(self, endpoint: str) -> bool:
        """Return whether a region is believed to work."""
        with self._lock:
            return self._circuits[endpoint].admits(self._time.now())

    def _rank(self, endpoint: str, now: float, avoid: Collection[str], prefer: str | None) -> tuple[bool, bool, float]:
        circuit = self._circuits[endpoint]
        shut = not circuit.admits(now)
        return shut, endpoint in avoid, max(circuit.until, circuit.trial_until) if shut else float(endpoint != prefer)

    def _recall(self) -> None:
        if self._memory is None:
            return
        try:
            known = json.loads(self._memory.read_text())
            for endpoint, circuit in self._circuits.items():
                failures, until = known.get(endpoint, (0, 0))
                circuit.failures, circuit.until = max(0, int(failures)), float(until)
        except (OSError, ValueError, TypeError, AttributeError):
            # It is only a hint: without it the first request finds out again.
            return

    def _remember(self) -> None:
        if self._memory is None:
            return
        shut = {name: (each.failures, each.until) for name, each in self._circuits.items() if each.failures}
        try:
            write_file(self._memory, json.dumps(shut).encode())
        except OSError:
            # Only a hint, as above; what is worth keeping is kept, or refused loudly, in remembered.py.
            self._memory = None
