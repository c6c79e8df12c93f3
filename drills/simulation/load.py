"""Who orders what, and when: phases of constant rate, of which the step of a promotion is one."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

PURCHASE = "purchase"
BUNDLE = "bundle"

ALBUM = "album"
"""The content that everybody wants at once."""

GREEDY = "greedy"
"""The user who orders as much as many others together."""

SURGE = 20
"""A promotion brings this many times the steady rate, in a step."""


class Arrival(NamedTuple):
    """Somebody asks for the first time, `second` after the start."""

    second: float
    user: str
    content: str
    kind: str


@dataclass(frozen=True)
class Phase:
    """So many orders a second for so many seconds."""

    seconds: float
    rate: float


@dataclass(frozen=True, kw_only=True)
class Mix:
    """How orders divide; all are shares between 0 and 1."""

    purchases: float = 0.5
    """Who buys the album downloads it too."""
    album: float = 0.7
    """Of the bundles; the others are all distinct."""
    greedy: float = 0.05
    """Of the distinct bundles."""
    users: int = 1_000_000

    @property
    def distinct(self) -> float:
        """Return the share of all orders that each need a build of their own."""
        return (1 - self.purchases) * (1 - self.album)


@dataclass(frozen=True)
class Load:
    """A sequence of phases, from second 0 on, and how their orders divide."""

    phases: tuple[Phase, ...]
    mix: Mix = Mix()

    @classmethod
    def promotion(cls, orders: float, seconds: float, mix: Mix | None = None, *, lead: float | None = None) -> "Load":
        """Return `orders` spread evenly over `seconds`, after a steady time (`lead`) at a SURGE-th of their rate."""
        rate = orders / seconds
        before = seconds / 10 if lead is None else lead
        return cls((Phase(before, rate / SURGE), Phase(seconds, rate)), mix or Mix())

    @property
    def seconds(self) -> float:
        """Return when the last phase ends."""
        return sum(phase.seconds for phase in self.phases)

    @property
    def orders(self) -> float:
        """Return how many are expected in all."""
        return sum(phase.seconds * phase.rate for phase in self.phases)

    @property
    def peak(self) -> float:
        """Return the highest rate."""
        return max(phase.rate for phase in self.phases)

    def between(self, start: float, end: float) -> float:
        """Return how many are expected from `start` to `end`."""
        begins, total = 0.0, 0.0
        for phase in self.phases:
            overlap = min(end, begins + phase.seconds) - max(start, begins)
            total += max(0.0, overlap) * phase.rate
            begins += phase.seconds
        return total

    def part(self, share: float) -> "Load":
        """Return what one of several regions gets of it."""
        return Load(tuple(Phase(phase.seconds, share * phase.rate) for phase in self.phases), self.mix)

    def arrivals(self, seed: int) -> Iterator[Arrival]:
        """Yield independent arrivals in order of time; the same for the same seed."""
        chance = random.Random(seed)  # noqa: S311 - repeatable, not secret
        begins, number = 0.0, 0
        for phase in self.phases:
            second, ends = begins, begins + phase.seconds
            while phase.rate > 0 and (second := second + chance.expovariate(phase.rate)) < ends:
                number += 1
                yield self._arrival(second, number, chance)
            begins = ends

    def _arrival(self, second: float, number: int, chance: random.Random) -> Arrival:
        mix = self.mix
        user = f"user-{chance.randrange(mix.users)}"
        if chance.random() < mix.purchases:
            return Arrival(second, user, ALBUM, PURCHASE)
        if chance.random() < mix.album:
            return Arrival(second, user, ALBUM, BUNDLE)
        return Arrival(second, GREEDY if chance.random() < mix.greedy else user, f"distinct-{number}", BUNDLE)
