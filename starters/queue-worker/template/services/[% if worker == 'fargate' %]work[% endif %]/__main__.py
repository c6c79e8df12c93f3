"""The worker on Fargate: `python -m work` takes messages until SIGTERM, then finishes what is under way."""

import logging
import os
import signal
import threading
from time import monotonic

from orders import clock
from orders.aws import LONG_POLL_TIMEOUT, client
from orders.limits import LEASE, TASK_TIMEOUT
from work.doing import do
from work.health import ALIVE
from work.slots import SLOTS

SIGNALS = {signal.SIGTERM, signal.SIGINT}

STOP_WITHIN = 110
"""Seconds; Amazon ECS on Fargate kills after at most 120. What is not done by then is done by another worker."""

LONGEST_SILENCE = TASK_TIMEOUT + LEASE
"""Seconds; a slot that has not come back for its next message by then hangs."""

logger = logging.getLogger("work")


class Worker:
    """A few slots that each take a message, do what it hints at, and take the next one."""

    def __init__(self) -> None:
        self._stop = threading.Event()
        self._came_back = [monotonic()] * SLOTS

    def run(self) -> bool:
        """Work until `stop`; return whether every slot had finished within STOP_WITHIN."""
        slots = [threading.Thread(target=self._work, args=(slot,), daemon=True) for slot in range(SLOTS)]
        for slot in slots:
            slot.start()
        while not self._stop.wait(5):
            if monotonic() - min(self._came_back) < LONGEST_SILENCE:
                ALIVE.touch()
        until = monotonic() + STOP_WITHIN
        for slot in slots:
            slot.join(max(0.0, until - monotonic()))
        return not any(slot.is_alive() for slot in slots)

    def stop(self) -> None:
        """Take no more messages."""
        self._stop.set()

    def _work(self, slot: int) -> None:
        while not self._stop.is_set():
            self._came_back[slot] = monotonic()
            try:
                take_one()
            except Exception:  # a slot outlives whatever a message does to it
                logger.exception("a message must come again")
                self._stop.wait(clock.jitter(1, 5))


def take_one() -> None:
    """Wait for a message, do what it hints at, delete it."""
    url, count = os.environ["WORK_QUEUE_URL"], "ApproximateReceiveCount"
    answer = client("sqs", read_timeout=LONG_POLL_TIMEOUT).receive_message(
        QueueUrl=url, MaxNumberOfMessages=1, WaitTimeSeconds=20, MessageSystemAttributeNames=[count]
    )
    for message in answer.get("Messages", []):
        do(message["Body"], message["ReceiptHandle"], int(message["Attributes"][count]))
        client("sqs").delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])


def main() -> None:
    """Run one worker; exit with 1 if it was still at work when its time was up, which the leases make good."""
    logging.basicConfig(level=logging.INFO)
    # Waited for instead of handled: a handler would interrupt the main thread inside a lock that it needs itself.
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    worker = Worker()
    finished: list[bool] = []
    running = threading.Thread(target=lambda: finished.append(worker.run()))
    running.start()
    while running.is_alive() and signal.sigtimedwait(SIGNALS, 1) is None:
        pass
    worker.stop()
    running.join()
    os._exit(0 if finished == [True] else 1)  # not sys.exit, which would wait for threads that hang


if __name__ == "__main__":
    main()
