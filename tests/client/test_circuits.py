"""A region that fails is left for a while, and none is ever left for good."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from client.circuits import FIRST_LEAVE, LONGEST_LEAVE, TRIAL, Circuit, Circuits
from client.patience import Patience, Time, retry_after

ENDPOINTS = ("https://a.example", "https://b.example", "https://c.example")


class Failover(RuleBasedStateMachine):
    """Any sequence of failures, answers and passing time, beside a model that knows what must be true."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1_700_000_000.0
        self.circuits = Circuits(ENDPOINTS, time=Time(now=lambda: self.now))
        self.failed_at: dict[str, float] = {}

    @rule(endpoint=st.sampled_from(ENDPOINTS), wish=st.floats(0, 200))
    def fail(self, endpoint: str, wish: float) -> None:
        self.circuits.failed(endpoint, wish)
        self.failed_at[endpoint] = self.now
        assert not self.circuits.is_well(endpoint)

    @rule(endpoint=st.sampled_from(ENDPOINTS))
    def succeed(self, endpoint: str) -> None:
        self.circuits.succeeded(endpoint)
        self.failed_at.pop(endpoint, None)
        assert self.circuits.is_well(endpoint)

    @rule(seconds=st.floats(0, 2 * LONGEST_LEAVE))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @rule(seconds=st.floats(0, 10_000))
    def the_clock_is_set_back(self, seconds: float) -> None:
        self.now -= seconds
        for endpoint in ENDPOINTS:  # as the next request does
            self.circuits.is_well(endpoint)

    @rule(tried=st.sets(st.sampled_from(ENDPOINTS)), avoid=st.sets(st.sampled_from(ENDPOINTS)))
    def ask(self, tried: set[str], avoid: set[str]) -> None:
        well = [endpoint for endpoint in ENDPOINTS if endpoint not in tried and self.circuits.is_well(endpoint)]
        picked = self.circuits.pick(tried=tried, avoid=avoid)
        assert (picked is None) == (tried == set(ENDPOINTS))
        assert picked not in tried
        if well:
            liked = [endpoint for endpoint in well if endpoint not in avoid]
            assert picked == (liked or well)[0], "the first of those that are well"
        if picked in self.failed_at and picked in well:
            assert not self.circuits.is_well(picked), "one request tries a region, not all of them"

    @invariant()
    def a_region_that_never_failed_is_well(self) -> None:
        assert all(self.circuits.is_well(endpoint) for endpoint in ENDPOINTS if endpoint not in self.failed_at)

    @precondition(lambda self: bool(self.failed_at))
    @rule()
    def every_region_gets_another_chance(self) -> None:
        self.now += LONGEST_LEAVE + TRIAL + 1
        assert all(self.circuits.is_well(endpoint) for endpoint in ENDPOINTS)


TestFailover = Failover.TestCase
TestFailover.settings = settings(max_examples=200, stateful_step_count=30, deadline=None)


@given(failures=st.integers(1, 1000), wish=st.floats(0, 1e6))
def test_a_region_is_left_for_longer_each_time_and_never_for_long(failures: int, wish: float) -> None:
    circuit = Circuit()
    for _ in range(failures):
        circuit.fail(0, wish)
    assert min(FIRST_LEAVE / 2, LONGEST_LEAVE) <= circuit.until <= LONGEST_LEAVE
    assert circuit.until >= min(wish, LONGEST_LEAVE)
    assert not circuit.admits(circuit.until / 2)
    assert circuit.admits(circuit.until)


def test_the_next_process_knows_which_region_failed(tmp_path: Path) -> None:
    memory = tmp_path / "state" / "regions.json"
    Circuits(ENDPOINTS, memory=memory).failed(ENDPOINTS[0])
    assert Circuits(ENDPOINTS, memory=memory).pick() == ENDPOINTS[1]
    Circuits(ENDPOINTS, memory=memory).succeeded(ENDPOINTS[0])
    assert Circuits(ENDPOINTS, memory=memory).pick() == ENDPOINTS[0]


@pytest.mark.parametrize(
    "damage", ["", "[]", "{", '{"https://a.example": 1}', '{"https://a.example": ["x", "y"]}', '"']
)
def test_a_damaged_memory_is_no_memory(tmp_path: Path, damage: str) -> None:
    memory = tmp_path / "regions.json"
    memory.write_text(damage)
    circuits = Circuits(ENDPOINTS, memory=memory)
    assert circuits.pick() == ENDPOINTS[0]
    circuits.failed(ENDPOINTS[0])
    assert list(json.loads(memory.read_text())) == [ENDPOINTS[0]]


@given(attempt=st.integers(0, 10_000))
def test_pauses_have_a_cap(attempt: int) -> None:
    patience = Patience()
    assert 0 <= patience.pause(attempt) <= patience.longest_pause
    assert 7 <= patience.pause(attempt, at_least=7) <= 7 + patience.longest_pause


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120),
        (" 0 ", 0),
        ("9" * 400, 24 * 3600),
        ("Thu, 01 Jan 1970 00:01:00 GMT", 50),
        ("Thu, 01 Jan 1960 00:01:00 GMT", 0),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("²", None),
        ("", None),
        (None, None),
    ],
)
def test_any_retry_after_is_understood_or_ignored(header: str | None, seconds: float | None) -> None:
    assert retry_after(header, 10) == seconds
