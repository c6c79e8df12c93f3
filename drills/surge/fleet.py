"""The bundler's tasks of one region, as the simulated autoscaler wants them, started where there is capacity.

fleet = Fleet(drive, region, Autoscaler(scaling), clock, load_factor=40)
with fleet.standing():                      # as many as run every day
    play(drive, run, scenario, [Event(0, "", fleet.begin)])
fleet.running, fleet.wanted                 # lines of a plot, in tasks of the template
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from drills.frame.watching import messages
from drills.surge.autoscaling import Autoscaler
from drills.traffic.weather import TASK_START
from embedded_cloud.workers import ZONES

if TYPE_CHECKING:
    from drills.frame.running import Drive

MINUTE = 60.0


@dataclass(frozen=True)
class Clock:
    """Turns seconds of the load into moments of the planned day. What comes before the event passes faster."""

    start: datetime
    """Of the event."""
    begins: float
    """The load's second at which the event starts."""
    lead: timedelta
    """So much of the day lies before it."""
    time_scale: float

    def moment(self, second: float) -> datetime:
        """Return the moment of the planned day."""
        if second >= self.begins:
            return self.start + timedelta(seconds=(second - self.begins) * self.time_scale)
        return self.start - self.lead * ((self.begins - second) / self.begins)


@dataclass
class Fleet:
    """Workers: one process stands for `tasks_per_worker` tasks of the template."""

    drive: "Drive"
    region: str
    autoscaler: Autoscaler
    clock: Clock
    tasks_per_worker: int
    load_factor: float
    """So many messages of the real drive one message stands for."""
    has_capacity: bool = True
    """False: every task that is asked for finds none ("capacity is unavailable")."""
    refused: int = 0
    """Workers that were asked for and found no capacity."""
    running: list[tuple[float, float]] = field(default_factory=list)
    wanted: list[tuple[float, float]] = field(default_factory=list)
    _ended: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None
    _error: Exception | None = None
    _coming: list[tuple[float, int]] = field(default_factory=list)

    @contextmanager
    def standing(self) -> Iterator["Fleet"]:
        """Have the everyday minimum at work; at the end look no more, and raise what went wrong meanwhile."""
        workers = self.drive.workers[self.region]
        everyday = self.workers_for(self.autoscaler.scaling.minimum)
        workers.kill(workers.tasks[everyday:])
        workers.start(ZONES[len(workers.tasks) : everyday])
        try:
            yield self
        finally:
            self._ended.set()
            if self._thread:
                self._thread.join()
        if self._error:
            raise self._error

    def workers_for(self, tasks: int) -> int:
        """Return how many processes stand for so many tasks; at least one."""
        return max(1, tasks // self.tasks_per_worker)

    def begin(self) -> None:
        """Look each minute from now on: second 0 of the load."""
        self._thread = threading.Thread(target=self._go_on, args=(time.time(),), name="fleet", daemon=True)
        self._thread.start()

    def at_work(self, second: float) -> float:
        """Return how many tasks ran at a second of the load."""
        return next((count for at, count in reversed(self.running) if at <= second), 0.0)

    def _go_on(self, begun: float) -> None:
        minute = MINUTE / self.drive.cloud.time_scale
        turn = 0
        try:
            while not self._ended.wait(max(0.0, begun + turn * minute - time.time())):
                self._look(time.time() - begun)
                turn += 1
        except Exception as error:  # noqa: BLE001  raised again by `standing`, in the thread that waits
            self._error = error

    def _look(self, second: float) -> None:
        self._arrive(second)
        age, backlog = self._queue()
        wanted = self.autoscaler.look(self.clock.moment(second), age=age, backlog=backlog * self.load_factor)
        present = len(self.drive.workers[self.region].tasks) + sum(count for _, count in self._coming)
        missing = self.workers_for(wanted) - present
        if missing > 0 and self.has_capacity:
            self._coming.append((second + TASK_START / self.drive.cloud.time_scale, missing))
        elif missing > 0:
            self.refused += missing
        self.wanted.append((second, float(wanted)))
        self.running.append((second, float(len(self.drive.workers[self.region].tasks) * self.tasks_per_worker)))

    def _arrive(self, second: float) -> None:
        """Start what was asked for long enough ago, in the zones that have the fewest."""
        workers = self.drive.workers[self.region]
        due = [each for each in self._coming if each[0] <= second]
        for each in due:
            self._coming.remove(each)
            for _ in range(each[1]):
                workers.start([min(ZONES, key=lambda zone: len(workers.in_zone(zone)))])

    def _queue(self) -> tuple[float, float]:
        """Return the age (seconds of the real drive) of what is handed out now, and how many messages wait."""
        waiting = sum(messages(self.drive, queue, self.region)[0] for queue in ("bundle", "bundle-sideline"))
        answer = self.drive.client("dynamodb", self.region).query(
            TableName=self.drive.design.name("pace"),
            KeyConditionExpression="pk = :queue",
            ExpressionAttributeValues={":queue": {"S": "PACE#bundle"}},
        )
        ages = [float(item["queue_age"]["N"]) for item in answer["Items"]] if waiting else []
        return max(ages, default=0.0) * self.drive.cloud.time_scale, float(waiting)
