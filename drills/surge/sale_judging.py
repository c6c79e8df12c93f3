"""What the drill of the sale day promises, and what was measured. Waits are minutes of the real drive."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from drills.drill import Findings
from drills.frame import judging
from drills.frame.judging import Evidence
from drills.frame.ledger import Counts
from drills.frame.plots import Limit, Line, Mark, Panel, percentile
from drills.frame.result import Promise
from drills.frame.watching import Look
from drills.surge.autoscaling import Raise
from drills.surge.fleet import Fleet
from drills.surge.planned_event import event
from drills.traffic.arrivals import Kind, Who

if TYPE_CHECKING:
    from drills.frame.running import Drive
    from drills.sale_day import Size

LEVER = "admit_percent"
"""The mark at which people turn the lever."""
EARLY = timedelta(hours=1)
"""README: the minimum rises an hour before a planned event (stacks/capacity.py)."""
ALONE = (Who.ORDINARY, Who.GREEDY)
"""Who wants a bundle of their own: those that workers are needed for."""
TOO_SOON = 3
"""So many times a lever's interval passes before every process of the API must have read it."""
AT_MOST_OF = 0.5
"""Of the wait without the event, the wait with it, or the event is not worth its money."""
NO_LONGER = 1.25
"""Of the queue as it was when the lever took hold: it may be a few orders longer in the end, and does not grow."""
SERVED = frozenset({"accepted", "ready"})
ADMIT = 20
"""Percent of the users whom the lever lets in, as in the runbook."""
TITLES = {"with-event": "with the event", "without-event": "without it", "no-capacity": "no capacity"}


@dataclass(frozen=True)
class Sale:
    """One of the three loads, and what became of it."""

    name: str
    evidence: Evidence
    fleet: Fleet

    @property
    def title(self) -> str:
        """What plots call it."""
        return TITLES[self.name]

    def waits(self) -> list[float]:
        """Return how long those waited (seconds of the run) who wanted a bundle of their own and were let in."""
        return [wait.seconds for wait in self.evidence.waits if wait.who in ALONE]

    def wait(self, share: float) -> float:
        """Return a percentile of the waits, in minutes of the real drive."""
        return percentile(self.waits(), share) * self.evidence.time_scale / 60

    def answers(self) -> Iterator[dict[str, Any]]:
        """Return what each arrival was told."""
        return judging.answers(self.evidence.played.answers)

    def refused(self) -> int:
        """Return how many orders were refused at least once."""
        return sum(told["refused_at"] is not None for told in self.answers())

    def failures(self) -> int:
        """Return how many requests got a 5xx, no answer, or a throttle that is not the drive's."""
        return sum(told["tries"] - told["refusals"] - (told["state"] in SERVED) for told in self.answers())


def scaled_down(size: "Size") -> str:
    """Return how the drill's numbers relate to the templates'."""
    return (
        f"1 worker for {size.tasks_per_worker} tasks of the template, 1 order for {size.load_factor:.0f} of the real "
        f"drive; a build takes {size.build_seconds:.1f} s of the run; {size.rate:g} orders a second at the height"
    )


Scaled = tuple[str, int, tuple[Raise, ...]]
"""What is scaled, its everyday minimum, and its scheduled actions."""


def findings(sales: Sequence[Sale], size: "Size", scaled: Sequence[Scaled], drive: "Drive") -> Findings:
    """Judge the three loads: with the event, without it, with it but without capacity."""
    planned, unplanned, short = sales
    return Findings(
        promises=[
            *_raised(scaled),
            *_in_time(planned, size),
            *_nobody_waits(planned, unplanned, size),
            *_sheds(short, size, drive),
            *(promise for sale in sales for promise in _nothing_broke(sale)),
        ],
        measurements=_measurements(sales),
        settings={"scaled down": scaled_down(size), **asdict(size)},
        orders=sum((sale.evidence.orders for sale in sales), Counts()),
        panels=_panels(sales),
        marks=_marks(short),
    )


