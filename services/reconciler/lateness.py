"""When an order or a job is taken for lost by its queue."""

import math

from services.drive import clock, pace
from services.drive.limits import LATE_BEYOND_QUEUE, scaled
from services.drive.pace import Queue


class Lateness:
    """What the queues of one kind hand out now, looked up once.

    In a storm every order is old, and its message is safe in the queue or on the sideline. It is lost when what is
    handed out now was accepted clearly later; the sideline, where the old ones are, counts as well.
    """

    def __init__(self, fresh: Queue, sideline: Queue) -> None:
        fresh_age, sideline_age = pace.queue_age(fresh), pace.queue_age(sideline)
        is_known = fresh_age is not None and sideline_age is not None
        # Messages that wait while nobody receives them are not lost, and more of them would only lengthen the queue.
        self._limit = max(fresh_age or 0, sideline_age or 0) + scaled(LATE_BEYOND_QUEUE) if is_known else math.inf

    def is_lost(self, *, accepted_at: int, sent_at: int) -> bool:
        """Return whether a message is missing for what was accepted and sent then (milliseconds)."""
        return clock.age(accepted_at) > self._limit and clock.age(sent_at) > self._limit
