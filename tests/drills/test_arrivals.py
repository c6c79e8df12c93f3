import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drills.traffic.arrivals import GREEDY, Crowd, Kind, Phase, Who, even, length, poisson, read, step, wanted, write

SHARES = st.floats(0, 1)
CROWDS = st.builds(
    Crowd,
    users=st.integers(1, 50),
    purchases=SHARES,
    album_share=SHARES,
    greedy_share=SHARES,
    repeats=st.floats(0, 0.5),
)
PHASES = st.lists(st.builds(Phase, seconds=st.floats(0, 20), rate=st.floats(0, 50)), max_size=4)
SEEDS = st.integers(0, 2**32)


@given(PHASES, SEEDS)
def test_arrivals_come_in_order_within_their_phases(phases: list[Phase], seed: int) -> None:
    moments = list(poisson(phases, seed=seed))
    assert moments == sorted(moments)
    assert all(0 <= at < length(phases) for at in moments)


@given(PHASES, SEEDS)
def test_one_seed_is_one_load(phases: list[Phase], seed: int) -> None:
    crowd = Crowd(users=10)
    first = list(crowd.orders(poisson(phases, seed=seed), seed=seed))
    assert first == list(crowd.orders(poisson(phases, seed=seed), seed=seed))


@given(CROWDS, SEEDS)
def test_a_key_is_one_order(crowd: Crowd, seed: int) -> None:
    orders = list(crowd.orders(even([Phase(10, 20)]), seed=seed))
    assert [order.number for order in orders] == list(range(200))
    asked = {order.key: (order.user, order.kind, order.content) for order in orders}
    assert all(asked[order.key] == (order.user, order.kind, order.content) for order in orders)


@given(CROWDS, SEEDS)
def test_nobody_buys_a_thing_twice(crowd: Crowd, seed: int) -> None:
    orders = crowd.orders(even([Phase(10, 20)]), seed=seed)
    bought = {order.key: (order.user, order.content) for order in orders if order.kind == Kind.PURCHASE}
    assert len(set(bought.values())) == len(bought)


@given(CROWDS, SEEDS)
def test_what_is_not_the_album_is_wanted_by_one_order_alone(crowd: Crowd, seed: int) -> None:
    orders = crowd.orders(even([Phase(10, 20)]), seed=seed)
    alone = {order.key: order.content for order in orders if order.who in (Who.ORDINARY, Who.GREEDY)}
    assert len(set(alone.values())) == len(alone)
    assert crowd.album not in alone.values()


@given(CROWDS, SEEDS)
def test_everything_that_is_asked_for_is_named_beforehand(crowd: Crowd, seed: int) -> None:
    orders = list(crowd.orders(even([Phase(5, 20)]), seed=seed))
    needed = wanted(orders)
    assert needed.users <= set(crowd.subjects)
    for order in orders:
        there = order.content in needed.for_sale if order.kind == Kind.PURCHASE else False
        assert there or (order.user, order.content) in needed.owned


def test_shares_are_those_that_were_asked_for() -> None:
    orders = list(Crowd(users=200).orders(even([Phase(100, 100)]), seed=7))
    who = Counter(order.who for order in orders)
    downloads = 10_000 - who[Who.BUYER]
    assert who[Who.BUYER] == pytest.approx(2000, rel=0.05)
    assert who[Who.CROWD] == pytest.approx(0.7 * downloads, rel=0.05)
    assert who[Who.GREEDY] == pytest.approx(0.3 * 0.3 * downloads, rel=0.1)
    assert {order.user for order in orders if order.who == Who.GREEDY} == {GREEDY}
    assert len({order.user for order in orders}) == 201


def test_a_storm_is_twenty_times_the_rate_from_one_moment_to_the_next() -> None:
    phases = step(5, before=20, storm=20, after=20)
    moments = list(poisson(phases, seed=3))
    counts = [sum(begin <= at < begin + 20 for at in moments) for begin in (0, 20, 40)]
    assert counts[1] == pytest.approx(2000, rel=0.1)
    assert counts[0] == pytest.approx(100, rel=0.3)
    assert counts[2] == pytest.approx(100, rel=0.3)


def test_even_arrivals_keep_their_distance() -> None:
    assert list(even([Phase(1, 4), Phase(1, 2)])) == [0, 0.25, 0.5, 0.75, 1, 1.5]


def test_arrivals_survive_their_file(tmp_path: Path) -> None:
    orders = list(Crowd(users=5, repeats=0.2).orders(even([Phase(1, 50)]), seed=1, run="storm"))
    path = tmp_path / "arrivals.jsonl"
    assert write(path, orders) == 50
    assert list(read(path)) == orders
    assert json.loads(path.read_text().splitlines()[0])["key"] == "storm-0000000"


@pytest.mark.parametrize("wrong", [{"users": 0}, {"album_share": 1.1}, {"greedy_share": -0.1}, {"repeats": 2}])
def test_a_crowd_that_cannot_be_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"between 0 and 1|at least one user"):
        Crowd(**wrong)  # type: ignore[arg-type]


@given(SHARES, SHARES, st.integers(1, 300))
def test_taken_in_turn_a_share_is_never_off_by_more_than_one(purchases: float, album_share: float, count: int) -> None:
    crowd = Crowd(purchases=purchases, album_share=album_share)
    orders = list(crowd.orders(even([Phase(count, 1)]), seed=1, evenly=True))
    bought = sum(order.who == Who.BUYER for order in orders)
    album = sum(order.who == Who.CROWD for order in orders)
    assert bought == pytest.approx(purchases * count, abs=1)
    assert album == pytest.approx(album_share * (count - bought), abs=1)
