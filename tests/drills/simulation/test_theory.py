"""The event model against queues whose waits are known in closed form."""

import math
import random
from collections.abc import Generator
from dataclasses import replace
from typing import Any

import pytest
from simpy import Environment, Event

from drills.simulation.bundlers import Bundlers, Job
from drills.simulation.outcome import Outcome
from drills.simulation.rules import Rules
from drills.simulation.station import Station
from drills.simulation.times import Duration, assumed_on_aws

CUSTOMERS = 150_000
WITHIN = 0.06


def erlang_c_wait(servers: int, utilization: float, service: float) -> float:
    """Mean wait in an M/M/c queue (Erlang 1917)."""
    offered = servers * utilization
    waiting = offered**servers / math.factorial(servers) / (1 - utilization)
    probability = waiting / (sum(offered**n / math.factorial(n) for n in range(servers)) + waiting)
    return probability * service / (servers * (1 - utilization))


def station_wait(servers: int, utilization: float, duration: Duration) -> float:
    clock, chance = Environment(), random.Random(7)  # noqa: S311
    station, waits = Station(clock, servers), []

    def arrive() -> Generator[Event, Any, None]:
        for _ in range(CUSTOMERS):
            yield clock.timeout(chance.expovariate(servers * utilization / duration.mean))
            waits.append(station.next_start() - clock.now)
            station.submit(duration.sample(chance))

    clock.process(arrive())
    clock.run()
    return sum(waits) / CUSTOMERS


def test_a_function_with_constant_times_waits_as_m_d_1() -> None:
    known = 0.7 * 2 / (2 * (1 - 0.7))
    assert station_wait(1, 0.7, Duration(2)) == pytest.approx(known, rel=WITHIN)


@pytest.mark.parametrize("servers", [1, 4, 20])
def test_a_function_with_exponential_times_waits_as_m_m_c(servers: int) -> None:
    known = erlang_c_wait(servers, 0.7, 2)
    assert station_wait(servers, 0.7, Duration(2, 2)) == pytest.approx(known, rel=WITHIN)


def test_the_workers_slots_wait_as_m_m_c_when_nothing_is_sidelined() -> None:
    clock, waits = Environment(), list[float]()
    chance = random.Random(3)  # noqa: S311
    # Nothing grows old, and a look at the empty sideline takes no time: what is left is a queue with eight servers.
    rules = replace(Rules.at(1), sideline_after=math.inf, short_poll=0)
    times = replace(assumed_on_aws(), build=Duration(20, 20))

    def ended(job: Job) -> None:
        waits.append(clock.now - job.accepted_at)

    bundlers = Bundlers(
        clock, rules, times, chance=chance, most_receives=3, outcome=Outcome("test"), ended=ended, fair=False
    )
    bundlers.start(2)

    def arrive() -> Generator[Event, Any, None]:
        for number in range(CUSTOMERS // 4):
            yield clock.timeout(chance.expovariate(8 * 0.8 / 20))
            bundlers.order(f"content-{number}", f"user-{number}", clock.now)

    process = clock.process(arrive())
    clock.run(until=process)
    assert sum(waits) / len(waits) - 20 == pytest.approx(erlang_c_wait(8, 0.8, 20), rel=3 * WITHIN)
