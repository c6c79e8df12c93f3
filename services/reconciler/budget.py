"""How much one run of the reconciler may do: time for its work, and a rate for its messages."""

import threading

from services.drive import clock


class Deadline:
    """When to stop; whatever is left is the next minute's."""

    def __init__(self, seconds: float) -> None:
        self._at = clock.now() + seconds

    @property
    def is_over(self) -> bool:
        """Whether the time is up."""
        return clock.now() >= self._at


class Throttle:
    """Lets its callers, from all threads together, pass at most so many times per second."""

    def __init__(self, per_second: float) -> None:
        self._interval = 1 / per_second
        self._next = clock.now()
        self._lock = threading.Lock()

    def wait(self) -> None:
        """Return when it is the caller's turn."""
        with self._lock:
            now = clock.now()
            turn = max(self._next, now)
            self._next = turn + self._interval
        if turn > now:
            clock.sleep(turn - now)
