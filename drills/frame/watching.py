"""Looks at a running drive once a second: how long queues are, what a new order would wait, how large processes are.

    with Watch.running(drive, region) as watch:
        …
    watch.peak("bundle"), watch.drained_after("bundle", moment)

All moments are seconds since 1970. Looking costs the emulator about one percent of what it carries.
"""

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING, Any

from drills.frame.plots import Line

if TYPE_CHECKING:
    from drills.frame.running import Drive

QUEUES = ("deliver", "deliver-sideline", "bundle", "bundle-sideline", "notify")
DEAD_LETTERS = tuple(f"{queue}-dead-letters" for queue in QUEUES)
EVERY = 1.0
"""Seconds between two looks."""
MEGABYTE = 2**20
LEAST_LOOKS = 12
"""A process that was seen less often says nothing about growth."""
EMULATOR = "emulator"

_COUNTS = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible", "ApproximateNumberOfMessagesDelayed")


@dataclass(frozen=True)
class Look:
    """What was seen at one moment."""

    at: float
    depths: Mapping[str, int]
    """Messages of each queue: visible, in flight and delayed ones."""
    wait: float | None
    """Seconds that a new bundle would wait, as the API estimates it; None while no worker tells its pace."""
    memory: Mapping[tuple[str, int], int]
    """Resident bytes by name and process id."""


@dataclass
class Watch:
    """Looks until it is told to stop."""

    drive: "Drive"
    region: str
    looks: list[Look] = field(default_factory=list)
    failures: int = 0
    """Looks in vain, as while the region is down."""

    @classmethod
    @contextmanager
    def running(cls, drive: "Drive", region: str) -> "Iterator[Watch]":
        """Look in the background for as long as the block lasts."""
        watch, ended = cls(drive, region), threading.Event()
        thread = threading.Thread(target=watch._go_on, args=(ended,), name="watch", daemon=True)
        thread.start()
        try:
            yield watch
        finally:
            ended.set()
            thread.join()

    def _go_on(self, ended: threading.Event) -> None:
        due = time.monotonic()
        while not ended.is_set():
            try:
                self.looks.append(self.look())
            except Exception:  # noqa: BLE001  whatever a broken drive answers: a look is missing, and is counted
                self.failures += 1
            due = max(due + EVERY, time.monotonic())
            ended.wait(due - time.monotonic())

    def look(self) -> Look:
        """Look once."""
        counts = {queue: messages(self.drive, queue, self.region) for queue in QUEUES}
        depths = {queue: sum(found) for queue, found in counts.items()}
        return Look(
            time.time(), depths, self._wait(counts["bundle"][0], counts["bundle-sideline"][0]), _memory(self.drive)
        )

    def _wait(self, fresh: int, aside: int) -> float | None:
        """What services/drive/pace.py estimates."""
        rate = drain_rate(self.drive, self.region)
        together = rate + drain_rate(self.drive, self.region, "bundle-sideline")
        return max(fresh / rate, (fresh + aside) / together) if rate else None

    def peak(self, queue: str) -> int:
        """Return the most messages that a queue held."""
        return max((look.depths[queue] for look in self.looks), default=0)

    def drained_after(self, queue: str, moment: float) -> float:
        """Return how many seconds after `moment` the queue was empty for good; 0 if it was empty by then."""
        held = [look.at for look in self.looks if look.depths[queue]]
        return max(0.0, max(held, default=0.0) - moment)

    def wait_at(self, moment: float) -> float | None:
        """Return what a new order would have waited at a moment: of the last look before it."""
        before = [look.wait for look in self.looks if look.at <= moment and look.wait is not None]
        return before[-1] if before else None

    def longest_wait(self, since: float = 0.0, until: float = float("inf")) -> float:
        """Return the longest wait that a new bundle had before it."""
        return max((look.wait for look in self.looks if look.wait and since <= look.at <= until), default=0.0)

    def most_memory(self) -> dict[str, float]:
        """Return by name the most megabytes that any process of that name held."""
        most: dict[str, float] = defaultdict(float)
        for look in self.looks:
            for (name, _), size in look.memory.items():
                most[name] = max(most[name], size / MEGABYTE)
        return dict(most)

    def growth(self) -> dict[str, float]:
        """Return by name by how many megabytes the process that grew most grew, from its second quarter to its last.

        The first quarter is left out: until then a process imports, connects and fills its caches.
        """
        seen: dict[tuple[str, int], list[int]] = defaultdict(list)
        for look in self.looks:
            for process, size in look.memory.items():
                seen[process].append(size)
        grown: dict[str, float] = {}
        for (name, _), sizes in seen.items():
            if len(sizes) >= LEAST_LOOKS:
                quarter = len(sizes) // 4
                by = (median(sizes[-quarter:]) - median(sizes[quarter : 2 * quarter])) / MEGABYTE
                grown[name] = max(grown.get(name, by), by)
        return grown

    def line(self, name: str, value: Callable[[Look], float | None], *, start: float) -> Line:
        """Return what was seen as a line of a plot, over seconds since `start`."""
        found = ((look.at - start, value(look)) for look in self.looks)
        return Line(name, [(at, seen) for at, seen in found if seen is not None])


