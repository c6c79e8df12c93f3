"""The same promotion at growing sizes: how the drive does with everyday capacity, and with that of a planned event."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from drills.simulation import events, fluid
from drills.simulation.design import Design
from drills.simulation.load import Load, Mix
from drills.simulation.money import Cost, cost
from drills.simulation.outcome import Outcome
from drills.simulation.plan import Plan
from drills.simulation.provision import capacity, event_for, provisioned
from drills.simulation.rules import Rules
from drills.simulation.times import ServiceTimes
from stacks.settings import Settings

SIZES = (10**5, 10**6, 10**7, 10**8)

AFTER = 24 * 3600
"""The simulation ends so long after the last arrival; what is then still waiting is shown as such."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of the table. The outcome is one region's, of `regions` alike; the cost is that of all."""

    orders: float
    hours: float
    regions: int
    planned: bool
    """Whether the settings held an event for it."""
    design: Design
    outcome: Outcome
    cost: Cost


def rows(
    design: Design,
    times: ServiceTimes,
    planned: Settings,
    *,
    sizes: tuple[float, ...] = SIZES,
    hours: float = 24,
    mix: Mix | None = None,
    events_up_to: float = 0,
    progress: Callable[[str], None] = lambda _: None,
) -> Iterator[Row]:
    """Yield each size with one and two regions, without and with an event in the settings.

    Up to `events_up_to` orders are followed one by one; more of them flow.
    """
    for orders in sizes:
        for regions in (1, 2):
            for with_event in (False, True):
                name = f"{orders:.0e} orders, {regions} region(s), {'with' if with_event else 'without'} an event"
                progress(name)
                yield row(
                    design,
                    times,
                    planned,
                    Load.promotion(orders, hours * 3600, mix),
                    regions=regions,
                    with_event=with_event,
                    by_events=orders <= events_up_to,
                    progress=partial(_tell, progress, name),
                )


def _tell(progress: Callable[[str], None], name: str, done: str) -> None:
    progress(f"{name}: {done}")


def row(
    design: Design,
    times: ServiceTimes,
    planned: Settings,
    load: Load,
    *,
    regions: int,
    with_event: bool,
    by_events: bool = False,
    seed: int = 1,
    progress: Callable[[str], None] = lambda _: None,
) -> Row:
    """Simulate one load, order by order (`by_events`, up to some 10^5) or as a flow."""
    # Each region is sized for all of it: the other one may be gone.
    numbers = capacity(planned, regions, *((event_for(load),) if with_event else ()))
    sized, part = provisioned(design, numbers), load.part(1 / regions)
    plan = Plan(design=sized, rules=Rules.at(1), times=times, until=load.seconds + AFTER, seed=seed)

    def tell(now: float, outcome: Outcome) -> None:
        if int(now / TELL_EVERY) != int((now - plan.rules.pace_interval) / TELL_EVERY):
            progress(f"hour {now / 3600:.0f}, {outcome.resolved:,.0f} of {part.orders:,.0f} served")

    outcome = events.simulate(plan, part.arrivals(seed), tell) if by_events else fluid.simulate(plan, part, tell)
    lasted = outcome.finished or plan.until
    spent = cost(sized, outcome.task_seconds, numbers.running.bundlers, lasted)
    return Row(
        orders=load.phases[-1].seconds * load.phases[-1].rate,
        hours=load.phases[-1].seconds / 3600,
        regions=regions,
        planned=with_event,
        design=sized,
        outcome=outcome,
        cost=Cost(spent.tasks * regions, spent.extra * regions),
    )


TELL_EVERY = 3600
"""Seconds of the simulated time after which a long run says how far it is."""