def _raised(scaled: Sequence[Scaled]) -> Iterator[Promise]:
    """What the templates say of the event, before anything runs."""
    good = sum(_covers(minimum, actions) for _, minimum, actions in scaled)
    text = "scaled things in the primary whose minimum rises an hour before the event and falls an hour after it"
    yield Promise(text, f"{len(scaled)} of {len(scaled)}", f"{good} of {len(scaled)}", kept=good == len(scaled) > 0)


def _covers(minimum: int, actions: Sequence[Raise]) -> bool:
    up = [action for action in actions if action.at == event().start - EARLY and action.minimum > minimum]
    down = [action for action in actions if action.at == event().end + EARLY and action.minimum == minimum]
    return bool(up and down)


def _in_time(planned: Sale, size: "Size") -> Iterator[Promise]:
    needed = planned.fleet.autoscaler.scaling.minimum_at(event().start)
    running = planned.fleet.at_work(size.before)
    text = "tasks at work when the sale began"
    yield Promise.at_least(text, running, needed // size.tasks_per_worker * size.tasks_per_worker)
    everyday = planned.fleet.autoscaler.scaling.minimum
    yield Promise("and that is more than on any other day", f"> {everyday}", f"{running:g}", kept=running > everyday)


def _nobody_waits(planned: Sale, unplanned: Sale, size: "Size") -> Iterator[Promise]:
    from stacks.promises import BUNDLE_START_SECONDS

    yield Promise.exactly("with the event: orders refused", planned.refused(), 0)
    most = round((BUNDLE_START_SECONDS + _build_seconds(planned, size)) / 60, 1)  # longer than on AWS: see `Size`
    yield Promise.at_most("with the event: p99 wait for a bundle", round(planned.wait(0.99), 1), most, "min")
    text = "with the event: p95 wait, as a part of the wait without it"
    part = planned.wait(0.95) / unplanned.wait(0.95) if unplanned.waits() else float("inf")
    yield Promise.at_most(text, round(part, 2), AT_MOST_OF)


def _build_seconds(sale: Sale, size: "Size") -> float:
    """Return how many seconds of the real drive a build stands for."""
    return size.build_seconds * sale.evidence.time_scale


def _sheds(short: Sale, size: "Size", drive: "Drive") -> Iterator[Promise]:
    """No capacity: the lever decides who comes in, and who is in is served."""
    from services.drive.limits import LONGEST_WAIT

    fleet = short.fleet
    yield Promise.at_least("no capacity: workers that were asked for in vain", fleet.refused, 1)
    # Admission limits the wait for a worker; what is measured ends with the build. Longer than on AWS: see `Size`.
    most = round((LONGEST_WAIT + _build_seconds(short, size)) / 60, 1)
    text = "no capacity: longest wait of anybody who was let in, until the bundle is there"
    yield Promise.at_most(text, round(short.wait(1), 1), most, "min")
    turned_away, let_in = _behind_the_lever(short, size, drive)
    yield Promise.at_least("no capacity: orders that met the lever and came too early", turned_away + let_in, 1)
    yield Promise.exactly("no capacity: of them, let in all the same", let_in, 0)
    before, after = (_waiting_at(short, second) for second in (_known_at(short) or 0.0, size.ends))
    text = f"no capacity: bundles that wait when the sale is over; {before} waited when the lever took hold"
    yield Promise.at_most(text, after, math.ceil(NO_LONGER * before))


def _known_at(short: Sale) -> float | None:
    """Return the second from which on every process of the API must know of the lever; None if nobody turned it."""
    from services.drive.limits import LEVERS_INTERVAL

    happened = short.evidence.played.timetable.happened
    pulled = next((at for at, what in happened if what.name == LEVER), None)
    return None if pulled is None else pulled + TOO_SOON * LEVERS_INTERVAL / short.evidence.time_scale


def _waiting_at(short: Sale, second: float) -> int:
    played = short.evidence.played
    seen = [look for look in played.watch.looks if look.at <= played.begun + second]
    return _waiting(seen[-1]) if seen else 0


def _behind_the_lever(short: Sale, size: "Size", drive: "Drive") -> tuple[int, int]:
    """Return how many first requests of users whom the lever turns away were refused, and how many accepted.

    Counted while every process must know of the lever.
    """
    known = _known_at(short)
    if known is None:
        return 0, 0
    refused = accepted = 0
    for told in short.answers():
        meets = known <= told["at"] < size.ends and told["kind"] == Kind.BUNDLE
        if meets and _number(drive, told["user"]) >= ADMIT:
            # A bundle that is ready is nobody's burden: it is handed out whatever the lever says.
            accepted += told["refused_at"] is None and told["state"] == "accepted"
            refused += told["refused_at"] is not None
    return refused, accepted


def _number(drive: "Drive", user: str) -> int:
    """Return a user's number between 0 and 99, by which the lever chooses (services/api/admission.py)."""
    return int(drive.identity.user_id(user)[:8], 16) % 100


def _nothing_broke(sale: Sale) -> Iterator[Promise]:
    checked = [*judging.nothing_lost(sale.evidence), *judging.purchases_taken(sale.evidence)]
    for promise in checked:
        yield Promise(f"{sale.title}: {promise.text}", promise.promised, promise.measured, promise.kept)
    yield Promise.exactly(f"{sale.title}: requests that failed (5xx, no answer)", sale.failures(), 0)


def _measurements(sales: Sequence[Sale]) -> dict[str, Any]:
    return {
        sale.title: {
            "orders": sale.evidence.orders.into,
            "refused at least once": sale.refused(),
            "refused for good": sale.evidence.played.summary.answers.get("refused", 0),
            "p50 wait (min, real drive)": round(sale.wait(0.5), 1),
            "p99 wait (min, real drive)": round(sale.wait(0.99), 1),
            "longest wait (min, real drive)": round(sale.wait(1), 1),
            "most tasks": max((count for _, count in sale.fleet.running), default=0),
            "tasks wanted": [reason for _, reason in sale.fleet.autoscaler.reasons],
            "load kept its schedule": sale.evidence.played.summary.kept_up,
        }
        for sale in sales
    }


def _panels(sales: Sequence[Sale]) -> list[Panel]:
    from services.drive.limits import LONGEST_WAIT

    late = Limit(LONGEST_WAIT / 60, "429 from here on")
    return [
        Panel(
            "Tasks at work (of the template)", "tasks", [Line(sale.title, sale.fleet.running, True) for sale in sales]
        ),
        Panel("Tasks that were wanted", "tasks", [Line(sale.title, sale.fleet.wanted, True) for sale in sales]),
        Panel("Bundles that wait", "messages", [_line(sale, _waiting) for sale in sales]),
        Panel("What a new bundle would wait", "minutes, real drive", [_estimate(sale) for sale in sales], [late]),
        Panel("Orders refused (429)", "per second", [_refusals(sale) for sale in sales]),
    ]


def _line(sale: Sale, value: Callable[[Look], float | None]) -> Line:
    return sale.evidence.played.watch.line(sale.title, value, start=sale.evidence.played.begun)


def _waiting(look: Look) -> int:
    return look.depths["bundle"] + look.depths["bundle-sideline"]


def _estimate(sale: Sale) -> Line:
    scale = sale.evidence.time_scale
    return _line(sale, lambda look: None if look.wait is None else look.wait * scale / 60)


def _refusals(sale: Sale) -> Line:
    begun = sale.evidence.played.begun
    moments = [told["refused_at"] - begun for told in sale.answers() if told["refused_at"] is not None]
    seconds = [int(moment) for moment in moments]
    last = int(sale.evidence.played.settled_at)
    return Line(sale.title, [(float(second), float(seconds.count(second))) for second in range(last + 1)], True)


def _marks(short: Sale) -> list[Mark]:
    return short.evidence.played.timetable.marks
