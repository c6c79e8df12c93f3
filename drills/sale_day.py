"""A sale that everybody knew of: capacity is there before it starts, and where there is none the drive sheds (2018).

The same load comes three times. First with the event in the settings: an hour before it all minimums rise, by
scheduled actions that the template holds. Then without: whatever waits has to start workers, and only up to the
everyday maximum. Then with the event, and no capacity to be had when it is asked for: the people on duty turn
`admit_percent` down, as the runbook says, and turn it up when the sale is over.

Promised: with the event, capacity is at work before it starts, nobody is refused and nobody waits. Without capacity,
purchases are accepted and nothing fails; who is let in has the bundle within 15 minutes, who is not hears that at once.
"""

import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from drills.drill import Drill, Findings, Run, main
from drills.frame import judging
from drills.frame.plan import Design, Step, call, person
from drills.frame.stock import Files, empty
from drills.surge import sale_judging
from drills.surge.autoscaling import Autoscaler, Scaling
from drills.surge.fleet import Clock, Fleet
from drills.surge.planned_event import all_raises, design_with_event, event
from drills.surge.sale_judging import ADMIT, Sale
from drills.traffic.arrivals import Crowd, Phase
from drills.traffic.distance import far_from_s3
from drills.traffic.load import Patience
from drills.traffic.pace_of_machine import rate_of
from drills.traffic.playing import Event, Scenario, play, warm_up

if TYPE_CHECKING:
    from drills.frame.running import Drive

BEFORE, AFTER = 240, 120
"""Seconds of the real drive before and after the sale."""
SALE, SALE_SHORT = 900, 600
"""Seconds of the real drive: of the planned day the part in which it is decided whether capacity is enough."""
LEAD = timedelta(minutes=75)
"""So much of the planned day goes by before the sale; in the drill it takes BEFORE."""
MOST_ORDERS = 10.0
"""Orders per second of the run, at the height of the sale: three of these loads follow each other."""
EVERYDAY = 0.25
"""Of the sale's orders come on any other day: the settings' peaks have the same relation (surge/sale_day.json)."""
BUILDS_SHARE = 0.24
"""Of all orders that are bundles nobody else wants: what workers are needed for (drills/traffic/arrivals.py, Crowd)."""
USED = 0.6
"""Of the planned capacity the sale uses at its height: the rest is for the zone that may be lost."""
SLOTS = 2
CALLS = 7
"""Calls to S3 that follow each other in a build: four rounds of reading, and three to write (services/bundler)."""
NOTICED_AFTER = 300
"""Seconds of the real drive from the sale's start until people turn the lever: the alarms bundler-too-few and
queue-late have rung, and somebody has read the runbook. An assumption."""
FILES = Files(count=24, size=4096)
PATIENCE = Patience(comebacks=4)


@dataclass(frozen=True)
class Size:
    """The load as this machine carries it; seconds and rates of the run."""

    rate: float
    before: float
    sale: float
    after: float
    tasks_per_worker: int
    build_seconds: float
    load_factor: float

    @property
    def phases(self) -> list[Phase]:
        """A day like any other, the sale, and the rest of the day."""
        everyday = self.rate * EVERYDAY
        return [Phase(self.before, everyday), Phase(self.sale, self.rate), Phase(self.after, everyday)]

    @property
    def ends(self) -> float:
        """When the sale is over."""
        return self.before + self.sale


def run(drive: "Drive", run: Run) -> Findings:
    """Play the sale with the event, without it, and with it when there is no capacity."""
    planned, region = design_with_event(), drive.design.primary
    warm_up(drive.places(), drive.identity.token("warm"))
    size = size_of(drive, run, planned)
    run.say(sale_judging.scaled_down(size))
    stack = f"Bundling-{region}"
    with_event, without = (Scaling.of(design.templates[stack]) for design in (planned, drive.design))
    with ExitStack() as undone:
        undone.enter_context(far_from_s3(drive, region, size.build_seconds / CALLS))
        undone.callback(pull, drive, {})
        sales = [
            play_sale(drive, run, size, "with-event", with_event),
            play_sale(drive, run, size, "without-event", without),
            play_sale(drive, run, size, "no-capacity", with_event, has_capacity=False),
        ]
    return sale_judging.findings(sales, size, list(all_raises(planned)), drive)


