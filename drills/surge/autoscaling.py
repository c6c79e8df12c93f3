"""How many of the bundler's tasks would run, by the numbers of the template: a simulation of Application Auto Scaling.

The emulator has none. Once a minute it looks at the queue and asks for tasks; those run a minute later, if there is
capacity. The minimum follows the scheduled actions. Nothing is ever taken away: that takes ten quiet minutes.

    scaling = Scaling.of(design.templates["Bundling-eu-west-1"])
    autoscaler = Autoscaler(scaling)
    wanted = autoscaler.look(moment, age=seconds, backlog=messages)
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

MINUTES_ABOVE = 3
"""Target tracking acts when its metric was above the target for so many minutes in a row (Application Auto Scaling User
Guide, "How target tracking scaling works": its alarms need three data points)."""

TARGET, POLICY = "AWS::ApplicationAutoScaling::ScalableTarget", "AWS::ApplicationAutoScaling::ScalingPolicy"


@dataclass(frozen=True)
class Raise:
    """A scheduled action: another minimum from a moment (UTC) on."""

    name: str
    at: datetime
    minimum: int


@dataclass(frozen=True)
class Late:
    """Step scaling: when the oldest message is `threshold` seconds old, by so many percent of what runs."""

    threshold: float
    steps: tuple[tuple[float, int], ...]
    """(seconds beyond the threshold, percent), the smallest first."""
    least: int
    """Tasks that a step adds at least."""
    cooldown: float


@dataclass(frozen=True)
class Scaling:
    """What a template says about the number of a service's tasks."""

    minimum: int
    maximum: int
    raises: tuple[Raise, ...]
    late: Late
    backlog_per_task: float

    @classmethod
    def of(cls, template: Mapping[str, Any]) -> "Scaling":
        """Read the template of a region's stack `Bundling`; raises ValueError when something is missing."""
        resources = template["Resources"]
        [target] = [found["Properties"] for found in resources.values() if found["Type"] == TARGET]
        policies = {name: found["Properties"] for name, found in resources.items() if found["Type"] == POLICY}
        [step] = [name for name, found in policies.items() if found["PolicyType"] == "StepScaling"]
        [tracking] = [found for found in policies.values() if found["PolicyType"] == "TargetTrackingScaling"]
        [alarm] = [
            found["Properties"]
            for found in resources.values()
            if found["Type"] == "AWS::CloudWatch::Alarm"
            and {"Ref": step} in found["Properties"].get("AlarmActions", [])
        ]
        return cls(
            int(target["MinCapacity"]),
            int(target["MaxCapacity"]),
            tuple(raises(target)),
            _late(policies[step]["StepScalingPolicyConfiguration"], float(alarm["Threshold"])),
            float(tracking["TargetTrackingScalingPolicyConfiguration"]["TargetValue"]),
        )

    def minimum_at(self, moment: datetime) -> int:
        """Return the minimum that is in force."""
        past = [action for action in self.raises if action.at <= moment]
        return past[-1].minimum if past else self.minimum


def raises(target: Mapping[str, Any]) -> Iterator[Raise]:
    """Yield the scheduled actions of a scalable target (its properties), the earliest first."""
    found = []
    for action in target.get("ScheduledActions", []):
        written = action["Schedule"].removeprefix("at(").removesuffix(")")
        at = datetime.fromisoformat(written).replace(tzinfo=UTC)
        found.append(Raise(action["ScheduledActionName"], at, int(action["ScalableTargetAction"]["MinCapacity"])))
    yield from sorted(found, key=lambda action: action.at)


def _late(policy: Mapping[str, Any], threshold: float) -> Late:
    steps = [
        (float(step.get("MetricIntervalLowerBound", 0)), int(step["ScalingAdjustment"]))
        for step in policy["StepAdjustments"]
    ]
    return Late(threshold, tuple(sorted(steps)), int(policy["MinAdjustmentMagnitude"]), float(policy["Cooldown"]))


@dataclass
class Autoscaler:
    """Decides, minute by minute, how many tasks there should be."""

    scaling: Scaling
    wanted: int = 0
    _stepped_at: datetime | None = None
    _above: int = 0
    reasons: list[tuple[datetime, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.wanted = self.wanted or self.scaling.minimum

    def look(self, moment: datetime, *, age: float, backlog: float) -> int:
        """Return how many tasks are wanted now. `age` of the oldest message in seconds, `backlog` in messages."""
        before = self.wanted
        self._want(self.scaling.minimum_at(moment), moment, "scheduled minimum")
        self._want(before + self._step(moment, age), moment, f"{age:.0f} s late")
        self._want(self._tracked(backlog), moment, f"{backlog:.0f} messages wait")
        return self.wanted

    def _want(self, count: int, moment: datetime, reason: str) -> None:
        count = min(count, max(self.scaling.maximum, self.scaling.minimum_at(moment)))
        if count > self.wanted:
            self.wanted = count
            self.reasons.append((moment, f"{count} tasks: {reason}"))

    def _step(self, moment: datetime, age: float) -> int:
        late = self.scaling.late
        recently = self._stepped_at and (moment - self._stepped_at).total_seconds() < late.cooldown
        if age < late.threshold or recently:
            return 0
        self._stepped_at = moment
        percent = [percent for beyond, percent in late.steps if age - late.threshold >= beyond][-1]
        return max(late.least, self.wanted * percent // 100)

    def _tracked(self, backlog: float) -> int:
        """The target is so many messages per task; the metric is what waits, divided by the tasks that run."""
        self._above = self._above + 1 if backlog > self.wanted * self.scaling.backlog_per_task else 0
        return math.ceil(backlog / self.scaling.backlog_per_task) if self._above >= MINUTES_ABOVE else 0
