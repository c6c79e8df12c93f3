"""A queue that a function consumes: first in, first out, and so many at a time.

Its order is known in advance, so that a message costs one event: whoever comes is told when it will be finished.
"""

import heapq
from collections import deque
from collections.abc import Callable

from simpy import Environment


class Station:
    """`concurrency` servers with one queue before them."""

    def __init__(self, clock: Environment, concurrency: int) -> None:
        self._clock = clock
        self._free_at = [0.0] * concurrency
        self._starts: deque[float] = deque()

    def next_start(self) -> float:
        """Return when what is submitted now would be begun."""
        return max(self._clock.now, self._free_at[0])

    def submit(self, seconds: float, done: Callable[[], None] | None = None) -> None:
        """Add work of so many seconds; `done` is called at its end."""
        start = self.next_start()
        heapq.heapreplace(self._free_at, start + seconds)
        if start > self._clock.now:
            self._starts.append(start)
        if done is not None:
            finish = done
            self._clock.timeout(start + seconds - self._clock.now).callbacks.append(lambda _: finish())

    @property
    def waiting(self) -> int:
        """Return how many have not been begun."""
        while self._starts and self._starts[0] <= self._clock.now:
            self._starts.popleft()
        return len(self._starts)
