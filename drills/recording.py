"""Records the pair of runs that the simulation is held against: `python -m drills.recording`.

First a constant load that nobody waits for, from which it learns how long things take here, then a storm, which it has
to predict. Both on one machine, one after the other, with nothing else running; they are written to drills/recorded/
(drills/simulation/record.py says what they hold).

When a build began is seen on the workers' way to S3, how long one took that ended well, in their logs; how long the
functions take, in their own reports.
"""

import json
import re
import sqlite3
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from statistics import fmean, pstdev
from typing import TYPE_CHECKING, Any

from drills import storm
from drills.drill import Drill, Findings, Run, main
from drills.frame import judging
from drills.frame.judging import answers
from drills.frame.plan import Design, Step, person
from drills.frame.result import Promise
from drills.simulation import record
from drills.simulation.load import Arrival
from drills.simulation.record import Build, Record, Served, Stage
from drills.traffic import arrivals
from drills.traffic.arrivals import Kind, Phase
from drills.traffic.distance import Way, far_from_s3
from drills.traffic.pace_of_machine import rate_of
from drills.traffic.playing import Played, Scenario, play, warm_up
from drills.traffic.weather import Weather, builds_at_a_time

if TYPE_CHECKING:
    from drills.frame.running import Drive

FOLDER = Path(__file__).with_name("recorded")
CROWD = replace(storm.CROWD, album_share=0.4)
"""More different bundles than in the storm drill, each of them sooner built: one build more or less is then not a fifth
of the time that the queue takes to drain."""
OVERLOAD = 2.0
"""In the storm so many times more new bundles are wanted than the workers build."""
STORM = storm.Size(before=5, storm=100, after=5, deaths=2, direct=0, greedy=0)
CONSTANT = 0.2
"""Of the storm's rate: the workers build for some of their time, and hardly anybody waits."""
CONSTANT_SECONDS = 90.0
PROCESSES = 2
"""Of each function, at most (embedded_cloud/functions.py)."""
RECORDS = 4
"""Changes of an order that start the outbox: accepted, delivered, its notice claimed, its notice told."""

_BUNDLE = re.compile(r"^/[^/]+/(?P<manifest>[0-9a-f]{64})/[^/]+\.zip\?uploads")
_REPORT = re.compile(r"REPORT RequestId: \S+\s+Duration: ([0-9.]+) ms")


def run(drive: "Drive", run: Run) -> Findings:
    """Record both."""
    region = drive.design.primary
    warm_up(drive.places(), drive.identity.token("warm"))
    rate = rate_of(drive, run)
    call = round(storm.WORKERS * storm.SLOTS / wanted(rate) * OVERLOAD / storm.CALLS, 2)
    with far_from_s3(drive, region, call) as way, builds_at_a_time(drive, region, storm.SLOTS):
        calm = _scenario("constant", [Phase(CONSTANT_SECONDS, CONSTANT * rate)])
        constant = _recorded(drive, run, calm, way)
        stormy = _recorded(drive, run, _scenario("storm", STORM.phases(rate), poison=True), way, STORM.deaths)
    for found in (constant, stormy):
        record.save(found, FOLDER / f"{found.kind}.json")
    return Findings(
        promises=[
            Promise.exactly("refusals under the constant load", constant.refused, 0),
            Promise.at_least("refusals in the storm", stormy.refused, 1),
        ],
        measurements={"drain of the storm": stormy.drain, "p99 of its bundles": record.quantile(stormy.waits(), 0.99)},
        settings={"orders a second": rate, "seconds of each call to S3": call},
    )


def wanted(rate: float) -> float:
    """Return how many new bundles a second are wanted at the height of the storm."""
    return rate * (1 - CROWD.purchases) * (1 - CROWD.album_share)


def _scenario(name: str, phases: list[Phase], *, poison: bool = False) -> Scenario:
    return Scenario(name=name, phases=phases, crowd=CROWD, files=storm.FILES, poison=poison)


