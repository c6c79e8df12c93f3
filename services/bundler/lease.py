"""A build's lease, kept while the build lasts: the one thing that says who may publish.

Two clocks guard it. The record says until when (in the holder's time); whoever takes over waits CLOCK_SKEW longer. The
holder itself does not trust the wall clock: it stops when LEASE seconds passed since it last renewed, whatever the time
was set to. So it has stopped before anybody else may start, even when the table cannot be reached.
"""

import threading
from time import monotonic
from types import TracebackType
from typing import Self

from aws_lambda_powertools import Logger
from botocore.exceptions import BotoCoreError, ClientError

from services.bundler.inbox import Received
from services.drive import jobs
from services.drive.jobs import Job
from services.drive.limits import CLOCK_SKEW, HEARTBEAT, LEASE, LONGEST_BUILD, scaled

logger = Logger(service="bundler")


class LeaseLost(Exception):
    """Somebody else may be building by now: stop, publish nothing, leave job and message alone."""


class BuildTookTooLong(Exception):
    """LONGEST_BUILD is over."""


class Lease:
    """Renews the job's lease, and keeps its message invisible, for as long as the `with` block lasts."""

    def __init__(self, job: Job, received: Received, *, claimed_at: float) -> None:
        """Take the claimed job and when, on the monotonic clock, it was about to be claimed."""
        self._job, self._received = job, received
        self._safe_until = claimed_at + scaled(LEASE)
        self._end_by = claimed_at + scaled(LONGEST_BUILD)
        self._taken_over = False
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._keep, name=f"lease {job.content[:8]}", daemon=True)

    def __enter__(self) -> Self:
        self._hold_message()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()

    def check(self) -> None:
        """Raise LeaseLost or BuildTookTooLong when the build must end."""
        if self._taken_over or monotonic() >= self._safe_until:
            raise LeaseLost
        if monotonic() >= self._end_by:
            raise BuildTookTooLong

    def renew(self) -> None:
        """Renew now; raises LeaseLost when it was taken over, or what DynamoDB raised."""
        asked_at = monotonic()
        if jobs.extend(self._job) is None:
            self._taken_over = True
            raise LeaseLost
        self._safe_until = asked_at + scaled(LEASE)

    def confirm(self) -> None:
        """Raise LeaseLost if it was taken over. Without an answer it is ours until it would have run out."""
        try:
            self.renew()
        except (ClientError, BotoCoreError):
            self.check()

    def _keep(self) -> None:
        pause = scaled(HEARTBEAT)
        while not self._ended.wait(pause):
            pause = self._beat()

    def _beat(self) -> float:
        """Return after how long to beat again."""
        try:
            self.renew()
        except LeaseLost:
            self._ended.set()
        except (ClientError, BotoCoreError) as error:
            logger.warning("a lease could not be renewed, trying again", reason=str(error), bundle=self._job.content)
            return scaled(HEARTBEAT / 10)
        else:
            self._hold_message()
        return scaled(HEARTBEAT)

    def _hold_message(self) -> None:
        # Longer than the lease: if this worker dies, the message comes back when the job can be claimed at once.
        self._received.return_after(LEASE + 2 * CLOCK_SKEW)
