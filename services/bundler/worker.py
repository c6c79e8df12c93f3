"""The bundler: a few slots that each take a message, do what it hints at, and take the next one.

It needs no other service to start work: a zone or the managed pollers may be gone, whoever runs goes on.
"""

import threading
from functools import partial
from time import monotonic
from uuid import uuid4

from aws_lambda_powertools import Logger
from botocore.exceptions import BotoCoreError, ClientError

from services.bundler.build import WorkerStops
from services.bundler.build_times import BuildTimes
from services.bundler.health import HEALTH_FILE
from services.bundler.inbox import Received
from services.bundler.queues import Queues
from services.bundler.work import handle
from services.drive import clock, levers, pace
from services.drive.limits import (
    BUILD_GRACE,
    BUNDLE_SLOTS,
    LONG_POLL,
    PACE_INTERVAL,
    STOP_WITHIN,
    WORKER_SILENT,
    scaled,
)
from services.drive.messages import MalformedMessage
from services.drive.pace import Queue

logger = Logger(service="bundler")


class Worker:
    """Runs until it is told to stop."""

    def __init__(self) -> None:
        self.name = uuid4().hex[:12]  # not the host's: it becomes part of what users are linked to
        self._queues = Queues()
        self._stop = threading.Event()
        self._give_back_at = float("inf")
        self._signs_of_life = [monotonic()] * BUNDLE_SLOTS
        self._times = BuildTimes(BUNDLE_SLOTS)

    def run(self) -> bool:
        """Work until `stop`; return whether everything was finished or given back within STOP_WITHIN."""
        slots = [threading.Thread(target=self._work, args=(slot,), daemon=True) for slot in range(BUNDLE_SLOTS)]
        for slot in slots:
            slot.start()
        while not self._stop.wait(scaled(PACE_INTERVAL)):
            self._tell()
        ends_at = monotonic() + scaled(STOP_WITHIN)
        for slot in slots:
            slot.join(max(0, ends_at - monotonic()))
        return not any(slot.is_alive() for slot in slots)

    def stop(self) -> None:
        """Take no more messages; builds may go on for BUILD_GRACE, then they are given back to their queue."""
        if not self._stop.is_set():
            self._give_back_at = monotonic() + scaled(BUILD_GRACE)
            self._stop.set()

    def _work(self, slot: int) -> None:
        while not self._stop.is_set():
            self._is_alive(slot)
            if slot >= levers.current().bundle_slots:
                self._stop.wait(scaled(PACE_INTERVAL))
                continue
            try:
                received = self._queues.receive(slot)
            except (ClientError, BotoCoreError) as error:
                logger.warning("no message could be received", reason=str(error))
                self._stop.wait(clock.jitter(1, PACE_INTERVAL))
                continue
            if received:
                self._take(slot, received)

    def _take(self, slot: int, received: Received) -> None:
        if self._stop.is_set():
            # It came while the worker was being stopped, and is for another one: at once, this worker's other slots
            # would receive it too, until it had been received too often.
            received.return_after(LONG_POLL)
            return
        built = False
        self._times.begin(slot)
        try:
            built = handle(received, self.name, partial(self._may_go_on, slot))
        except WorkerStops:
            logger.info("a build was given back: the worker stops")
        except MalformedMessage:
            logger.error("a message is none of ours; it will end in the dead-letter queue")
        except Exception:  # a slot must outlive whatever a message does to it; the message comes again
            logger.exception("a message could not be handled")
        finally:
            self._times.end(slot, built=built)

    def _may_go_on(self, slot: int) -> None:
        self._is_alive(slot)
        if monotonic() >= self._give_back_at:
            raise WorkerStops

    def _is_alive(self, slot: int) -> None:
        self._signs_of_life[slot] = monotonic()

    def _tell(self) -> None:
        if monotonic() - min(self._signs_of_life) < WORKER_SILENT:
            HEALTH_FILE.touch()
        slots = min(BUNDLE_SLOTS, levers.current().bundle_slots)
        try:
            self._publish_pace(Queue.BUNDLE, max(slots - 1, min(slots, 1)))
            self._publish_pace(Queue.BUNDLE_SIDELINE, min(slots, 1))
        except (ClientError, BotoCoreError) as error:
            logger.warning("the pace could not be published", reason=str(error))

    def _publish_pace(self, queue: Queue, slots: int) -> None:
        age = self._queues.age(queue)
        mean, is_known = self._times.mean, self._times.is_known
        pace.publish(queue, self.name, slots=slots, mean_seconds=mean, is_known=is_known, queue_age=age)
