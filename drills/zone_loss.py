"""A zone is gone in the middle of a storm, and nobody waits for what would have to be started in its place.

A third of the region's workers end at once, and with them a third of the functions' processes, in the middle of what
they do. For ten minutes nothing is started in their place: not by the scheduler, which needs a minute, and not by a
control plane, which in April 2011 could not. Then the zone is back.

Promised: nothing is lost and nothing doubled. Bundles and deliveries go on at once, on the capacity that is there. By
the templates' numbers, what is left in two zones carries the peak.
"""

import json
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drills import storm
from drills.drill import Drill, Findings, Run, main
from drills.frame import judging
from drills.frame.judging import Evidence
from drills.frame.plan import Design, Step
from drills.frame.plots import Line, Panel
from drills.frame.result import Promise
from drills.surge import storm_plan
from drills.surge.storm_pictures import panels
from drills.traffic import arrivals
from drills.traffic.arrivals import Phase
from drills.traffic.distance import Way, far_from_s3
from drills.traffic.pace_of_machine import rate_of
from drills.traffic.playing import Event, Scenario, play, warm_up
from drills.traffic.weather import TASK_START, Weather, builds_at_a_time
from embedded_cloud.workers import ZONES

if TYPE_CHECKING:
    from drills.frame.running import Drive

LOST = "a"
LOST_FOR = 600
"""Seconds of the real drive; the experiment of the assembly takes as long (stacks/chaos.py, ZONE_LOST_FOR)."""
BEFORE, AFTER = 400, 200
"""Seconds of the real drive before and after the loss."""
FAR = 0.3
"""Seconds of each call to S3: short builds show a short pause."""
SLOTS = 2
QUIET_WHILE = 20.0
"""Seconds before the loss, with whose longest pause the one after it is compared."""
SETTINGS = Path("cdk.json")


def run(drive: "Drive", run: Run) -> Findings:
    """Lose a zone in the middle of a load."""
    region = drive.design.primary
    warm_up(drive.places(), drive.identity.token("warm"))
    rate = rate_of(drive, run)
    lost_at, back_at = run.scaled(BEFORE), run.scaled(BEFORE + LOST_FOR)
    phases = [Phase(run.scaled(BEFORE + LOST_FOR + AFTER), rate)]
    crowd = arrivals.Crowd(greedy_share=0.1)
    weather = Weather(drive, region)
    with far_from_s3(drive, region, FAR) as way, builds_at_a_time(drive, region, SLOTS):
        scenario = Scenario(name="zone-loss", phases=phases, crowd=crowd, files=storm.FILES)
        played = play(drive, run, scenario, list(events(weather, lost_at, back_at)))
        evidence = judging.gather(drive, run, played, kills=sum(weather.kills))
    published = list(publications(way, played.begun))
    delivered = sorted(wait.delivered_at - played.begun for wait in evidence.waits)
    found = _findings(evidence, published, delivered, lost_at, run)
    found.settings = {"orders per second": rate, "lost for seconds": run.scaled(LOST_FOR), "files": storm.FILES.count}
    found.promises.append(_left_at_peak(drive.design))
    return found


def events(weather: Weather, lost_at: float, back_at: float) -> Iterator[Event]:
    """Return what happens."""

    def lose() -> None:
        weather.kill(LOST)
        end_function_processes(weather.drive, weather.region)

    count = len(weather.drive.workers[weather.region].in_zone(LOST)) or 1
    yield Event(lost_at, "zone lost", lose)
    yield Event(back_at, "zone back", lambda: weather.start(LOST, count))


def end_function_processes(drive: "Drive", region: str) -> int:
    """End every third process of the region's functions at once, and return how many: those that ran in the zone."""
    ours = [process.pid for process in drive.cloud.processes() if process.name.startswith(f"{region}:")]
    lost = sorted(ours)[:: len(ZONES)]
    for pid in lost:
        os.kill(pid, signal.SIGKILL)
    return len(lost)


def publications(way: Way, begun: float) -> Iterator[float]:
    """Yield when bundles were complete, as the way to S3 saw it."""
    for moment, method, path in way.seen:
        if method == "POST" and "uploadId=" in path and moment >= begun:
            yield moment - begun


def longest_pause(moments: Sequence[float], start: float, end: float) -> float:
    """Return the longest time within which nothing happened, both ends counted."""
    inside = [start, *(moment for moment in moments if start < moment < end), end]
    return max((later - earlier for earlier, later in pairwise(inside)), default=end - start)


