"""Plays a load against the drive while things happen to it at set moments, and waits until everything is settled.

    played = play(drive, run, scenario, events)

What happens is a timetable of plain functions: a worker dies, a zone goes, messages come twice. One that raises ends
the drill, for then nothing that was measured means what it says.
"""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from drills.drill import CouldNotRun, Run
from drills.frame.plots import Mark
from drills.frame.stock import Files, stock
from drills.frame.watching import Watch, settled
from drills.traffic import arrivals
from drills.traffic.load import Load, LoadFailed, Patience, Place, Setup, Summary

if TYPE_CHECKING:
    from drills.frame.running import Drive

WARM = 8
"""So many answers in a row show that each of a function's processes knows who signs the tokens."""
WARM_WITHIN = 120
"""Seconds; not divided by the time scale, as a machine starts processes no faster for it."""
SETTLED_WITHIN = 7200
"""Seconds of the real drive from the last answer until nothing is under way: the longest wait, leases that run out and
the reconciler's patience are together a third of it."""
THREE_TIMES = Patience(comebacks=3)
"""Who was politely refused comes back three times: more would be a second storm on these two cores."""
LONGEST_COMEBACK = 2000
"""Seconds of the real drive that a load may go on after its last arrival, for those who were refused and come back."""


@dataclass(frozen=True)
class Event:
    """Something that happens so many seconds after the load began."""

    at: float
    name: str
    do: Callable[[], object]
    is_shown: bool = True
    """Whether the plot says so."""


@dataclass
class Timetable:
    """Makes events happen at their moments, one after the other."""

    events: Sequence[Event]
    happened: list[tuple[float, Event]] = field(default_factory=list)
    """With the second, since the load began, at which each was done."""
    _error: Exception | None = None

    @contextmanager
    def running(self, begun: float) -> "Iterator[Timetable]":
        """Run in the background; at the end nothing more happens, and what an event raised is raised."""
        ended = threading.Event()
        thread = threading.Thread(target=self._go_on, args=(begun, ended), name="timetable", daemon=True)
        thread.start()
        try:
            yield self
        finally:
            ended.set()
            thread.join()
        if self._error:
            raise self._error

    def _go_on(self, begun: float, ended: threading.Event) -> None:
        for event in sorted(self.events, key=lambda event: event.at):
            if ended.wait(max(0.0, begun + event.at - time.time())):
                return
            try:
                event.do()
            except Exception as error:  # noqa: BLE001  raised again by `running`, in the thread that waits
                self._error = error
                return
            self.happened.append((time.time() - begun, event))

    @property
    def marks(self) -> list[Mark]:
        """Return what happened, for the plot."""
        return [Mark(at, event.name) for at, event in self.happened if event.is_shown]


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """Who comes, and what they find."""

    name: str
    phases: Sequence[arrivals.Phase]
    crowd: arrivals.Crowd
    files: Files
    poison: bool = False
    """Whether the first content that one ordinary user orders cannot be built."""
    patience: Patience = THREE_TIMES
    in_flight: int = 400
    """Requests at a time, at most."""
    longest: float | None = None
    """Seconds until the load is given up, where it may take longer than planned."""
    evenly: bool = False
    """Without chance: where one order stands for n of the real drive, chance weighs √n times as much."""

    def orders(self, seed: int) -> Iterator[arrivals.Arrival]:
        """Return what arrives."""
        moments = arrivals.even(self.phases) if self.evenly else arrivals.poisson(self.phases, seed=seed)
        return self.crowd.orders(moments, seed=seed, run=self.name, evenly=self.evenly)


@dataclass(frozen=True)
class Played:
    """What was played, and where to read what became of it."""

    scenario: Scenario
    arrivals: Path
    answers: Path
    begun: float
    """Seconds since 1970; every other moment counts from it."""
    summary: Summary
    watch: Watch
    timetable: Timetable
    poison: frozenset[str]
    is_settled: bool
    settled_at: float
    """Seconds since the load began."""


