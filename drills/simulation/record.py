"""What a drill writes down so that the simulation can learn from it, and be held against it.

One JSON object. All moments are seconds of the run since its start, by one clock, **not** multiplied by the time scale.

    {
      "kind": "constant",               or "storm"
      "time_scale": 20,
      "workers": 9,                     of the bundler, at the start; no autoscaling on the embedded cloud
      "slots": 4,                       in each of them
      "fair": true,                     whether the queues served quiet users first
      "api_processes": 3,               optional: processes behind the API that take orders
      "arrivals": [[second, user, content, kind], …],
                                        first requests only: the simulation makes the returns after a 429 itself;
                                        kind is "purchase" or "bundle". Compact form, where the drill drew them by
                                        `Load.arrivals`:
                                        {"seed": 7, "phases": [[seconds, rate], …],
                                         "mix": {"purchases": 0.5, "album": 0.7, "greedy": 0.05, "users": 500}}
      "builds": [[content, started, finished, region], …],
                                        started: its message was received; finished: the slot was free again; null when
                                        the worker was killed or the build failed
      "orders": [[accepted, delivered, kind, user, content], …],
                                        delivered is null for what never was; equal to accepted where the bundle was
                                        READY and no order was left behind
      "returns": 3,                     so often a refused client comes back; left out: until it is let in
      "refused": 1234,                  answers 429
      "first_refusal": 31.5,            null if there was none
      "kills": [[second, workers], …],
      "poison": [content, …],
      "restart": 2.0,                   seconds from a worker's death until its successor works
      "outbox":  {"mean": 0.02, "deviation": 0.01, "concurrency": 4},
      "deliver": {"mean": 0.03, "deviation": 0.01, "concurrency": 4},
      "notify":  {"mean": 0.03, "deviation": 0.01, "concurrency": 4}
                                        per message (notify: per notice), as the functions took on the emulator
    }

In a "storm" the simulation reads who came, how patient they were, what was killed and how many workers there were.
`builds`, `orders`, `refused`, `first_refusal` and the three stages are what it is held against: a test replaces them by
nonsense and sees the same prediction.
"""

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, NamedTuple

from drills.simulation.load import BUNDLE, PURCHASE, Arrival, Load, Mix, Phase

Kind = Literal["constant", "storm"]


class UnusableRecord(ValueError):
    """The file is not what the module's docstring describes; the message says where."""


class Build(NamedTuple):
    """One build; `finished` is None when it did not end well."""

    content: str
    started: float
    finished: float | None
    region: str


class Served(NamedTuple):
    """One accepted order."""

    accepted: float
    delivered: float | None
    kind: str
    user: str
    content: str


@dataclass(frozen=True)
class Stage:
    """How long a function took per message, and how many ran at a time."""

    mean: float
    deviation: float
    concurrency: int


@dataclass(frozen=True, kw_only=True)
class Record:
    """One run, as the module's docstring describes it."""

    kind: Kind
    time_scale: float
    workers: int
    slots: int
    arrivals: tuple[Arrival, ...]
    builds: tuple[Build, ...]
    orders: tuple[Served, ...]
    outbox: Stage
    deliver: Stage
    notify: Stage
    fair: bool = True
    api_processes: int = 1
    returns: int | None = None
    refused: int = 0
    first_refusal: float | None = None
    kills: tuple[tuple[float, int], ...] = ()
    poison: tuple[str, ...] = field(default=())
    restart: float = 0.0

    @property
    def regions(self) -> tuple[str, ...]:
        """Return where builds ran."""
        return tuple(sorted({build.region for build in self.builds}))

    @property
    def last_arrival(self) -> float:
        """Return when somebody asked for the first time, for the last time."""
        return max((arrival.second for arrival in self.arrivals), default=0.0)

    @property
    def drain(self) -> float:
        """Return how long after that the last order was delivered."""
        delivered = [order.delivered for order in self.orders if order.delivered is not None]
        return max(0.0, max(delivered, default=0.0) - self.last_arrival)

    def waits(self, kind: str = BUNDLE) -> list[float]:
        """Return how long orders of a kind waited, but for those that found their bundle READY; in order."""
        return sorted(
            order.delivered - order.accepted
            for order in self.orders
            if order.kind == kind and order.delivered is not None and order.delivered > order.accepted
        )


def quantile(values: list[float], share: float) -> float:
    """Return the smallest of the ordered `values` that a `share` of them does not exceed; 0 without values."""
    return values[max(0, math.ceil(share * len(values)) - 1)] if values else 0.0