def _findings(
    evidence: Evidence, published: Sequence[float], delivered: Sequence[float], lost_at: float, run: Run
) -> Findings:
    restart, until = run.scaled(TASK_START), lost_at + run.scaled(LOST_FOR)
    pauses = {
        name: {
            "before": round(longest_pause(moments, lost_at - QUIET_WHILE, lost_at), 2),
            "after": round(longest_pause(moments, lost_at, min(until, lost_at + QUIET_WHILE)), 2),
        }
        for name, moments in (("bundles", published), ("deliveries", delivered))
    }
    drawn, marks = panels(evidence)
    rates = [_per_second("published bundles", published), _per_second("deliveries", delivered)]
    return Findings(
        promises=[
            *judging.nothing_lost(evidence),
            *judging.built_once(evidence),
            *judging.purchases_taken(evidence),
            *(_goes_on(name, found, restart) for name, found in pauses.items()),
        ],
        measurements={
            "longest pause in seconds of the run": pauses,
            "waits in seconds of the run": evidence.by_class(),
            "workers killed": evidence.kills,
            "builds": evidence.published,
            "refusals (429)": evidence.played.summary.refusals,
            "dead letters": evidence.dead_letters,
        },
        orders=evidence.orders,
        panels=[Panel("What came out", "per second", rates), *drawn],
        marks=marks,
    )


def _goes_on(name: str, pauses: dict[str, float], restart: float) -> Promise:
    """A pause that is no longer than before, or than a successor takes to start: nobody waited for one."""
    allowed = round(max(restart, 2 * pauses["before"]), 2)
    text = f"longest pause in {name} after the loss (before it: {pauses['before']:g} s)"
    return Promise.at_most(text, pauses["after"], allowed, "s")


def _left_at_peak(design: Design) -> Promise:
    """By the numbers that the templates have: Fargate spreads the tasks of a service evenly over its zones."""
    from services.drive.limits import BUNDLE_SLOTS
    from stacks.capacity import BUILD_SECONDS

    least, zones = bundler_numbers(design)
    peak = json.loads(SETTINGS.read_text())["context"]["drive"]["capacity"]["peak_bundles_per_minute"]
    left = least - -(-least // zones)
    return Promise.at_least(
        f"bundles a minute that {left} of {least} tasks in {zones - 1} of {zones} zones build, by the template",
        left * BUNDLE_SLOTS * 60 / BUILD_SECONDS,
        peak,
    )


def bundler_numbers(design: Design) -> tuple[int, int]:
    """Return how many tasks the primary's template runs at least, and in how many zones."""
    resources: Any = design.templates[f"Bundling-{design.primary}"]["Resources"].values()
    [target] = [found for found in resources if found["Type"] == "AWS::ApplicationAutoScaling::ScalableTarget"]
    [service] = [found for found in resources if found["Type"] == "AWS::ECS::Service"]
    network = service["Properties"]["NetworkConfiguration"]["AwsvpcConfiguration"]
    return int(target["Properties"]["MinCapacity"]), len(network["Subnets"])


def _per_second(name: str, moments: Sequence[float]) -> Line:
    counts: dict[int, int] = {}
    for moment in moments:
        counts[int(moment)] = counts.get(int(moment), 0) + 1
    last = max(counts, default=0)
    return Line(name, [(float(second), float(counts.get(second, 0))) for second in range(last + 1)], steps=True)


def plan(design: Design) -> Sequence[Step]:
    """Return what would be done in a real account."""
    return [
        *storm_plan.prepared(design),
        storm_plan.load(design, [f"{(BEFORE + LOST_FOR + AFTER) / 60:g} min at peak"]),
        *storm_plan.watched(design),
        *design.experiment("zone-lost", design.primary),
        *storm_plan.audited(design),
    ]


DRILL = Drill(
    name="zone_loss",
    title="Zone loss",
    promise=__doc__ or "",
    run=run,
    plan=plan,
    simulated=[
        "The zone: a name that a third of the worker processes share, and every third process of the functions.",
        *storm.SIMULATED,
    ],
    not_proven=[
        "What AWS's own regional services do when one of their zones fails.",
        "How soon Amazon ECS notices, and that it starts nothing where nothing can be started.",
        "Gray failures: a zone that is slow, not gone.",
        *storm.NOT_PROVEN,
    ],
)

if __name__ == "__main__":
    sys.exit(main(DRILL))