def play(drive: "Drive", run: Run, scenario: Scenario, events: Sequence[Event] = ()) -> Played:
    """Stock the shelves, play the load, and wait until nothing is under way; raises CouldNotRun."""
    region = drive.design.primary
    setup = prepare(drive, run, scenario)
    poison = _poisoned(scenario, setup.arrivals)
    timetable = Timetable(events)
    with Watch.running(drive, region) as watch:
        summary = _played(setup, scenario, timetable, run)
        run.say(f"{scenario.name}: {summary.sent:,} requests, {summary.answers}; until all is settled")
        ended = settled(drive, drive.design.data_regions, within=run.scaled(SETTLED_WITHIN))
    settled_at = time.time() - summary.begun_at
    return Played(
        scenario, setup.arrivals, setup.answers, summary.begun_at, summary, watch, timetable, poison, ended, settled_at
    )


def prepare(drive: "Drive", run: Run, scenario: Scenario) -> Setup:
    """Write the arrivals and put what they ask for into the drive."""
    path = run.folder / f"{scenario.name}-arrivals.jsonl"
    count = arrivals.write(path, scenario.orders(run.options.seed))
    wanted = arrivals.wanted(arrivals.read(path))
    files = Files(scenario.files.count, scenario.files.size, _poisoned(scenario, path))
    contents = stock(drive, wanted, files, seed=run.options.seed)
    run.say(f"{scenario.name}: {count:,} orders of {len(wanted.users):,} users, {contents:,} contents on the shelves")
    return Setup(
        arrivals=path,
        answers=run.folder / f"{scenario.name}-answers.jsonl",
        places=drive.places(),
        identity=drive.identity_file,
        # `Retry-After` comes in seconds of the run: the drive divides it by its own time scale.
        time_scale=1,
        patience=_scaled(scenario.patience, run),
        in_flight=scenario.in_flight,
        seed=run.options.seed,
    )


def _scaled(patience: Patience, run: Run) -> Patience:
    shortest, longest = run.scaled(patience.shortest_pause), run.scaled(patience.longest_pause)
    return replace(patience, shortest_pause=shortest, longest_pause=longest)


def _played(setup: Setup, scenario: Scenario, timetable: Timetable, run: Run) -> Summary:
    longest = scenario.longest or arrivals.length(scenario.phases) + run.scaled(LONGEST_COMEBACK) + WARM_WITHIN
    load = Load.start(setup)
    try:
        with timetable.running(load.begin()):
            return load.wait(longest)
    except LoadFailed as error:
        message = f"{scenario.name}: {error}"
        raise CouldNotRun(message) from error
    finally:
        load.stop()


def warm_up(places: Sequence[Place], token: str) -> None:
    """Wait until the API takes tokens of this drill's users wherever it is asked; raises CouldNotRun.

    A function's process reads the identity provider's keys at its first request, and again half a minute later.
    """
    ends_at = time.monotonic() + WARM_WITHIN
    for place in places:
        good = 0
        while good < WARM:
            if time.monotonic() > ends_at:
                message = f"the API in {place.region} did not take a valid token within {WARM_WITHIN} s"
                raise CouldNotRun(message)
            good = good + 1 if _knows(place, token) else 0


def _knows(place: Place, token: str) -> bool:
    """Ask with both kinds of orders: each is refused for what it asks, by somebody who has read the token."""
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "warm"}
    try:
        said = httpx.post(f"{place.url}/v1/downloads", json={"album": "none"}, headers=headers, timeout=30)
    except httpx.HTTPError:
        return False
    if said.status_code != httpx.codes.NOT_FOUND:
        time.sleep(0.2)
    return said.status_code == httpx.codes.NOT_FOUND


def _poisoned(scenario: Scenario, path: Path) -> frozenset[str]:
    if not scenario.poison:
        return frozenset()
    ordinary = (found for found in arrivals.read(path) if found.who == arrivals.Who.ORDINARY)
    first = next(ordinary, None)
    return frozenset({first.content} if first else ())
