"""How long a worker's builds take: those that ended, and those that already last longer than they did.

Builds that ended say nothing of a store that has become slow a minute ago: until the first one ends, an estimate from
them would let in ten times what can be built.
"""

from statistics import fmean
from time import monotonic

from services.drive.limits import ASSUMED_BUILD_SECONDS, scaled

RECENT_BUILD = 0.2
"""A build's weight in the mean, once there are some: about the last ten count."""


class BuildTimes:
    """The builds of one worker; its slots write, its main thread reads."""

    def __init__(self, slots: int) -> None:
        self._began: list[float | None] = [None] * slots
        self._ended = 0
        self._mean: float = scaled(ASSUMED_BUILD_SECONDS)

    def begin(self, slot: int) -> None:
        """A slot has a message, which may lead to a build."""
        self._began[slot] = monotonic()

    def end(self, slot: int, *, built: bool) -> None:
        """A slot is free again; only what was built counts."""
        began, self._began[slot] = self._began[slot], None
        if built and began is not None:
            self._ended += 1
            self._mean += max(RECENT_BUILD, 1 / self._ended) * (monotonic() - began - self._mean)

    @property
    def is_known(self) -> bool:
        """Whether a build has ended: until then `mean` is at least what is assumed, and perhaps far too short."""
        return self._ended > 0

    @property
    def mean(self) -> float:
        """Seconds of a build."""
        now = monotonic()
        running = [now - began for began in self._began if began is not None]
        return fmean(max(lasts, self._mean) for lasts in running) if running else self._mean
