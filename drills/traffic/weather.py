"""What goes wrong in a storm: workers die and are replaced, messages come twice and late."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from drills.traffic.playing import Event

if TYPE_CHECKING:
    from drills.frame.running import Drive

TASK_START = 60
"""Seconds of the real drive until a task on Fargate that replaces another one works: image, network, first poll. An
assumption [to be measured in a real account], used for both: how late a successor comes, and how soon none may."""

DOUBLED = 0.1
DELAYED = 0.2
DELAY = 120
"""Of the messages so many come twice, so many late, by so many seconds of the real drive."""


@dataclass
class Weather:
    """The weather over one region."""

    drive: "Drive"
    region: str
    kills: list[int] = field(default_factory=list)
    """How many workers died, each time."""

    def messages(self, start: float, end: float) -> Iterator[Event]:
        """Double and delay messages from `start` to `end` (seconds of the load)."""
        cloud = self.drive.cloud
        delay = DELAY / cloud.time_scale
        yield Event(
            start,
            "messages come twice and late",
            lambda: cloud.start_message_storm(doubled=DOUBLED, delayed=DELAYED, delay_seconds=delay),
            is_shown=False,
        )
        yield Event(end, "messages come once", cloud.start_message_storm, is_shown=False)

    def deaths(self, start: float, end: float, times: int) -> Iterator[Event]:
        """Kill a worker `times` times, evenly over the time; its zone gets another one after TASK_START."""
        zones = ("a", "b", "c")
        for number in range(times):
            at, zone = start + (number + 0.5) * (end - start) / times, zones[number % len(zones)]
            yield Event(at, "worker killed", lambda zone=zone: self.kill(zone, 1))  # type: ignore[misc]
            yield Event(at + self.restart, f"worker in {zone}", lambda zone=zone: self.start(zone, 1), is_shown=False)  # type: ignore[misc]

    @property
    def restart(self) -> float:
        """Seconds from a worker's death until its successor starts."""
        return TASK_START / self.drive.cloud.time_scale

    def kill(self, zone: str, most: int | None = None) -> None:
        """Kill workers of a zone: all, or so many at most."""
        workers = self.drive.workers[self.region]
        dying = workers.in_zone(zone)[:most]
        workers.kill(dying)
        self.kills.append(len(dying))

    def start(self, zone: str, count: int) -> None:
        """Start workers in a zone, as the service's scheduler does."""
        self.drive.workers[self.region].start([zone] * count)


@contextmanager
def builds_at_a_time(drive: "Drive", region: str, slots: int) -> Iterator[None]:
    """Turn the lever that says how many builds a worker does at a time; turn it back at the end.

    The emulator is one process: more builds at a time would only take from it what the API needs.
    """
    from drills.local.levers import publish

    publish(drive.deployed, region, "levers", {"bundle_slots": slots})
    try:
        yield
    finally:
        publish(drive.deployed, region, "levers", {})
