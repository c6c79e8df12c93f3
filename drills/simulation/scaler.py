"""What Application Auto Scaling does with the bundler's tasks: both models ask it once a minute.

The delays that no template holds are AWS's own and documented at the constants.
"""

import math
from dataclasses import dataclass, field

from drills.simulation.design import Scaling

MINUTE = 60

BREACHING_OUT = 3
"""Minutes above the target before target tracking adds tasks (the alarm that it makes for itself: 3 of 3 points)."""

BREACHING_IN = 15
"""And minutes clearly below it before it takes one away (15 of 15 points)."""

CLEARLY_BELOW = 0.9
"""Target tracking removes capacity when the metric is more than 10 % below the target (Application Auto Scaling User
Guide, "How target tracking scaling works")."""

LAUNCH_BURST = 100
LAUNCHES_PER_SECOND = 20
"""Fargate starts so many tasks at once and then so many a second, per account and region (Amazon ECS Developer Guide,
"AWS Fargate throttling quotas")."""


@dataclass
class Scaler:
    """The number of tasks that is wanted; `minute` are seconds of the run."""

    scaling: Scaling
    time_scale: float = 1
    wanted: int = 0
    _above: int = 0
    _below: int = 0
    _out_until: float = field(default=-math.inf)
    _in_until: float = field(default=-math.inf)
    _step_until: float = field(default=-math.inf)

    def __post_init__(self) -> None:
        self.wanted = self.scaling.least

    @property
    def minute(self) -> float:
        """Return how often it has to be asked."""
        return MINUTE / self.time_scale

    def look(self, now: float, *, waiting: float, oldest: float, running: float) -> int:
        """Return how many tasks are wanted from now on; `oldest` (seconds) is the age of the oldest fresh message."""
        late, tracked = self._late(now, oldest), self._track(now, waiting / max(1.0, running), running)
        # Policies that disagree: the one that wants most wins, and only tracking ever takes tasks away.
        wanted = max(late, tracked) if late > self.wanted else tracked
        self.wanted = max(self.scaling.least, min(self.scaling.most, wanted))
        return self.wanted

    def _late(self, now: float, oldest: float) -> int:
        beyond = oldest * self.time_scale - self.scaling.late_after
        if beyond < 0 or now < self._step_until:
            return self.wanted
        percent = max(step.percent for step in self.scaling.steps if beyond >= step.above)
        self._step_until = now + self.scaling.step_cooldown / self.time_scale
        return self.wanted + max(self.scaling.least_step, int(self.wanted * percent / 100))

    def _track(self, now: float, backlog: float, running: float) -> int:
        target = self.scaling.backlog_per_task
        self._above = self._above + 1 if backlog > target else 0
        self._below = self._below + 1 if backlog < CLEARLY_BELOW * target else 0
        if self._above >= BREACHING_OUT and now >= self._out_until:
            self._out_until = now + self.scaling.out_cooldown / self.time_scale
            return max(self.wanted, math.ceil(max(1.0, running) * backlog / target))
        if self._below >= BREACHING_IN and now >= self._in_until and now >= self._out_until:
            self._in_until = now + self.scaling.in_cooldown / self.time_scale
            return min(self.wanted, math.ceil(max(1.0, running) * backlog / target))
        return self.wanted


def launched(seconds: float) -> float:
    """Return how many tasks Fargate has begun to start so long (seconds of AWS) after they were asked for."""
    return LAUNCH_BURST + LAUNCHES_PER_SECOND * seconds


class Fleet:
    """Tasks that run, and those that were asked for: what Fargate makes of a wish."""

    def __init__(self, running: float, start_seconds: float, time_scale: float) -> None:
        self.running = float(running)
        self._start_seconds, self._time_scale = start_seconds, time_scale
        self._starting: list[tuple[float, float, float]] = []  # when it was asked for, how many, how many of them run

    def want(self, now: float, wanted: float) -> None:
        """Ask for what is missing, or stop what is too many."""
        coming = sum(count - started for _, count, started in self._starting)
        if wanted > self.running + coming:
            self._starting.append((now, wanted - self.running - coming, 0.0))
        elif wanted < self.running:
            self.running = float(wanted)

    def at(self, now: float) -> float:
        """Start what is due, and return how many run."""
        still = []
        for asked_at, count, before in self._starting:
            since = (now - asked_at - self._start_seconds) * self._time_scale
            started = before if since < 0 else min(count, launched(since))
            self.running += started - before
            if started < count:
                still.append((asked_at, count, started))
        self._starting = still
        return self.running
