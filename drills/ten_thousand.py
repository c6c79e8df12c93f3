"""Ten thousand orders, and none of them is lost: `python -m drills.ten_thousand`, half an hour on two cores.

Not one of the nine: they fit into minutes, this one is about numbers. As many users at a time as the emulator answers
order without a pause, some of them twice; workers are killed and messages come twice and late all the while.

Promised: every accepted order is delivered, once. One published bundle for each content. Purchases are never refused.
No process grows.
"""

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from drills import storm
from drills.drill import Drill, Findings, Run, main
from drills.frame import judging
from drills.frame.judging import Evidence
from drills.frame.result import Promise
from drills.frame.stock import Files
from drills.surge import storm_pictures, storm_plan
from drills.traffic import arrivals
from drills.traffic.distance import far_from_s3
from drills.traffic.playing import Event, Scenario, play, warm_up
from drills.traffic.weather import Weather, builds_at_a_time

if TYPE_CHECKING:
    from drills.frame.running import Drive

ORDERS, ORDERS_IN_SHORT = 10_000, 300
SPARE = 1.08
"""Of a hundred orders some are bundles that are refused to the end."""
RATE = 20.0
"""Orders a second, which no two cores carry: there is always somebody who wants to order."""
IN_FLIGHT = 12
CROWD = arrivals.Crowd(users=2000, album_share=0.95, greedy_share=0.2, repeats=0.02)
FILES = Files(count=2, size=1024)
DEATH_EVERY = 60.0
"""Seconds of the load."""
LONGEST = 3600.0
CALL = 0.2
"""Seconds of each call to S3."""


def run(drive: "Drive", run: Run) -> Findings:
    """Play the load and count."""
    region, orders = drive.design.primary, ORDERS_IN_SHORT if run.options.short else ORDERS
    warm_up(drive.places(), drive.identity.token("warm"))
    weather = Weather(drive, region)
    with far_from_s3(drive, region, CALL), builds_at_a_time(drive, region, storm.SLOTS):
        played = play(drive, run, scenario(orders), list(events(weather)))
        evidence = judging.gather(drive, run, played, kills=sum(weather.kills))
    return findings(evidence, orders)


def scenario(orders: int) -> Scenario:
    """Return who comes."""
    phases = [arrivals.Phase(SPARE * orders / RATE, RATE)]
    return Scenario(
        name="ten_thousand", phases=phases, crowd=CROWD, files=FILES, poison=True, in_flight=IN_FLIGHT, longest=LONGEST
    )


def events(weather: Weather) -> Iterator[Event]:
    """Return what goes wrong, until the load is over."""
    yield from weather.messages(0, LONGEST)
    yield from weather.deaths(0, LONGEST, round(LONGEST / DEATH_EVERY))


def findings(evidence: Evidence, orders: int) -> Findings:
    """Judge it."""
    seconds = evidence.played.summary.ended_at - evidence.played.begun
    return Findings(
        promises=[
            Promise.at_least("orders accepted in this run", evidence.orders.into, orders),
            *judging.nothing_lost(evidence),
            *judging.built_once(evidence),
            *judging.purchases_taken(evidence),
            *storm.memory_is_flat(evidence),
        ],
        measurements={
            **storm.measurements(evidence, over=seconds),
            "orders a second": round(evidence.orders.into / seconds, 2),
        },
        settings={"orders": orders, "in flight": IN_FLIGHT, "seconds of each call to S3": CALL},
        orders=evidence.orders,
        panels=storm_pictures.panels(evidence, None)[0],
    )


DRILL = Drill(
    name="ten_thousand",
    title="Ten thousand orders",
    promise=__doc__ or "",
    run=run,
    plan=storm_plan.plan,
    simulated=storm.SIMULATED,
    not_proven=storm.NOT_PROVEN,
)

if __name__ == "__main__":
    sys.exit(main(DRILL))