def load(path: Path) -> Record:
    """Read a record; raises UnusableRecord, or OSError."""
    try:
        return parse(json.loads(path.read_text()))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise UnusableRecord(f"{path}: {error}") from None
    except UnusableRecord as error:
        raise UnusableRecord(f"{path}: {error}") from None


def save(record: Record, path: Path) -> None:
    """Write a record, its arrivals in full."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(asdict(record), separators=(",", ":")) + "\n")


def parse(given: Any) -> Record:
    """Return what a decoded JSON object holds; raises UnusableRecord."""
    if not isinstance(given, Mapping):
        raise UnusableRecord("a record is a JSON object")
    missing = [name for name in NEEDED if name not in given]
    if missing:
        raise UnusableRecord(f"{', '.join(missing)}: missing")
    unknown = sorted(set(given) - set(Record.__dataclass_fields__))
    if unknown:
        raise UnusableRecord(f"{', '.join(unknown)}: unknown")
    try:
        record = _record(given)
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise UnusableRecord(str(error)) from None
    _check(record)
    return record


NEEDED = ("kind", "time_scale", "workers", "slots", "arrivals", "builds", "orders", "outbox", "deliver", "notify")


def _record(given: Mapping[str, Any]) -> Record:
    names = ("fair", "api_processes", "returns", "refused", "restart")
    optional = {name: given[name] for name in names if name in given}
    first = given.get("first_refusal")
    return Record(
        kind=given["kind"],
        time_scale=float(given["time_scale"]),
        workers=int(given["workers"]),
        slots=int(given["slots"]),
        arrivals=_arrivals(given["arrivals"]),
        builds=tuple(
            Build(str(c), float(s), None if f is None else float(f), str(r)) for c, s, f, r in given["builds"]
        ),
        orders=tuple(
            Served(float(a), None if d is None else float(d), str(k), str(u), str(c))
            for a, d, k, u, c in given["orders"]
        ),
        outbox=_stage(given["outbox"]),
        deliver=_stage(given["deliver"]),
        notify=_stage(given["notify"]),
        first_refusal=None if first is None else float(first),
        kills=tuple((float(second), int(count)) for second, count in given.get("kills", ())),
        poison=tuple(map(str, given.get("poison", ()))),
        **optional,
    )


def _stage(given: Mapping[str, Any]) -> Stage:
    return Stage(float(given["mean"]), float(given["deviation"]), int(given["concurrency"]))


def _arrivals(given: Any) -> tuple[Arrival, ...]:
    if isinstance(given, Mapping):
        phases = tuple(Phase(float(seconds), float(rate)) for seconds, rate in given["phases"])
        return tuple(Load(phases, Mix(**given.get("mix", {}))).arrivals(int(given["seed"])))
    return tuple(Arrival(float(second), str(user), str(content), str(kind)) for second, user, content, kind in given)


def _check(record: Record) -> None:
    if record.kind not in ("constant", "storm"):
        raise UnusableRecord(f'kind: "{record.kind}" is neither "constant" nor "storm"')
    for name in ("time_scale", "workers", "slots", "api_processes"):
        if getattr(record, name) <= 0:
            raise UnusableRecord(f"{name}: must be above 0")
    for name in ("outbox", "deliver", "notify"):
        stage: Stage = getattr(record, name)
        if stage.mean <= 0 or stage.deviation < 0 or stage.concurrency < 1:
            raise UnusableRecord(f"{name}: needs a mean above 0, a deviation of 0 or more and a concurrency from 1 on")
    _in_order("arrivals", [arrival.second for arrival in record.arrivals])
    kinds = {arrival.kind for arrival in record.arrivals} | {order.kind for order in record.orders}
    if kinds - {PURCHASE, BUNDLE}:
        unknown = ", ".join(sorted(kinds - {PURCHASE, BUNDLE}))
        raise UnusableRecord(f"arrivals and orders: {unknown} is no kind of order")
    _forwards("builds", [(build.started, build.finished) for build in record.builds])
    _forwards("orders", [(order.accepted, order.delivered) for order in record.orders])


def _in_order(name: str, seconds: list[float]) -> None:
    if any(later < earlier for earlier, later in pairwise(seconds)):
        raise UnusableRecord(f"{name}: not in the order of time")


def _forwards(name: str, spans: Iterable[tuple[float, float | None]]) -> None:
    for index, (start, end) in enumerate(spans):
        if not math.isfinite(start) or (end is not None and not end >= start):
            raise UnusableRecord(f"{name}[{index}]: ends before it starts")
