"""What a promotion of N orders in T hours needs, so that nobody waits longer than W: found by bisection over the model.

Each capacity is looked for while all others are ample, then all are tried together. "Nobody" is meant: nobody is
refused, and the longest wait is within W. Tasks are counted with a zone lost, as everywhere in the drive: what is to be
running is half as much again.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from math import ceil

from drills.simulation import fluid
from drills.simulation.design import Design
from drills.simulation.load import Load, Mix
from drills.simulation.money import Cost, cost
from drills.simulation.outcome import Outcome
from drills.simulation.plan import Plan
from drills.simulation.provision import capacity, event
from drills.simulation.rules import Rules
from drills.simulation.times import ServiceTimes
from stacks.capacity import BUILD_SECONDS, RESERVED, UNRESERVED, RegionCapacity, surviving
from stacks.settings import Event, Settings

LIGHT = ("outbox", "deliver", "notify")
"""Functions whose concurrency no event raises: it is a number in stacks/queues.py and stacks/capacity.py."""

AMPLE = 1_000_000
"""More than anything needs."""

TOO_FEW = 1.05
"""If all together are not enough, each becomes so many times as much."""

AFTER = 600
"""A simulation that is not over so long after the last order's wait was to end did not keep it."""


class Unattainable(Exception):
    """No capacity keeps every wait under W; the message says why."""


@dataclass(frozen=True, kw_only=True)
class Wish:
    """A promotion, and what is promised."""

    orders: float
    hours: float
    wait: float
    """Seconds from acceptance to delivery that nobody exceeds."""
    regions: int = 1
    mix: Mix = field(default_factory=Mix)

    @property
    def load(self) -> Load:
        """Return what one region gets."""
        return Load.promotion(self.orders, self.hours * 3600, self.mix).part(1 / self.regions)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What each region needs; `found` is the simulation with exactly that."""

    wish: Wish
    tasks: int
    """Working ones, with a zone lost."""
    running: int
    """To be running, so that these are left."""
    concurrency: dict[str, int]
    """Of the functions that no event raises."""
    has: dict[str, int]
    """And what the templates give them."""
    event: Event
    """What to write into the settings, beside `concurrency`."""
    quotas: dict[str, tuple[int, int]]
    """By name in the settings: needed and granted."""
    cost: Cost
    """Of all regions together."""
    found: Outcome


def answer(
    wish: Wish, design: Design, times: ServiceTimes, planned: Settings, progress: Callable[[str], None] = lambda _: None
) -> Answer:
    """Return what `wish` needs; raises Unattainable."""
    search = _Search(wish, design, times, progress)
    ample = dict.fromkeys(("tasks", *LIGHT), AMPLE)
    if not search.keeps(ample):
        most = search.try_with(ample).all_waits().longest
        raise Unattainable(
            f"with any capacity somebody waits {most:.0f} s, as long as a build takes: {wish.wait:.0f} s are too few"
        )
    least = {knob: search.least(knob, ample) for knob in ample}
    while not search.keeps(least):
        least = {knob: ceil(TOO_FEW * amount) for knob, amount in least.items()}
    tasks = least.pop("tasks")
    needed = _event(wish, tasks)
    running = surviving(tasks)
    found = search.try_with({**least, "tasks": running})
    everyday = capacity(planned, wish.regions).running.bundlers
    spent = cost(design, found.task_seconds, everyday, found.finished or found.last_arrival)
    return Answer(
        wish=wish,
        tasks=tasks,
        running=running,
        concurrency=least,
        has={knob: _has(design, knob) for knob in LIGHT},
        event=needed,
        quotas=_quotas(planned, capacity(planned, wish.regions, needed), least, design),
        cost=Cost(spent.tasks * wish.regions, spent.extra * wish.regions),
        found=found,
    )


class _Search:
    def __init__(self, wish: Wish, design: Design, times: ServiceTimes, progress: Callable[[str], None]) -> None:
        self._wish, self._design, self._times, self._progress = wish, design, times, progress

    def keeps(self, capacities: dict[str, int]) -> bool:
        """Return whether nobody is refused and nobody waits longer than W."""
        outcome = self.try_with(capacities)
        return (
            outcome.finished is not None
            and outcome.refusals < 1
            and outcome.expired < 1
            and outcome.all_waits().longest <= self._wish.wait
            and self._told_late(outcome, capacities["notify"]) <= self._wish.wait
        )

    def _told_late(self, outcome: Outcome, concurrency: int) -> float:
        """How long a user waits to be told, at the longest: those that were delivered before are told first."""
        return outcome.curve.peaks["notify"] * self._times.notice.mean / concurrency

    def least(self, knob: str, ample: dict[str, int]) -> int:
        """Return the smallest amount of one capacity that keeps the promise while the others are ample."""
        low, high = 0, 1
        while high < AMPLE and not self.keeps({**ample, knob: high}):
            low, high = high, 2 * high
        while high - low > max(1, high // 200):  # to half a per cent
            middle = (low + high) // 2
            self._progress(f"{knob}: between {low} and {high}")
            if self.keeps({**ample, knob: middle}):
                high = middle
            else:
                low = middle
        return high

    def try_with(self, capacities: dict[str, int]) -> Outcome:
        load = self._wish.load
        design = self._design.with_tasks(capacities["tasks"], capacities["tasks"])
        for role in ("deliver", "notify"):
            design = design.with_concurrency(role, capacities[role])
        design = replace(design, outbox_concurrency=capacities["outbox"])
        plan = Plan(
            design=design,
            rules=Rules.at(1),
            times=self._times,
            until=load.seconds + self._wish.wait + AFTER,
            autoscaling=False,  # it comes after the wait that it is to shorten
            door=False,  # sized by the event, see `quotas`
        )
        return fluid.simulate(plan, load)


def _event(wish: Wish, tasks: int) -> Event:
    """Return the event whose capacity is so many tasks with a zone lost."""
    bundles = tasks * Rules.at(1).slots / BUILD_SECONDS * 60
    # Both regions must be able to carry all of it: the other one may be gone.
    load = wish.load.part(wish.regions)
    return event(load.peak, bundles, load.seconds)


def _has(design: Design, knob: str) -> int:
    return design.outbox_concurrency if knob == "outbox" else design.queues[knob].concurrency or 0


def _quotas(
    planned: Settings, numbers: RegionCapacity, needed: dict[str, int], design: Design
) -> dict[str, tuple[int, int]]:
    more = sum(max(0, needed[knob] - _has(design, knob)) for knob in LIGHT)
    concurrency = sum(numbers.most_functions.values()) + sum(RESERVED.values()) + UNRESERVED + more
    granted = planned.quotas
    return {
        "requests_per_second": (numbers.requests_per_second, granted.requests_per_second),
        "function_concurrency": (concurrency, granted.function_concurrency),
        "bundler_tasks": (numbers.most_bundlers, granted.bundler_tasks),
    }
