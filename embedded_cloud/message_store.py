"""The messages of one standard queue, so kept that 10^5 of them cost no more per call than ten.

Ministack keeps a list and walks all of it at each receive, delete and count. Handing out is fair by message group
(simulation of fair queues): the group with the fewest messages in flight first, in turn among equals; inside a group
in the order of arrival. With `fair` off there is one group: the order of arrival for everybody.
"""

import heapq
import itertools
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any

Message = dict[str, Any]
_SERIAL = "_serial"


class Messages:
    """Stands where ministack keeps its list: `append`, `remove`, `clear`, `len` and iteration do what a list's do."""

    def __init__(
        self,
        messages: Iterable[Message],
        lock: threading.RLock,
        *,
        fair: bool,
        complete: Callable[[Message], None],
        arriving: Callable[[Message], list[Message]],
    ) -> None:
        self._lock = lock
        self._fair = fair
        self._complete = complete
        self._arriving = arriving
        self._serials = itertools.count()
        self.clear()
        for message in messages:
            self.add(message)

    def clear(self) -> None:
        self._messages: dict[int, Any] = {}
        self._by_receipt: dict[str, int] = {}
        self._in_flight: set[int] = set()
        self._delayed: set[int] = set()
        self._hidden: list[tuple[float, int]] = []
        self._waiting: dict[str | None, deque[int]] = {}
        self._group_in_flight: Counter[str | None] = Counter()
        self._turns = itertools.count()
        self._offers: dict[str | None, tuple[int, int, str | None]] = {}
        self._offered: list[tuple[int, int, str | None]] = []

    def append(self, message: Message) -> None:
        """A message is sent; a storm may double or delay it."""
        with self._lock:
            for one in self._arriving(message):
                self.add(one)

    def add(self, message: Message) -> None:
        """Takes a message in as it is: sent, restored from disk or moved from another queue."""
        with self._lock:
            self._complete(message)
            serial = message[_SERIAL] = next(self._serials)
            self._messages[serial] = message
            if message["receipt_handle"] is not None:
                self._by_receipt[message["receipt_handle"]] = serial
            if message["visible_at"] <= time.time():
                self._wait(serial)
                return
            heapq.heappush(self._hidden, (message["visible_at"], serial))
            if message["receive_count"] == 0:
                self._delayed.add(serial)
            else:
                self._in_flight.add(serial)
                self._group_in_flight[self._group(message)] += 1

    def remove(self, message: Message) -> None:
        with self._lock:
            serial = message[_SERIAL]
            del self._messages[serial]
            self._delayed.discard(serial)
            if message["receipt_handle"] is not None:
                self._by_receipt.pop(message["receipt_handle"], None)
            self._landed(serial, message)

    def __len__(self) -> int:
        return len(self._messages)

    def __getitem__(self, index: int) -> Message:
        """Only the last one is ever asked for: EventBridge looks at what it has just appended."""
        if index != -1:
            raise IndexError(index)
        with self._lock:
            return dict(next(reversed(self._messages.values()), {}))  # {}: a poller was faster

    def __iter__(self) -> Iterator[Message]:
        with self._lock:
            return iter(list(self._messages.values()))

    def __deepcopy__(self, memo: dict[int, Any]) -> list[Message]:
        # Ministack writes its state from a deep copy: on disk stands its own list.
        return [{name: value for name, value in message.items() if name != _SERIAL} for message in self]

    def received_as(self, receipt: str) -> Message | None:
        """The message that was last handed out with this receipt."""
        serial = self._by_receipt.get(receipt)
        return None if serial is None else self._messages[serial]

    def hide(self, message: Message, seconds: float) -> None:
        """Changes the visibility of a message in flight."""
        serial = message[_SERIAL]
        if serial in self._in_flight:
            message["visible_at"] = time.time() + seconds
            heapq.heappush(self._hidden, (message["visible_at"], serial))

    def counts(self) -> tuple[int, int, int]:
        """How many are visible, in flight, delayed."""
        visible = len(self._messages) - len(self._in_flight) - len(self._delayed)
        return visible, len(self._in_flight), len(self._delayed)

    def expire(self, sent_before: float) -> None:
        """Drops what was kept for the queue's retention period. Messages stand in the order of their arrival."""
        with self._lock:
            while self._messages:
                oldest = next(iter(self._messages.values()))
                if oldest.get("enqueued_at", oldest["sent_at"]) > sent_before:
                    return
                self.remove(oldest)

    def surface(self, most_receives: int, move: Callable[[Message], None]) -> None:
        """Makes visible what is due; `move` gets what was received too often, which leaves this queue."""
        now = time.time()
        while self._hidden and self._hidden[0][0] <= now:
            _, serial = heapq.heappop(self._hidden)
            message = self._messages.get(serial)
            due = serial in self._in_flight or serial in self._delayed
            if message is None or not due or message["visible_at"] > now:
                continue  # deleted, visible already, or hidden for longer since
            if most_receives and message["receive_count"] >= most_receives:
                self.remove(message)
                move(message)
                continue
            self._delayed.discard(serial)
            self._landed(serial, message)
            self._wait(serial)

    def take(self, most: int, hidden_seconds: float, receipt: Callable[[], str]) -> list[Message]:
        """Hands out up to `most` visible messages and hides them."""
        taken: list[Message] = []
        now = time.time()
        while len(taken) < most and (serial := self._next()) is not None:
            message = self._messages[serial]
            if message["receipt_handle"] is not None:
                self._by_receipt.pop(message["receipt_handle"], None)
            message["receipt_handle"] = receipt()
            message["visible_at"] = now + hidden_seconds
            message["receive_count"] += 1
            message["first_receive_at"] = message.get("first_receive_at") or now
            self._by_receipt[message["receipt_handle"]] = serial
            heapq.heappush(self._hidden, (message["visible_at"], serial))
            taken.append(message)
        return taken

    def _next(self) -> int | None:
        while self._offered:
            offer = heapq.heappop(self._offered)
            group = offer[2]
            if self._offers.get(group) != offer:
                continue  # made anew since
            waiting = self._waiting[group]
            serial = waiting.popleft()
            del self._offers[group]
            if serial in self._messages:
                self._in_flight.add(serial)
                self._group_in_flight[group] += 1
                self._offer(group, next(self._turns))
                return serial
            self._offer(group, offer[1])
        return None

    def _wait(self, serial: int) -> None:
        group = self._group(self._messages[serial])
        self._waiting.setdefault(group, deque()).append(serial)
        if group not in self._offers:
            self._offer(group, next(self._turns))

    def _offer(self, group: str | None, turn: int) -> None:
        if not self._waiting.get(group):
            self._waiting.pop(group, None)
            self._offers.pop(group, None)
            return
        self._offers[group] = (self._group_in_flight.get(group, 0), turn, group)
        heapq.heappush(self._offered, self._offers[group])
        if len(self._offered) > 2 * len(self._offers) + 64:
            self._offered = sorted(self._offers.values())

    def _landed(self, serial: int, message: Message) -> None:
        if serial not in self._in_flight:
            return
        self._in_flight.discard(serial)
        group = self._group(message)
        self._group_in_flight[group] -= 1
        if self._group_in_flight[group] <= 0:
            del self._group_in_flight[group]
        if group in self._offers:
            self._offer(group, self._offers[group][1])

    def _group(self, message: Message) -> str | None:
        return message["group_id"] if self._fair else None
