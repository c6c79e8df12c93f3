"""The flow is right about what the events say, where both can be run: to WITHIN, or to a build's time."""

from dataclasses import replace

import pytest

from drills.simulation import events, fluid
from drills.simulation.load import GREEDY, PURCHASE, Load, Mix
from drills.simulation.outcome import Outcome, Waits
from drills.simulation.plan import Plan
from drills.simulation.rules import Rules
from drills.simulation.times import assumed_on_aws
from tests.drills.simulation.assembly import design

WITHIN = 0.2

CASES = {
    "10^4 orders that the workers keep up with": (10**4, Mix(), True, True),
    "10^5 orders, with autoscaling": (10**5, Mix(), True, False),
    "10^5 orders on nine tasks: admission refuses": (10**5, Mix(), False, False),
    "4·10^4 orders, nearly all of one greedy user": (4 * 10**4, Mix(greedy=0.6), False, False),
    "6·10^4 orders, most of them distinct": (6 * 10**4, Mix(album=0.4, purchases=0.7), True, False),
}


@pytest.fixture(scope="module", params=list(CASES.values()), ids=list(CASES))
def pair(request: pytest.FixtureRequest) -> tuple[Outcome, Outcome]:
    orders, mix, autoscaling, door = request.param
    load = Load.promotion(orders, 3600, mix)
    plan = Plan(
        design=design(), rules=Rules.at(1), times=assumed_on_aws(), until=24 * 3600, autoscaling=autoscaling, door=door
    )
    flowing = fluid.simulate(plan, load)
    return events.simulate(replace(plan, seed=2), load.arrivals(2)), flowing


def test_both_build_and_deliver_as_much(pair: tuple[Outcome, Outcome]) -> None:
    followed, flowing = pair
    for name in ("asked", "delivered", "at_once", "built"):
        assert getattr(flowing, name) == pytest.approx(getattr(followed, name), rel=0.05), name


def test_both_wait_as_long(pair: tuple[Outcome, Outcome]) -> None:
    build = assumed_on_aws().build.mean
    for kind in ("distinct", GREEDY, PURCHASE):
        # Not the median: where some are served fresh and some go aside, few wait as long as that.
        for expected, found in zip(*(_typical(outcome.waits[kind]) for outcome in pair), strict=True):
            assert found == pytest.approx(expected, abs=max(WITHIN * expected, build)), kind


def _typical(waits: Waits) -> tuple[float, ...]:
    return waits.mean, waits.quantile(0.95), waits.quantile(0.99)


def test_both_need_as_long_to_drain(pair: tuple[Outcome, Outcome]) -> None:
    followed, flowing = pair
    assert followed.drain is not None
    # Both models' last orders are a matter of some builds.
    assert flowing.drain == pytest.approx(followed.drain, rel=WITHIN, abs=5 * assumed_on_aws().build.mean)


def test_both_refuse_or_neither(pair: tuple[Outcome, Outcome]) -> None:
    followed, flowing = pair
    assert (followed.refusals > 100) == (flowing.refusals > 100)
