"""Which queue a slot looks at: one drains the sideline first, the others do while nobody waits in the fresh queue."""

import math

from services.bundler import inbox
from services.bundler.inbox import Received
from services.drive import clock, messages
from services.drive.limits import FRESH_QUEUE, LONG_POLL, SHORT_POLL, scaled
from services.drive.messages import MalformedMessage
from services.drive.pace import Queue


class Queues:
    """Both queues of bundles, as the slots of one worker see them."""

    def __init__(self) -> None:
        self._seen: dict[Queue, tuple[float, float]] = {}

    def receive(self, slot: int) -> Received | None:
        """Wait for a message for a slot (0 is the sideline's); None after a while without one."""
        if slot == 0 or self._fresh_are_served():
            received = self._look(Queue.BUNDLE_SIDELINE, SHORT_POLL)
            if received:
                return received
        return self._look(Queue.BUNDLE, math.ceil(scaled(LONG_POLL)))

    def age(self, queue: Queue) -> float:
        """Return the age (seconds) of the order whose message a queue gave last, 0 if it gave none."""
        return self._seen.get(queue, (0, 0))[1]

    def _fresh_are_served(self) -> bool:
        """Nobody looked at the fresh queue since, so what was there has aged, or may have come and aged."""
        if Queue.BUNDLE not in self._seen:
            return False
        at, age = self._seen[Queue.BUNDLE]
        return age + clock.now() - at < scaled(FRESH_QUEUE)

    def _look(self, queue: Queue, wait: int) -> Received | None:
        received = inbox.receive(queue, wait)
        self._seen[queue] = (clock.now(), _age(received) if received else 0)
        return received


def _age(received: Received) -> float:
    try:
        return messages.parse_order(received.body).age
    except MalformedMessage:
        return 0