def messages(drive: "Drive", queue: str, region: str) -> tuple[int, int, int]:
    """Return how many messages of a queue are visible, in flight, and delayed."""
    answer = drive.client("sqs", region).get_queue_attributes(
        QueueUrl=drive.queue_url(queue, region), AttributeNames=list(_COUNTS)
    )
    visible, in_flight, delayed = (int(answer["Attributes"][name]) for name in _COUNTS)
    return visible, in_flight, delayed


def drain_rate(drive: "Drive", region: str, queue: str = "bundle") -> float:
    """Return how many bundles the workers finish per second, from the same items that the API reads."""
    from services.drive.limits import PACE_VALID
    from services.drive.pace import Pace, together

    answer = drive.client("dynamodb", region).query(
        TableName=drive.design.name("pace"),
        KeyConditionExpression="pk = :queue",
        ExpressionAttributeValues={":queue": {"S": f"PACE#{queue}"}},
    )
    since = time.time() - PACE_VALID / drive.cloud.time_scale
    present = (item for item in answer["Items"] if float(item["at"]["N"]) >= since)
    return together(
        [
            Pace(float(item["slots"]["N"]), float(item["mean_seconds"]["N"]), bool(item["is_known"]["BOOL"]))
            for item in present
        ]
    )


def open_orders(drive: "Drive", region: str) -> int:
    """Return how many orders of a region wait, without those whose users were told that it cannot be done."""
    from services.drive.limits import ORDER_SHARDS

    dynamodb: Any = drive.client("dynamodb", region)
    count = 0
    for shard in range(ORDER_SHARDS):
        pages = dynamodb.get_paginator("query").paginate(
            TableName=drive.design.name("drive"),
            IndexName="open-orders",
            KeyConditionExpression="#open = :shard",
            FilterExpression="attribute_not_exists(failed_at)",
            ExpressionAttributeNames={"#open": "open"},
            ExpressionAttributeValues={":shard": {"S": f"{region}#{shard}"}},
        )
        count += sum(len(page["Items"]) for page in pages)
    return count


def settled(drive: "Drive", regions: tuple[str, ...], *, within: float) -> bool:
    """Wait until nothing is under way any more, for `within` seconds at most; return whether that is so."""
    ends_at = time.monotonic() + within
    while time.monotonic() < ends_at:
        under_way = any(sum(messages(drive, queue, region)) for region in regions for queue in QUEUES)
        if not under_way and not any(open_orders(drive, region) for region in regions):
            return True
        time.sleep(EVERY)
    return False


def _memory(drive: "Drive") -> dict[tuple[str, int], int]:
    found = {(process.name, process.pid): process.resident_bytes for process in drive.cloud.processes()}
    for region, workers in drive.workers.items():
        # A copy: another thread may be killing and starting some.
        found |= {(f"{region}:bundler", task.process.pid): task.resident_bytes for task in list(workers.tasks)}
    return {process: size for process, size in found.items() if size}
