"""What a simulation found: counts that add up, waits as a histogram, and curves, all of a fixed size."""

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

CURVE_POINTS = 1500
"""A curve keeps at most twice as many: then every second one goes."""

RESOLUTION = 1.01
"""Each bin of a histogram is one per cent wider than the one before."""

SHORTEST = 0.001
"""Seconds; the first bin ends here."""


class Waits:
    """A histogram of waits (seconds), so that a hundred million of them take no more memory than a hundred."""

    def __init__(self) -> None:
        self._bins: Counter[int] = Counter()
        self.count = 0.0
        self.total = 0.0
        self.longest = 0.0

    def add(self, seconds: float, amount: float = 1) -> None:
        """Count `amount` orders that waited so long."""
        if amount <= 0:
            return
        index = 0 if seconds <= SHORTEST else math.ceil(math.log(seconds / SHORTEST, RESOLUTION))
        self._bins[index] += amount  # type: ignore[assignment]  # a Counter adds fractions as well
        self.count += amount
        self.total += amount * seconds
        self.longest = max(self.longest, seconds)

    def merge(self, other: "Waits") -> None:
        """Add what another one counted."""
        for index, amount in other._bins.items():
            self._bins[index] += amount
        self.count += other.count
        self.total += other.total
        self.longest = max(self.longest, other.longest)

    @property
    def mean(self) -> float:
        """Return the mean wait, 0 if nobody waited."""
        return self.total / self.count if self.count else 0.0

    def quantile(self, share: float) -> float:
        """Return the wait that a `share` of them does not exceed, to one per cent; 0 if there are none."""
        wanted, seen = share * self.count, 0.0
        for index in sorted(self._bins):
            seen += self._bins[index]
            if seen >= wanted:
                return min(self.longest, SHORTEST * RESOLUTION**index)
        return self.longest

    def summary(self) -> dict[str, float]:
        """Return what is printed of it."""
        return {
            "count": round(self.count, 3),
            "mean": self.mean,
            "p50": self.quantile(0.5),
            "p95": self.quantile(0.95),
            "p99": self.quantile(0.99),
            "longest": self.longest,
        }


class Curve:
    """Points over time, thinned out as they become too many."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self.names = names
        self.points: list[tuple[float, ...]] = []
        self.peaks: dict[str, float] = dict.fromkeys(names, 0.0)
        self._every, self._seen = 1, 0

    def add(self, second: float, values: Mapping[str, float]) -> None:
        """Keep a point, perhaps; its values count for the peaks in any case."""
        for name in self.names:
            self.peaks[name] = max(self.peaks[name], values[name])
        if self._seen % self._every == 0:
            self.points.append((second, *(values[name] for name in self.names)))
        self._seen += 1
        if len(self.points) >= 2 * CURVE_POINTS:
            self.points = self.points[::2]
            self._every *= 2

    def column(self, name: str) -> Iterator[float]:
        """Yield one value of each point; "second" is the time."""
        index = 0 if name == "second" else 1 + self.names.index(name)
        return (point[index] for point in self.points)


CURVES = ("bundle", "bundle-sideline", "deliver", "deliver-sideline", "notify", "outbox", "returning", "tasks")


@dataclass
class Outcome:
    """One region's run. `asked` = `delivered` + `at_once` + `gave_up` + `expired` + `failed` + `in_flight`."""

    model: str
    asked: float = 0
    """Orders that were ever asked for; who is refused and returns counts once."""
    at_once: float = 0
    """Answered READY: somebody else's order had it built already."""
    delivered: float = 0
    gave_up: float = 0
    """Refused so often that they did not return."""
    expired: float = 0
    failed: float = 0
    """Their content could not be built; the message is in the dead-letter queue and somebody has a ticket."""
    in_flight: float = 0
    """Neither of these when the simulation ended."""
    refusals: float = 0
    """Answers 429, at the door or by admission."""
    door_refusals: float = 0
    """Of these, API Gateway's and the function's, purchases among them."""
    refused_purchases: float = 0
    """Only the door refuses purchases: 0 where there is none."""
    first_refusal: float | None = None
    builds_started: float = 0
    built: float = 0
    sidelined: float = 0
    dead_letters: float = 0
    last_arrival: float = 0
    finished: float | None = None
    """When the last order was delivered or given up; None when that did not happen before the end."""
    task_seconds: float = 0
    waits: dict[str, Waits] = field(default_factory=dict)
    """From acceptance to delivery, by class of user: purchase, album, distinct, greedy."""
    patience: Waits = field(default_factory=Waits)
    """From the first request, refusals included, to delivery."""
    curve: Curve = field(default_factory=lambda: Curve(CURVES))

    def waited(self, kind: str, seconds: float, amount: float = 1) -> None:
        """Count a delivery."""
        self.delivered += amount
        self.waits.setdefault(kind, Waits()).add(seconds, amount)

    @property
    def resolved(self) -> float:
        """Return how many orders have come to an end."""
        return self.at_once + self.delivered + self.gave_up + self.expired + self.failed

    @property
    def drain(self) -> float | None:
        """Return how long after the last arrival everything was served."""
        return None if self.finished is None else max(0.0, self.finished - self.last_arrival)

    def all_waits(self, *kinds: str) -> Waits:
        """Return the waits of some classes together, or of all."""
        together = Waits()
        for kind, waits in self.waits.items():
            if not kinds or kind in kinds:
                together.merge(waits)
        return together

    def summary(self) -> dict[str, object]:
        """Return it as JSON can hold it, without the curves."""
        counts = {
            name: getattr(self, name)
            for name in (
                "model", "asked", "delivered", "at_once", "gave_up", "expired", "failed", "in_flight", "refusals",
                "door_refusals", "refused_purchases", "first_refusal", "builds_started", "built",
                "sidelined", "dead_letters", "last_arrival", "finished", "drain", "task_seconds",
            )
        }  # fmt: skip
        waits = {kind: waits.summary() for kind, waits in sorted(self.waits.items())}
        return {
            **counts,
            "waits": waits,
            "from_first_request": self.patience.summary(),
            "peaks": self.curve.peaks,
        }
