from collections.abc import Callable

import pytest

from services.bundler import build_times
from services.bundler.build_times import BuildTimes
from services.drive.limits import ASSUMED_BUILD_SECONDS

Passes = Callable[[float], None]


@pytest.fixture
def passes(monkeypatch: pytest.MonkeyPatch) -> Passes:
    """Let so many seconds pass."""
    now = [0.0]

    def passes(seconds: float) -> None:
        now[0] += seconds

    monkeypatch.setattr(build_times, "monotonic", lambda: now[0])
    return passes


def build(times: BuildTimes, passes: Passes, seconds: float, slot: int = 0) -> None:
    times.begin(slot)
    passes(seconds)
    times.end(slot, built=True)


def test_a_new_worker_does_not_know(passes: Passes) -> None:
    times = BuildTimes(4)
    assert not times.is_known
    assert times.mean == ASSUMED_BUILD_SECONDS
    build(times, passes, 1)
    assert times.is_known


def test_the_first_build_counts_whole(passes: Passes) -> None:
    times = BuildTimes(4)
    build(times, passes, 300)
    assert times.mean == pytest.approx(300)


def test_later_about_the_last_ten_count(passes: Passes) -> None:
    times = BuildTimes(4)
    for seconds in [10] * 20 + [300] * 20:
        build(times, passes, seconds)
    assert times.mean == pytest.approx(300, rel=0.02)


def test_what_led_to_no_build_does_not_count(passes: Passes) -> None:
    times = BuildTimes(4)
    build(times, passes, 20)
    times.begin(0)
    passes(0.1)
    times.end(0, built=False)
    assert times.mean == pytest.approx(20)


def test_builds_that_become_slow_are_noticed_before_the_first_one_ends(passes: Passes) -> None:
    times = BuildTimes(2)
    build(times, passes, 10)
    times.begin(0)
    times.begin(1)
    passes(200)
    assert times.mean == pytest.approx(200)


def test_one_long_build_among_several_weighs_as_one(passes: Passes) -> None:
    times = BuildTimes(4)
    build(times, passes, 10)
    times.begin(0)
    passes(90)
    for slot in (1, 2, 3):
        times.begin(slot)
    assert times.mean == pytest.approx((90 + 3 * 10) / 4)


def test_a_first_build_that_lasts_longer_than_assumed_is_noticed_but_known_when_it_ends(passes: Passes) -> None:
    times = BuildTimes(4)
    times.begin(0)
    passes(ASSUMED_BUILD_SECONDS + 100)
    assert times.mean == pytest.approx(ASSUMED_BUILD_SECONDS + 100)
    assert not times.is_known
