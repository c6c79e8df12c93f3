"""Who may add to the queue of bundles. What is already in it is served; a purchase never passes here."""

import math

from aws_lambda_powertools import Logger
from botocore.exceptions import BotoCoreError, ClientError

from services.api.errors import Problem, too_busy
from services.drive import clock, levers, pace
from services.drive.limits import ADMITTED_PER_LOOK, GROWTH_FADES, LONGEST_WAIT, PACE_INTERVAL, RETRY_AFTER, scaled
from services.drive.pace import Estimate, Queue

logger = Logger(service="api")


class Gate:
    """What one process knows beyond an estimate, which is some seconds old: in a stampede that is many orders."""

    def __init__(self) -> None:
        self._seen: tuple[float, float] | None = None  # when, and the wait then, both in seconds
        self._growth = 0.0  # seconds of wait per second
        self._admitted = 0  # since the last look

    @property
    def must_look(self) -> bool:
        """Return whether so many were admitted that an estimate from before is worth nothing."""
        return self._admitted >= ADMITTED_PER_LOOK

    def looked(self) -> None:
        """Take note that the next estimate is a new one."""
        self._admitted = 0

    def admits(self, expected: Estimate) -> bool:
        """Return whether one more may wait, and count it if so."""
        wait = expected.wait * (1 + self._admitted / max(1, expected.position))
        margin = self._grows(expected.wait) * 2 * scaled(PACE_INTERVAL)
        if wait + margin > scaled(LONGEST_WAIT):
            return False
        self._admitted += 1
        return True

    def _grows(self, wait: float) -> float:
        """Return how fast the wait grows while orders are admitted, here and in all other processes.

        It fades slowly: while everyone is refused the wait shrinks, and says nothing about how many still come.
        """
        now = clock.now()
        if self._seen is None:
            self._seen = (now, wait)
        elif now - self._seen[0] >= scaled(PACE_INTERVAL):
            self._growth = max(GROWTH_FADES * self._growth, (wait - self._seen[1]) / (now - self._seen[0]))
            self._seen = (now, wait)
            self._admitted = 0
        return self._growth


_gate = Gate()


def admit_upload() -> None:
    """Raise a `Problem` while operators have stopped uploads."""
    if not levers.current().accept_uploads:
        # Not a 5xx: an operator's decision must not look like a failure to the alarms.
        raise too_busy("New uploads are paused for a while; downloads go on.", retry_after())


def admit_bundle(user: str, *, new_build: bool) -> None:
    """Raise a `Problem` when a new bundle of this user would wait too long, or when operators have turned it off.

    An order for what is being built already waits with those who came first and adds nothing to the queue: only a
    `new_build` is measured. The wait is looked at, not the age of the oldest message: at twenty times the rate that
    one crosses a quarter of an hour long after a new order would wait for hours.
    """
    lever = levers.current()
    if not lever.accept_downloads:
        raise too_busy("New bundles are paused for a while; single files can be downloaded.", retry_after())
    if int(user[:8], 16) % 100 >= lever.admit_percent:
        raise too_busy("Many people are here and you are next in line: please come back shortly.", retry_after())
    if not new_build:
        return
    if _gate.must_look:
        pace.forget()
        _gate.looked()
    expected = estimate()
    if expected and not _gate.admits(expected):
        raise _full(expected)


def estimate() -> Estimate | None:
    """Return how long a new bundle would wait; None when that cannot be told now.

    Nobody is turned away for that: the order is a record, which waits for its queue to come back.
    """
    try:
        return pace.estimate(Queue.BUNDLE, Queue.BUNDLE_SIDELINE)
    except (BotoCoreError, ClientError) as error:
        logger.warning("the pace of the bundle queue cannot be read: %s", error)
        return None


def retry_after() -> int:
    """Return seconds for `Retry-After`; random, so that those who are refused together do not return together."""
    return math.ceil(scaled(clock.jitter(*RETRY_AFTER)))


def _full(expected: Estimate) -> Problem:
    return too_busy(
        f"A new bundle would wait about {round(expected.wait / 60)} minutes: please come back later. Single files can "
        "be downloaded, and what you bought or ordered already is not lost.",
        retry_after(),
    )
