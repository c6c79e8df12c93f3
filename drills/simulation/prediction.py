"""Learns how long each stage takes from a run under constant load, and predicts a storm that it has not seen."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from statistics import fmean, median, pstdev

from drills.simulation.design import Design
from drills.simulation.events import simulate
from drills.simulation.load import ALBUM, BUNDLE, GREEDY
from drills.simulation.outcome import Outcome
from drills.simulation.plan import Faults, Plan
from drills.simulation.record import Record, Stage, UnusableRecord, quantile
from drills.simulation.rules import Rules
from drills.simulation.times import Duration, ServiceTimes

BUNDLES = (ALBUM, "distinct", GREEDY)

CALLS_OF_A_NOTICE = 3
"""A notice is claimed, published and marked; the other light work is counted in calls as long as those."""

SEEDS = 5
"""A prediction is the median of so many simulations."""

LONGEST_DRAIN = 24 * 3600
"""The simulation gives up so long (seconds of the real drive) after the last arrival."""


def calibrate(constant: Record) -> ServiceTimes:
    """Return what a run under constant load says about the emulator's speed; raises UnusableRecord if it says nothing.

    AWS's and the services' limits do not come from here but from the templates and from services/drive/limits.py.
    """
    if constant.kind != "constant":
        raise UnusableRecord(f'calibration needs a record of kind "constant", this is a "{constant.kind}"')
    took = [build.finished - build.started for build in constant.builds if build.finished is not None]
    if not took:
        raise UnusableRecord("builds: none ended well, so nothing says how long one takes")
    call = constant.notify.mean / CALLS_OF_A_NOTICE
    page, give = 2 * call, call
    explained = constant.outbox.mean + page + give
    return ServiceTimes(
        source=f"measured on the embedded cloud: {len(took)} builds, {len(constant.orders)} orders",
        build=Duration(fmean(took), pstdev(took)),
        look=Duration(4 * call),
        outbox=_duration(constant.outbox),
        deliver=_duration(constant.deliver),
        notice=_duration(constant.notify),
        page=Duration(page),
        give=Duration(give),
        request=Duration(2 * call),
        task_start=constant.restart,
        pipeline=max(0.0, _beside_the_build(constant) - explained),
    )


def _duration(stage: Stage) -> Duration:
    return Duration(stage.mean, stage.deviation)


def _beside_the_build(constant: Record) -> float:
    """What orders typically waited before and after their build, under a load that nobody waits for."""
    took = {build.content: build.finished - build.started for build in constant.builds if build.finished is not None}
    rest = [
        order.delivered - order.accepted - took[order.content]
        for order in constant.orders
        if order.delivered is not None and order.delivered > order.accepted and order.content in took
        if order.kind == BUNDLE
    ]
    return median(rest) if rest else 0.0


@dataclass(frozen=True)
class Prediction:
    """Seconds of the run; `off` is how far from what was measured, as a share of it."""

    what: str
    predicted: float
    measured: float

    @property
    def off(self) -> float:
        """Return the difference as a share of what was measured."""
        return abs(self.predicted - self.measured) / self.measured if self.measured else float(self.predicted > 0)


def plan_of(constant: Record, storm: Record, design: Design, seed: int) -> Plan:
    """Return the simulation of a storm: its load, its faults and its number of workers; all else from `constant`."""
    for role, stage in (("deliver", constant.deliver), ("deliver-sideline", constant.deliver)):
        most = design.queues[role].concurrency or stage.concurrency
        design = design.with_concurrency(role, min(most, stage.concurrency))
    tellers = min(design.queues["notify"].concurrency or 1, constant.notify.concurrency)
    design = design.with_concurrency("notify", tellers)
    concurrency = min(design.outbox_concurrency, constant.outbox.concurrency)
    design = replace(design, outbox_concurrency=concurrency, order_processes=storm.api_processes)
    return Plan(
        design=design.with_tasks(storm.workers, storm.workers),
        rules=Rules.at(storm.time_scale, slots=storm.slots),
        times=replace(calibrate(constant), task_start=storm.restart),
        faults=Faults(kills=storm.kills, poison=frozenset(storm.poison), returns=storm.returns),
        seed=seed,
        until=storm.last_arrival + LONGEST_DRAIN / storm.time_scale,
        autoscaling=False,
        door=False,
        fair=storm.fair,
        in_turn=True,
    )


def predict(
    constant: Record, storm: Record, design: Design, progress: Callable[[str], None] = lambda _: None
) -> tuple[list[Prediction], Outcome]:
    """Return drain time and p99 wait, predicted and measured, and the outcome of the first simulation."""
    outcomes = []
    for seed in range(1, SEEDS + 1):
        progress(f"simulation {seed} of {SEEDS}")
        outcomes.append(simulate(plan_of(constant, storm, design, seed), storm.arrivals))
    unfinished = [outcome for outcome in outcomes if outcome.drain is None]
    if unfinished:
        raise UnusableRecord("a day after the storm's last arrival it is not over: these workers cannot drain it")
    waits = storm.waits()
    return [
        Prediction("drain time", median(outcome.drain or 0.0 for outcome in outcomes), storm.drain),
        Prediction(
            "p99 wait of bundles",
            median(outcome.all_waits(*BUNDLES).quantile(0.99) for outcome in outcomes),
            quantile(waits, 0.99),
        ),
    ], outcomes[0]
