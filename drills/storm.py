"""Twenty times the orders, from one second to the next, and none of them is lost (May 2011).

A promotion: 70 % of the bundles are the one album, 30 % are distinct ones, a third of those for one greedy user; who
buys the album pays for it now. The storm lasts until admission has refused for ten minutes. Meanwhile workers are
killed, messages come twice and late, and one content cannot be built. Then a part of the same storm meets the design
of May 2011, which has no queue (drills/traffic/direct.py), and a greedy user meets a queue that is not fair.

Promised: every accepted order is delivered, once. One published bundle for each content, from no more builds than were
broken off. Purchases are never refused. Downloads are refused before a new one would wait for more than 15 minutes.
No process grows.
"""

import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from drills.drill import Drill, Findings, Run, main
from drills.frame import judging
from drills.frame.judging import Evidence
from drills.frame.plan import Design
from drills.frame.result import Promise
from drills.frame.stock import Files
from drills.frame.watching import QUEUES
from drills.surge import fairness, storm_account, storm_pictures, storm_plan
from drills.surge.direct_storm import play_direct
from drills.traffic import arrivals
from drills.traffic.distance import far_from_s3
from drills.traffic.pace_of_machine import rate_of
from drills.traffic.playing import Event, Scenario, play, warm_up
from drills.traffic.weather import Weather, builds_at_a_time

if TYPE_CHECKING:
    from drills.frame.running import Drive

REFUSED_FOR = 600
"""Seconds of the real drive for which admission refuses."""
LARGEST_PROCESS = 300
"""Megabytes."""
GROWTH = 20
"""Megabytes by which a process may be larger in the last quarter of a storm than in the second one: what Python's own
allocator keeps after a busy second."""


@dataclass(frozen=True)
class Size:
    """A storm. Times are seconds of the run; how many orders a second come, the machine decides."""

    before: float
    storm: float
    after: float
    deaths: int
    direct: float
    """So many seconds of it meet the direct design."""
    greedy: int
    """Bundles that the greedy user wants at once, where fairness is measured."""

    def phases(self, rate: float) -> list[arrivals.Phase]:
        """Return the step up to `rate` orders a second, and the step down."""
        return arrivals.step(rate / arrivals.STORM, before=self.before, storm=self.storm, after=self.after)

    @property
    def ends(self) -> float:
        """When the storm is over."""
        return self.before + self.storm


FULL = Size(before=10, storm=80, after=10, deaths=4, direct=20, greedy=24)
SHORT = Size(before=5, storm=70, after=5, deaths=2, direct=20, greedy=24)

FILES = Files(count=6, size=4096)
"""Of each content: small ones, for the emulator keeps every bundle in memory."""
SLOTS = 2
"""Builds at a time in each worker: one for the sideline, one for what is fresh."""
WORKERS = 3
OVERLOAD = 5
"""In the storm so many times more new bundles are wanted than the workers build: admission has to refuse most."""
CALLS = 5
"""Of a build to S3, one after the other."""
FAR = (0.2, 3.0)
"""Seconds that each of them takes, at least and at most."""
FAIR = 0.3
"""Seconds of each call where fairness is measured: a burst that is built soon, and not refused."""
CROWD = arrivals.Crowd()
QUIET = 8
"""Users with one bundle each, behind the greedy one."""


def run(drive: "Drive", run: Run) -> Findings:
    """Let a storm pass over the drive, then a part of it over the direct design."""
    region = drive.design.primary
    warm_up(drive.places(), drive.identity.token("warm"))
    rate = rate_of(drive, run)
    size = SHORT if run.options.short else FULL
    weather = Weather(drive, region)
    with far_from_s3(drive, region, far(rate)) as way, builds_at_a_time(drive, region, SLOTS):
        played = play(drive, run, scenario(size, rate), list(events(weather, size)))
        evidence = judging.gather(drive, run, played, kills=sum(weather.kills))
        first = min(size.before + size.direct, size.ends)
        direct = play_direct(drive, run, played, s3=way.url, processes=WORKERS, threads=SLOTS, first=first)
    with far_from_s3(drive, region, FAIR), builds_at_a_time(drive, region, SLOTS):
        fair = fairness.compare(drive, run, FILES, greedy=size.greedy, quiet=QUIET)
    found = findings(evidence, size)
    found.settings |= {"orders a second": rate, "seconds of each call to S3": far(rate)}
    found.measurements |= {"fairness": fair, "direct": direct.as_json()}
    found.panels, found.marks = storm_pictures.panels(evidence, direct)
    return found


def scenario(size: Size, rate: float) -> Scenario:
    """Return who comes."""
    return Scenario(name="storm", phases=size.phases(rate), crowd=CROWD, files=FILES, poison=True)


def far(rate: float) -> float:
    """Return the seconds of each call to S3 with which the workers build an OVERLOADth of the new bundles."""
    wanted = rate * (1 - CROWD.purchases) * (1 - CROWD.album_share)
    build = WORKERS * OVERLOAD / wanted
    return round(min(FAR[1], max(FAR[0], build / CALLS)), 2)


