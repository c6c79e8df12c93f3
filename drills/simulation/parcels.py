"""Orders by the parcel, for the fluid model: those that came in the same step go their way together."""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

NOTHING = 1e-9
"""Less of an order than this is a rounding error."""


@dataclass(slots=True)
class Parcel:
    """So many orders of a kind, accepted and first asked for at these seconds (on average)."""

    kind: str
    accepted_at: float
    asked_at: float
    amount: float
    seconds: float = 0.0
    """Work for each of them, where a station asks."""
    is_delivered: bool = False
    is_noisy: bool = False
    """Of a user who has more than his share of the queue: served when nobody else waits."""

    def part(self, amount: float) -> "Parcel":
        """Return so many of them as a parcel of their own, and keep the others."""
        self.amount -= amount
        return replace(self, amount=amount)


class Line:
    """Parcels, first in, first out."""

    def __init__(self) -> None:
        self._parcels: deque[Parcel] = deque()
        self.amount = 0.0

    def push(self, parcel: Parcel) -> None:
        """Add one at the end."""
        if parcel.amount > NOTHING:
            self._parcels.append(parcel)
            self.amount += parcel.amount

    @property
    def head(self) -> Parcel | None:
        """The parcel that is next."""
        return self._parcels[0] if self._parcels else None

    def serve(self, budget: float, cost: Callable[[Parcel], float]) -> Iterator[tuple[Parcel, float]]:
        """Yield what `budget` (seconds of work) pays for, in part if need be, and what is left of it."""
        while self._parcels and budget > NOTHING:
            each, parcel = cost(self._parcels[0]), self._parcels[0]
            if each * parcel.amount <= budget:
                self._parcels.popleft()
            else:
                parcel = parcel.part(budget / each)
            budget -= each * parcel.amount
            self.amount = max(0.0, self.amount - parcel.amount)
            yield parcel, budget
        if not self._parcels:
            self.amount = 0.0

    def __iter__(self) -> Iterator[Parcel]:
        """Yield all, the first one first."""
        return iter(self._parcels)