def size_of(drive: "Drive", run: Run, planned: Design) -> Size:
    """Return the load that this machine carries, and how many tasks of the templates one worker stands for."""
    region = drive.design.primary
    everyday = Scaling.of(drive.design.templates[f"Bundling-{region}"]).minimum
    raised = Scaling.of(planned.templates[f"Bundling-{region}"]).minimum_at(event().start)
    rate = min(MOST_ORDERS, rate_of(drive, run))
    builds = rate * BUILDS_SHARE
    workers = max(1, raised // everyday)
    sale = SALE_SHORT if run.options.short else SALE
    return Size(
        rate=rate,
        before=run.scaled(BEFORE),
        sale=run.scaled(sale),
        after=run.scaled(AFTER),
        tasks_per_worker=everyday,
        build_seconds=USED * workers * SLOTS / builds,
        load_factor=event().bundles_per_minute / 60 / (builds / run.options.time_scale),
    )


def play_sale(drive: "Drive", run: Run, size: Size, name: str, scaling: Scaling, *, has_capacity: bool = True) -> Sale:
    """Play the load once, on shelves and queues that are empty."""
    region = drive.design.primary
    empty(drive)
    pull(drive, {})
    clock = Clock(event().start, size.before, LEAD, run.options.time_scale)
    fleet = Fleet(
        drive, region, Autoscaler(scaling), clock, size.tasks_per_worker, size.load_factor, has_capacity=has_capacity
    )
    scenario = Scenario(name=name, phases=size.phases, crowd=Crowd(), files=FILES, patience=PATIENCE, evenly=True)
    with fleet.standing():
        happenings = events(drive, run, size, fleet, lever=not has_capacity)
        played = play(drive, run, scenario, list(happenings))
    return Sale(name, judging.gather(drive, run, played), fleet)


def events(drive: "Drive", run: Run, size: Size, fleet: Fleet, *, lever: bool) -> Iterator[Event]:
    """Return what happens: the autoscaler looks each minute, and people pull the lever when it does not help."""
    yield Event(0, "autoscaling", fleet.begin, is_shown=False)
    yield Event(size.before, "sale begins", lambda: None)
    if lever:
        turned = size.before + run.scaled(NOTICED_AFTER)
        yield Event(turned, sale_judging.LEVER, lambda: pull(drive, {"admit_percent": ADMIT}))
        yield Event(size.ends, "lever back", lambda: pull(drive, {}))
    yield Event(size.ends, "sale over", lambda: None)


def pull(drive: "Drive", levers: dict[str, object]) -> None:
    """Turn levers as the runbook says; those not named go back to their normal position."""
    from drills.local.levers import publish

    publish(drive.deployed, drive.design.primary, "levers", {"bundle_slots": SLOTS, **levers})


def plan(design: Design) -> Sequence[Step]:
    """Return what would be done in a real account."""
    region, known = design.primary, event()
    everyday = Scaling.of(design.templates[f"Bundling-{region}"]).minimum
    ecs = {"ServiceNamespace": "ecs", "ScalableDimension": "ecs:service:DesiredCount"}
    ecs["ResourceId"] = f"service/{design.name('bundler')}/{design.name('bundler')}"
    return [
        person(region, "plan", "put an event such as drills/surge/sale_day.json into cdk.json", name=known.name),
        person(region, "deploy", "make deploy: earlier than a day before, or the freeze refuses it"),
        call(region, "application-autoscaling", "DescribeScheduledActions", "the raised minimums", **ecs),
        call(region, "application-autoscaling", "DescribeScalingActivities", "that they were raised in time", **ecs),
        call(region, "ecs", "DescribeServices", "that the tasks run before the event starts",
             cluster=design.name("bundler"), services=[design.name("bundler")]),
        person(region, "play the load", "from machines in other regions", bundles_per_minute=known.bundles_per_minute),
        call(region, "application-autoscaling", "DeleteScheduledAction", "the same load without the event",
             ScheduledActionName=f"{known.name}-starts", **ecs),
        person(region, "play the load", "again, and compare"),
        call(region, "application-autoscaling", "RegisterScalableTarget", "no capacity: nothing above what runs",
             MinCapacity=everyday, MaxCapacity=everyday, **ecs),
        person(region, "play the load", "a third time"),
        person(region, "pull a lever", "docs/runbooks.md, 'Pulling a lever'", admit_percent=ADMIT),
        call(region, "cloudwatch", "GetMetricData", "waits and refusals", MetricDataQueries=["<the dashboard's>"]),
        person(region, "put it back", "the lever; cdk.json without the event; make deploy"),
    ]  # fmt: skip


SIMULATED = [
    "Application Auto Scaling: the drill does what the template says, each minute (drills/surge/autoscaling.py).",
    "Amazon ECS: the emulator starts no tasks. Workers are processes, which run a minute after they were asked for.",
    "The lack of capacity: no task that is asked for comes.",
    "The length of a build: each of the workers' calls to S3 waits (drills/traffic/distance.py).",
    "The hour before the sale passes faster; of the planned day only the first minutes of the sale are played.",
    "The chance in who comes when: a hundred times fewer orders would be ten times as uneven, so they come evenly.",
    "Whoever is on duty: turns the lever five minutes after the start.",
    "AWS itself: one emulator process for all services and regions; at most two processes for each function.",
]
NOT_PROVEN = [
    "Provisioned concurrency: the scheduled minimums of the functions are read from the templates, not felt.",
    "That AWS has the capacity: reservations and quotas are agreed with AWS beforehand.",
    "The firewall and the edge's admission: they are not on the way of these requests.",
    "Scaling back: it takes ten quiet minutes for each step.",
]

DRILL = Drill(
    name="sale_day",
    title="Sale day",
    promise=__doc__ or "",
    run=run,
    plan=plan,
    simulated=SIMULATED,
    not_proven=NOT_PROVEN,
)

if __name__ == "__main__":
    sys.exit(main(DRILL))