def execute(design: Design, run: Run) -> Findings:
    """Let the storm pass over a real deployment. Not yet proven."""

    def come(phases: list[arrivals.Phase]) -> Scenario:
        return Scenario(name="storm", phases=phases, crowd=CROWD, files=FILES, poison=True)

    size = replace(FULL, before=storm_account.BEFORE, storm=storm_account.STORM, after=storm_account.AFTER)
    return storm_account.execute(design, run, come, lambda evidence: findings(evidence, size))


def events(weather: Weather, size: Size) -> Iterator[Event]:
    """Return what goes wrong."""
    yield Event(size.before, "20 times the rate", lambda: None)
    yield from weather.messages(size.before, size.ends)
    yield from weather.deaths(size.before, size.ends, size.deaths)
    yield Event(size.ends, "storm over", lambda: None)


def findings(evidence: Evidence, size: Size) -> Findings:
    """Judge one storm."""
    return Findings(
        promises=[
            *judging.nothing_lost(evidence),
            *judging.built_once(evidence),
            *judging.poison_set_aside(evidence),
            *judging.purchases_taken(evidence),
            *_refused_in_time(evidence),
            *memory_is_flat(evidence),
        ],
        measurements=measurements(evidence, over=size.ends),
        settings={**asdict(size), "files": asdict(FILES) | {"poison": 1}, "builds at a time": WORKERS * SLOTS},
        orders=evidence.orders,
    )


def _refused_in_time(evidence: Evidence) -> Iterator[Promise]:
    from services.drive.limits import LONGEST_WAIT

    scale = evidence.time_scale
    first = evidence.first_refusal()
    wait = None if first is None else evidence.played.watch.wait_at(evidence.played.begun + first)
    text = "estimated wait of a new bundle when the first 429 came, in minutes of the real drive"
    promised = f"≤ {LONGEST_WAIT / 60:g}"
    if wait is None:
        yield Promise(text, promised, "there was no 429", kept=False)
    else:
        yield Promise(text, promised, f"{wait * scale / 60:.1f}", kept=wait * scale <= LONGEST_WAIT)
    minutes = evidence.refused_for() * scale / 60
    yield Promise.at_least("admission refused for", round(minutes, 1), REFUSED_FOR / 60, "min of the real drive")


def memory_is_flat(evidence: Evidence) -> Iterator[Promise]:
    """No process is large, and none of the services' grows."""
    watch = evidence.played.watch
    most, grown = watch.most_memory(), watch.growth()
    if not most:
        return  # in a real account
    largest = max(most, key=lambda name: most[name])
    yield Promise.at_most(f"memory of the largest process ({largest})", round(most[largest]), LARGEST_PROCESS, "MB")
    ours = {name: by for name, by in grown.items() if name != "emulator"}
    if ours:
        name = max(ours, key=lambda name: ours[name])
        yield Promise.at_most(
            f"growth of the service's process that grew most ({name})", round(ours[name], 1), GROWTH, "MB"
        )


def measurements(evidence: Evidence, *, over: float) -> dict[str, Any]:
    """Return what is worth telling of a load that was over after so many seconds."""
    watch, played = evidence.played.watch, evidence.played
    return {
        "waits in seconds of the run": evidence.by_class(),
        "requests": played.summary.sent,
        "answers": played.summary.answers,
        "refusals (429)": played.summary.refusals,
        "first 429 after seconds": evidence.first_refusal(),
        "longest estimated wait in minutes of the real drive": watch.longest_wait() * evidence.time_scale / 60,
        "peak of each queue": {queue: watch.peak(queue) for queue in QUEUES},
        "drained so many seconds after the storm": {
            queue: round(watch.drained_after(queue, played.begun + over), 1) for queue in QUEUES
        },
        "settled after seconds": played.settled_at,
        "load kept its schedule": played.summary.kept_up,
        "workers killed": evidence.kills,
        "leases lost": evidence.leases_lost,
        "builds": evidence.published,
        "dead letters": evidence.dead_letters,
        "most memory in MB": {name: round(size) for name, size in watch.most_memory().items()},
        "growth in MB": {name: round(by, 1) for name, by in watch.growth().items()},
        "orders to look up": evidence.examples,
    }


SIMULATED = [
    "AWS itself: one emulator process for all services and regions; at most two processes for each function.",
    "Fair queues: ministack's own queues serve in the order of arrival (embedded_cloud/fair_queues.py).",
    "Messages that come twice and late: the emulator's queues do so to a share of them, on purpose.",
    "The workers' way to S3: calls take longer than on loopback, or builds took none (drills/traffic/distance.py).",
    "The workers: processes on this machine; a drill kills and starts them in the place of Amazon ECS.",
    "Replication between the regions: immediate and in order.",
]
NOT_PROVEN = [
    "Capacity: rates are those of two cores. What AWS carries is in the templates' quotas and in drills/simulate.py.",
    "Autoscaling: there is none on the emulator, so the storm is drained by the workers that were there before.",
    "The firewall, the edge's cache and its admission function: they are not on the way of these requests.",
    "Throttling by API Gateway and by the tables.",
]

DRILL = Drill(
    name="storm",
    title="Storm",
    promise=__doc__ or "",
    run=run,
    plan=storm_plan.plan,
    execute=execute,
    simulated=SIMULATED,
    not_proven=NOT_PROVEN,
)

if __name__ == "__main__":
    sys.exit(main(DRILL))
