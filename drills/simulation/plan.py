"""What a simulation of one data region starts from, but for who comes; both models take the same."""

from dataclasses import dataclass

from drills.simulation.design import Design
from drills.simulation.rules import Rules
from drills.simulation.times import ServiceTimes


@dataclass(frozen=True, kw_only=True)
class Faults:
    """What is broken on purpose."""

    kills: tuple[tuple[float, int], ...] = ()
    """When, and how many workers vanish; as many new ones start at once and take their `task_start`."""
    poison: frozenset[str] = frozenset()
    """Contents that cannot be built."""
    duplicates: float = 0.0
    """This share of the messages arrives twice."""
    returns: int | None = None
    """So often a refused client comes back; None: until it is let in."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is simulated, but for who comes."""

    design: Design
    rules: Rules
    times: ServiceTimes
    faults: Faults = Faults()
    seed: int = 1
    until: float
    """The simulation ends then at the latest."""
    autoscaling: bool = True
    door: bool = True
    """Whether API Gateway's throttle is there: the embedded cloud has none."""
    fair: bool = True
    in_turn: bool = False
    """Whether fair queues serve as the embedded cloud's do (drills/simulation/broker.py)."""
