"""Keeps an order with its worker while it is worked on, and gives it back when that fails or dies."""

import logging
import math
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic

from botocore.exceptions import BotoCoreError, ClientError
from orders import clock, records
from orders.aws import client
from orders.limits import HEARTBEAT, LEASE, RETRY_PAUSE, TASK_TIMEOUT
from orders.records import Order

logger = logging.getLogger("work")


@dataclass(frozen=True)
class Held:
    """A message that is this worker's until its visibility timeout."""

    queue_url: str
    receipt: str
    receives: int

    def hide(self, seconds: float) -> None:
        """Let it come again after so long."""
        client("sqs").change_message_visibility(
            QueueUrl=self.queue_url,
            ReceiptHandle=self.receipt,
            VisibilityTimeout=math.ceil(clock.scaled(seconds)),
        )


@contextmanager
def keeping(order: Order, message: Held) -> Iterator[None]:
    """Keep the order leased and its message hidden until the block ends, for at most TASK_TIMEOUT.

    If this worker dies, both are free again after LEASE. An error in the block frees both after a pause.
    """
    _attempt(order, lambda: message.hide(LEASE))
    ended = threading.Event()
    beats = threading.Thread(target=_beat, args=(order, message, ended), daemon=True)
    beats.start()
    try:
        yield
    except Exception:
        ended.set()
        beats.join()  # what it says last must not come after this
        _attempt(order, lambda: records.release(order))
        _attempt(order, lambda: message.hide(RETRY_PAUSE * 2 ** (message.receives - 1)))
        raise
    finally:
        ended.set()


def _beat(order: Order, message: Held, ended: threading.Event) -> None:
    until = monotonic() + TASK_TIMEOUT
    while not ended.wait(clock.scaled(HEARTBEAT)) and monotonic() < until:
        _attempt(order, lambda: records.keep(order))
        _attempt(order, lambda: message.hide(LEASE))


def _attempt(order: Order, call: Callable[[], object]) -> None:
    """What cannot be said now is said by the next heartbeat, or by the lease that runs out."""
    try:
        call()
    except (BotoCoreError, ClientError):
        logger.warning("order %s: its lease or its message could not be changed", order.id, exc_info=True)
