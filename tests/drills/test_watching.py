from typing import Any

import pytest

from drills.frame.watching import QUEUES, Look, Watch

MEGABYTE = 2**20


def watch(*looks: Look) -> Watch:
    nobody: Any = None
    return Watch(drive=nobody, region="here", looks=list(looks))


Sizes = dict[tuple[str, int], int]


def look(at: float, *, depth: int = 0, wait: float | None = None, memory: Sizes | None = None) -> Look:
    return Look(at, dict.fromkeys(QUEUES, depth), wait, memory or {})


def test_a_queue_is_drained_when_it_held_something_for_the_last_time() -> None:
    seen = watch(look(10, depth=5), look(11), look(12, depth=1), look(13))
    assert seen.peak("bundle") == 5
    assert seen.drained_after("bundle", 9.5) == 2.5
    assert seen.drained_after("bundle", 12.5) == 0.0
    assert watch().peak("bundle") == 0


def test_the_wait_at_a_moment_is_what_was_seen_last_before_it() -> None:
    seen = watch(look(10, wait=3.0), look(11, wait=None), look(12, wait=9.0))
    assert seen.wait_at(9) is None
    assert seen.wait_at(11.5) == 3.0
    assert seen.longest_wait() == 9.0
    assert seen.longest_wait(until=11) == 3.0


def test_a_process_grows_from_its_second_quarter_on_and_another_one_s_memory_is_its_own() -> None:
    def sizes(second: int) -> Sizes:
        starting = min(second, 10) * 10  # what it imports and caches is no growth
        return {("a", 1): (100 + starting) * MEGABYTE, ("b", 2): (50 + second) * MEGABYTE}

    seen = watch(*(look(float(second), memory=sizes(second)) for second in range(40)))
    assert seen.growth() == {"a": 0.0, "b": pytest.approx(20.0)}
    assert seen.most_memory() == {"a": 200.0, "b": 89.0}


def test_a_process_that_was_hardly_seen_says_nothing_about_growth() -> None:
    assert watch(*(look(float(second), memory={("a", 1): second * MEGABYTE}) for second in range(1, 9))).growth() == {}
