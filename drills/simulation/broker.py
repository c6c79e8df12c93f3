"""A standard queue of Amazon SQS with fair queues, in a simulation: visibility, tries, dead letters, quiet users first.

Fair queues (Amazon SQS Developer Guide, "Amazon SQS fair queues"): a group is noisy that has more than a tenth of the
messages in flight and at least 30 of them, or more than a tenth of the recent processing time; the others are served
first. Without `fair` the queue is first in, first out. `in_turn` is the embedded cloud's stricter rule instead
(embedded_cloud/message_store.py): who has the fewest messages in flight, in turn among equals.
"""

import heapq
from collections import deque
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any

from simpy import Environment, Event

Waiting = Generator[Event, Any, "Message | None"]

NOISY_SHARE = 0.1
NOISY_IN_FLIGHT = 30
RECENT = 60
"""Seconds after which processing time counts for half. An assumption: AWS says "recent"."""


@dataclass(slots=True)
class Message:
    """A hint that a content waits to be built; `accepted_at` is the oldest order's."""

    content: str
    user: str
    accepted_at: float
    sidelined: bool = False
    tries: int = 0
    received_at: float = 0.0


class FairQueue:
    """Messages that wait; `dead` gets those that were received too often."""

    def __init__(
        self,
        clock: Environment,
        *,
        most_receives: int,
        dead: Callable[[Message], None],
        fair: bool = True,
        in_turn: bool = False,
        time_scale: float = 1,
    ) -> None:
        self._clock = clock
        self._most_receives = most_receives
        self._dead = dead
        self._fair = fair
        self._in_turn = in_turn
        self._turns: dict[str, int] = {}  # of each group that waits: who has the smallest was served longest ago
        self._turn = 0
        self._half_life = RECENT / time_scale
        self._groups: dict[str, deque[tuple[int, float, Message]]] = {}
        self._heads: list[tuple[int, float, str]] = []  # of each group: number, when it was sent, whose
        self._waiters: deque[Event] = deque()
        self._in_flight: dict[str, int] = {}
        self._busy: dict[str, tuple[float, float]] = {}  # processing time of a group, and when it was counted
        self._all_busy = (0.0, 0.0)
        self._number = 0
        self.visible = 0
        self.all_in_flight = 0

    @property
    def oldest_sent(self) -> float | None:
        """When the oldest visible message was sent."""
        return self._heads[0][1] if self._heads else None

    def send(self, message: Message) -> None:
        """Add a message, or hand it to whoever has waited longest for one."""
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.triggered:
                self._hand_out(message)
                waiter.succeed(message)
                return
        self._number += 1
        group = self._groups.setdefault(message.user, deque())
        group.append((self._number, self._clock.now, message))
        if len(group) == 1:
            heapq.heappush(self._heads, (self._number, self._clock.now, message.user))
            self._to_the_back(message.user)
        self.visible += 1

    def receive(self, wait: float) -> Waiting:
        """Wait up to `wait` seconds for a message."""
        message = self._take()
        if message or wait <= 0:
            return message
        while self._waiters and self._waiters[0].triggered:
            self._waiters.popleft()
        waiter = self._clock.event()
        self._waiters.append(waiter)
        self._clock.timeout(wait).callbacks.append(lambda _: _give_up(waiter))
        try:
            received: Message | None = yield waiter
        except BaseException:
            if not waiter.triggered:
                waiter.succeed(None)
            elif waiter.value is not None:
                self.return_after(waiter.value, 0)
            raise
        return received

    def drop(self, message: Message) -> None:
        """Delete a received message."""
        self._ended(message)

    def return_after(self, message: Message, seconds: float) -> None:
        """Let a received message come again, unless it was received too often."""
        self._ended(message)
        back = self._dead if message.tries >= self._most_receives else self.send
        if seconds <= 0:
            back(message)
        else:
            self._clock.timeout(seconds).callbacks.append(lambda _: back(message))

    def _take(self) -> Message | None:
        if not self._heads:
            return None
        if self._fair and self._in_turn:
            return self._take_in_turn()
        put_aside = []
        while self._heads and self._is_noisy(self._heads[0][2]):
            put_aside.append(heapq.heappop(self._heads))
        # Everybody is noisy: then nobody is.
        head = heapq.heappop(self._heads) if self._heads else put_aside.pop(0)
        for other in put_aside:
            heapq.heappush(self._heads, other)
        return self._take_from(head[2])

    def _take_in_turn(self) -> Message:
        user = min(self._groups, key=lambda user: (self._in_flight.get(user, 0), self._turns[user]))
        self._heads = [head for head in self._heads if head[2] != user]
        heapq.heapify(self._heads)
        self._to_the_back(user)
        return self._take_from(user)

    def _to_the_back(self, user: str) -> None:
        self._turn += 1
        self._turns[user] = self._turn

    def _take_from(self, user: str) -> Message:
        group = self._groups[user]
        _, _, message = group.popleft()
        if group:
            number, sent, _ = group[0]
            heapq.heappush(self._heads, (number, sent, user))
        else:
            del self._groups[user]
        self.visible -= 1
        self._hand_out(message)
        return message

    def _hand_out(self, message: Message) -> None:
        message.tries += 1
        message.received_at = self._clock.now
        self._in_flight[message.user] = self._in_flight.get(message.user, 0) + 1
        self.all_in_flight += 1

    def _ended(self, message: Message) -> None:
        self.all_in_flight -= 1
        left = self._in_flight[message.user] - 1
        if left:
            self._in_flight[message.user] = left
        else:
            del self._in_flight[message.user]
        took = self._clock.now - message.received_at
        self._busy[message.user] = (self._recent(self._busy.get(message.user, (0.0, 0.0))) + took, self._clock.now)
        self._all_busy = (self._recent(self._all_busy) + took, self._clock.now)
        if len(self._busy) > FORGET_BEYOND:
            self._busy = {user: busy for user, busy in self._busy.items() if self._recent(busy) > took / 100}

    def _recent(self, busy: tuple[float, float]) -> float:
        spent, at = busy
        return spent * float(0.5 ** ((self._clock.now - at) / self._half_life))

    def _is_noisy(self, user: str) -> bool:
        if not self._fair:
            return False
        in_flight = self._in_flight.get(user, 0)
        if in_flight >= NOISY_IN_FLIGHT and in_flight > NOISY_SHARE * self.all_in_flight:
            return True
        everybody = self._recent(self._all_busy)
        return everybody > 0 and self._recent(self._busy.get(user, (0.0, 0.0))) > NOISY_SHARE * everybody


FORGET_BEYOND = 20_000
"""Users of whom a queue remembers how long their messages took."""


def _give_up(waiter: Event) -> None:
    if not waiter.triggered:
        waiter.succeed(None)
