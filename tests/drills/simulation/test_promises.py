"""What holds in every simulation: nothing is lost, nothing is doubled, chance is repeatable."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drills.simulation import events, fluid
from drills.simulation.load import ALBUM, BUNDLE, GREEDY, Arrival, Load, Mix, Phase
from drills.simulation.outcome import Outcome
from drills.simulation.plan import Faults, Plan
from drills.simulation.rules import Rules
from drills.simulation.times import Duration, assumed_on_aws
from tests.drills.simulation.assembly import design

TASKS = 3


def plan(until: float = 40_000, **changes: object) -> Plan:
    made = Plan(design=design(least=TASKS, most=2 * TASKS), rules=Rules.at(1), times=assumed_on_aws(), until=until)
    return replace(made, **changes)  # type: ignore[arg-type]


def all_accounted(outcome: Outcome) -> bool:
    return outcome.resolved + outcome.in_flight == pytest.approx(outcome.asked, abs=0.01)


loads = st.builds(
    lambda rate, seconds, purchases, album, greedy: Load(
        (Phase(100, rate / 20), Phase(seconds, rate)), Mix(purchases=purchases, album=album, greedy=greedy, users=200)
    ),
    rate=st.floats(0.1, 8),
    seconds=st.floats(50, 600),
    purchases=st.floats(0, 1),
    album=st.floats(0, 1),
    greedy=st.floats(0, 0.5),
)
faults = st.builds(
    Faults,
    kills=st.lists(st.tuples(st.floats(0, 600), st.integers(1, TASKS)), max_size=3).map(
        lambda kills: tuple(sorted(kills))
    ),
    duplicates=st.floats(0, 0.5),
    returns=st.one_of(st.none(), st.integers(0, 3)),
)


@settings(max_examples=20, deadline=None)
@given(load=loads, broken=faults, door=st.booleans(), until=st.sampled_from([300.0, 40_000.0]), seed=st.integers(0, 99))
def test_every_order_is_delivered_refused_expired_failed_or_in_flight(
    load: Load, broken: Faults, door: bool, until: float, seed: int
) -> None:
    outcome = events.simulate(plan(until, faults=broken, door=door, seed=seed), load.arrivals(seed))
    assert all_accounted(outcome)
    assert outcome.in_flight >= 0
    if until > 10_000:
        assert outcome.in_flight == 0
    assert outcome.all_waits().count == outcome.delivered
    if not door:
        assert outcome.refused_purchases == 0


@settings(max_examples=25, deadline=None)
@given(load=loads, door=st.booleans(), until=st.sampled_from([300.0, 40_000.0]))
def test_what_flows_is_conserved(load: Load, door: bool, until: float) -> None:
    outcome = fluid.simulate(plan(until, door=door), load)
    assert all_accounted(outcome)
    assert outcome.all_waits().count == pytest.approx(outcome.delivered, abs=0.01)
    if until > 10_000:
        assert outcome.asked == pytest.approx(load.orders)
        assert outcome.in_flight < 1
    if not door:
        assert outcome.refused_purchases == 0


@settings(max_examples=15, deadline=None)
@given(load=loads, broken=faults)
def test_a_content_is_built_once_but_for_kills(load: Load, broken: Faults) -> None:
    outcome = events.simulate(plan(faults=broken, door=False), load.arrivals(1))
    killed_builds = Rules.at(1).slots * sum(count for _, count in broken.kills)
    contents = len({arrival.content for arrival in load.arrivals(1) if arrival.kind == BUNDLE})
    assert outcome.built <= contents
    assert outcome.builds_started <= contents + killed_builds


def test_the_same_seed_gives_the_same_run_and_another_one_another() -> None:
    load = Load.promotion(2000, 900)
    first, again, other = (events.simulate(plan(seed=seed), load.arrivals(seed)).summary() for seed in (5, 5, 6))
    assert first == again
    assert first != other


def test_whoever_wants_the_album_while_it_is_built_waits_for_the_one_build() -> None:
    crowd = [Arrival(1 + number / 1000, f"user-{number}", ALBUM, BUNDLE) for number in range(500)]
    outcome = events.simulate(plan(door=False), crowd)
    assert outcome.builds_started == 1
    assert outcome.delivered == 500


def test_a_poison_content_is_tried_three_times_and_given_up() -> None:
    orders = [Arrival(1, "user-1", "poison", BUNDLE), Arrival(2, "user-2", "sound", BUNDLE)]
    outcome = events.simulate(plan(faults=Faults(poison=frozenset({"poison"}))), orders)
    assert (outcome.builds_started, outcome.built) == (4, 1)
    assert (outcome.failed, outcome.delivered, outcome.in_flight) == (1, 1, 0)


def test_a_killed_workers_build_is_taken_over_after_its_lease() -> None:
    slow = replace(assumed_on_aws(), build=Duration(100))
    broken = Faults(kills=((50, TASKS),))
    outcome = events.simulate(plan(times=slow, faults=broken), [Arrival(1, "user", "content", BUNDLE)])
    assert (outcome.builds_started, outcome.built, outcome.delivered) == (2, 1, 1)
    rules = Rules.at(1)
    waited = outcome.all_waits().longest
    assert rules.lease - rules.heartbeat < waited < 50 + rules.lease + 2 * rules.clock_skew + 110


def test_fair_queues_spare_the_others_what_a_greedy_user_does_to_them() -> None:
    greedy = [Arrival(1, GREEDY, f"greedy-{number}", BUNDLE) for number in range(300)]
    others = [Arrival(2 + number, f"user-{number}", f"content-{number}", BUNDLE) for number in range(50)]
    waits = {
        fair: events.simulate(plan(fair=fair, door=False, autoscaling=False), [*greedy, *others]).waits["distinct"].mean
        for fair in (True, False)
    }
    assert waits[True] < waits[False] / 2


def test_old_messages_go_aside_and_fresh_ones_are_served_at_once() -> None:
    # Ten minutes' work at once, then one order: it must not wait for all of them.
    flood = [Arrival(1, f"user-{number}", f"content-{number}", BUNDLE) for number in range(400)]
    last = [Arrival(400, "late", "late", BUNDLE)]
    made = plan(door=False, autoscaling=False)
    outcome = events.simulate(made, [*flood, *last])
    assert outcome.sidelined > 0
    assert outcome.delivered + outcome.gave_up == 401


def test_autoscaling_and_an_events_minimum_shorten_the_waits() -> None:
    load = Load.promotion(20_000, 1200)
    fixed, scaled, planned = (
        events.simulate(replace(plan(door=False), design=made, autoscaling=scaling), load.arrivals(1))
        for made, scaling in (
            (design(least=9), False),
            (design(least=9, most=18), True),
            (design().with_tasks(27, 54), True),
        )
    )
    longest = [outcome.all_waits().longest for outcome in (planned, scaled, fixed)]
    assert longest == sorted(longest)
    assert longest[0] < longest[2] / 2
    assert scaled.curve.peaks["tasks"] > 9