def _recorded(drive: "Drive", run: Run, scenario: Scenario, way: Way, deaths: int = 0) -> Record:
    weather = Weather(drive, drive.design.primary)
    begins, ends = scenario.phases[0].seconds, sum(phase.seconds for phase in scenario.phases[:2])
    played = play(drive, run, scenario, list(weather.deaths(begins, ends, deaths)))
    evidence = judging.gather(drive, run, played)
    with closing(sqlite3.connect(run.folder / f"{scenario.name}-ledger.sqlite")) as ledger:
        contents = {manifest: content for content, manifest in ledger.execute("select id, manifest from albums")}
        ended = {row[0]: row[1:] for row in ledger.execute("select id, accepted_at, ended_at from recorded")}
    died = [at for at, event in played.timetable.happened if event.name == "worker killed"]
    stages = _stages(drive, played)
    return Record(
        kind="storm" if deaths else "constant",
        time_scale=run.options.time_scale,
        workers=storm.WORKERS,
        slots=storm.SLOTS,
        arrivals=tuple(Arrival(one.at, one.user, one.content, str(one.kind)) for one in arrivals.read(played.arrivals)),
        builds=tuple(_builds(drive, way, played, contents)),
        orders=tuple(_served(played, ended)),
        api_processes=PROCESSES,
        returns=scenario.patience.comebacks,
        refused=played.summary.refusals,
        first_refusal=evidence.first_refusal(),
        kills=tuple(zip(died, weather.kills, strict=True)),
        poison=tuple(played.poison),
        restart=weather.restart,
        outbox=stages["outbox"],
        deliver=stages["deliver"],
        notify=stages["notify"],
    )


def _served(played: Played, ended: dict[str, Any]) -> Iterator[Served]:
    for told in answers(played.answers):
        if told["state"] == "ready":
            at = told["answered_at"] - played.begun
            yield Served(at, at, told["kind"], told["user"], told["content"])
        elif told["order"] in ended:
            accepted, delivered = ended[told["order"]]
            moment = None if delivered is None else delivered / 1000 - played.begun
            yield Served(accepted / 1000 - played.begun, moment, told["kind"], told["user"], told["content"])


def _builds(drive: "Drive", way: Way, played: Played, contents: dict[str, str]) -> Iterator[Build]:
    region = drive.design.primary
    logged = list(_logged(drive.cloud.folder / f"bundler-{region}"))
    for moment, method, path in list(way.seen):
        found = _BUNDLE.match(path)
        if method != "POST" or not found or moment < played.begun:
            continue
        manifest = found["manifest"]
        took = [(began, ended) for bundle, began, ended in logged if bundle == manifest and began <= moment <= ended]
        began, ended = took[0] if took else (moment, None)
        yield Build(contents[manifest], began - played.begun, None if ended is None else ended - played.begun, region)


def _logged(folder: Path) -> Iterator[tuple[str, float, float]]:
    """Yield the manifest of each finished build, when it began and when it ended: the metric that bundlers write."""
    for log in folder.glob("*.log"):
        for line in log.read_text(errors="replace").splitlines():
            if '"BundleSeconds":' in line:
                said = json.loads(line)
                [seconds] = said["BundleSeconds"]
                ended = said["_aws"]["Timestamp"] / 1000
                yield said["bundle"], ended - seconds, ended


def _stages(drive: "Drive", played: Played) -> dict[str, Stage]:
    counted = {told["order"] for told in answers(played.answers) if told["state"] == "accepted"}
    purchases = sum(told["kind"] == Kind.PURCHASE for told in answers(played.answers) if told["state"] == "accepted")
    messages = {"outbox": RECORDS * len(counted), "deliver": purchases, "notify": None}
    return {
        name: _stage(list(_durations(drive, role, played.begun)), messages[name])
        for name, role in (("outbox", "outbox"), ("deliver", "deliver"), ("notify", "notify"))
    }


def _stage(durations: Sequence[float], messages: int | None) -> Stage:
    """Return what one message took; a function gets several at a time, and reports once."""
    share = len(durations) / messages if messages else 1.0
    return Stage(max(0.001, fmean(durations) * share), pstdev(durations) * share, PROCESSES)


def _durations(drive: "Drive", role: str, since: float) -> Iterator[float]:
    logs: Any = drive.client("logs")
    name = drive.design.name(role)
    groups = logs.describe_log_groups()["logGroups"]
    for group in [one["logGroupName"] for one in groups if one["logGroupName"].endswith(f"/{name}")]:
        pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group, startTime=int(since * 1000))
        for event in (event for page in pages for event in page["events"]):
            if found := _REPORT.search(event["message"]):
                yield float(found[1]) / 1000


def plan(design: Design) -> Sequence[Step]:
    """Say that it makes no sense there."""
    return [person(design.primary, "nothing", "the records are of the emulator, whose speed the simulation learns")]


DRILL = Drill(
    name="recording",
    title="Recording",
    promise=__doc__ or "",
    run=run,
    plan=plan,
    simulated=storm.SIMULATED,
    not_proven=storm.NOT_PROVEN,
)

if __name__ == "__main__":
    sys.exit(main(DRILL))
