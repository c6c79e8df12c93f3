"""Who asks for what, and when: a load as data, made before it is played, the same each time for the same seed.

phases = [Phase(30, rate=5), Phase(30, rate=100), Phase(60, rate=5)]        # twenty times the rate, in a step
write(path, crowd.orders(poisson(phases, seed=1), seed=1))
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from random import Random

STORM = 20
"""How many times the steady rate a storm brings (May 2011)."""

GREEDY = "greedy"
"""The subject of the one user who wants everything."""


class Kind(StrEnum):
    """What is asked for, in the words of services/drive/orders.py."""

    PURCHASE = "purchase"
    BUNDLE = "bundle"


class Who(StrEnum):
    """Classes of users, whose waits are compared."""

    CROWD = "crowd"
    """Wants the album that everybody wants."""
    ORDINARY = "ordinary"
    """Wants something that nobody else wants, once in a while."""
    GREEDY = "greedy"
    BUYER = "buyer"


@dataclass(frozen=True, slots=True)
class Arrival:
    """One request. `at`: seconds after the start, on the clock of the machine that plays it."""

    at: float
    number: int
    user: str
    """The token's subject."""
    who: Who
    kind: Kind
    content: str
    key: str
    """The idempotency key. Arrivals that share one are one order, asked for twice."""


@dataclass(frozen=True)
class Phase:
    """So many `seconds` at `rate` requests per second."""

    seconds: float
    rate: float


def step(steady: float, *, before: float, storm: float, after: float, factor: float = STORM) -> list[Phase]:
    """Return a steady rate that multiplies from one moment to the next, and falls back after `storm` seconds."""
    return [Phase(before, steady), Phase(storm, steady * factor), Phase(after, steady)]


def even(phases: Iterable[Phase]) -> Iterator[float]:
    """Return moments at even distances: for measurements that must not depend on chance."""
    begin = 0.0
    for phase in phases:
        count = round(phase.seconds * phase.rate)
        yield from (begin + index / phase.rate for index in range(count))
        begin += phase.seconds


def poisson(phases: Iterable[Phase], *, seed: int) -> Iterator[float]:
    """Return moments as independent people choose them."""
    chance, begin = Random(seed), 0.0  # noqa: S311  a load, not a secret
    for phase in phases:
        end, at = begin + phase.seconds, begin
        while phase.rate > 0 and (at := at + chance.expovariate(phase.rate)) < end:
            yield at
        begin = end


Decide = Callable[[str, float], bool]
"""Whether the next one belongs to a share of all: called with the share's name and its size."""


def by_chance(chance: Random) -> Decide:
    """Decide as independent people do."""
    return lambda _, share: chance.random() < share


def in_turn() -> Decide:
    """Decide so that each share is had as evenly as whole orders allow, however few there are."""
    owed: defaultdict[str, float] = defaultdict(lambda: 0.5)

    def decide(name: str, share: float) -> bool:
        owed[name] += share
        due = owed[name] >= 1
        owed[name] -= due
        return due

    return decide


@dataclass(frozen=True)
class Crowd:
    """Who is there and what they want. Shares are between 0 and 1.

    Purchases are `purchases` of everything; of the downloads `album_share` are for the one album, the others each for
    a content of their own, and of those the greedy user orders `greedy_share`.
    """

    users: int = 400
    purchases: float = 0.2
    album_share: float = 0.7
    greedy_share: float = 0.3
    repeats: float = 0.0
    """Of all requests, so many are the same order asked for again with the same key: the second click."""
    album: str = "album"

    def __post_init__(self) -> None:
        if self.users < 1:
            message = "a crowd has at least one user"
            raise ValueError(message)
        for name in ("purchases", "album_share", "greedy_share", "repeats"):
            if not 0 <= getattr(self, name) <= 1:
                message = f"{name} must lie between 0 and 1"
                raise ValueError(message)

    @property
    def subjects(self) -> list[str]:
        """Every user's subject, the greedy one's last."""
        return [subject(number) for number in range(self.users)] + [GREEDY]

    def orders(
        self, moments: Iterable[float], *, seed: int, run: str = "run", evenly: bool = False
    ) -> Iterator[Arrival]:
        """Return what arrives at these moments. `run` makes the keys of two runs against one drive different.

        `evenly` takes the shares in turn instead of by chance; who the users are is chance either way.
        """
        chance = Random(seed)  # noqa: S311  a load, not a secret
        decide = in_turn() if evenly else by_chance(chance)
        bought: defaultdict[str, int] = defaultdict(int)
        distinct = 0
        last: Arrival | None = None
        for number, at in enumerate(moments):
            if last is not None and decide("repeats", self.repeats):
                yield Arrival(at, number, last.user, last.who, last.kind, last.content, last.key)
                continue
            user = subject(chance.randrange(self.users))
            who, kind = self._chosen(decide)
            content = self.album
            if who == Who.BUYER:
                # A user buys a thing once: two orders for it would lead to one pointer, and hide a doubled one.
                content = single(bought[user])
                bought[user] += 1
            elif who != Who.CROWD:
                content, distinct = own(distinct), distinct + 1
            user = GREEDY if who == Who.GREEDY else user
            last = Arrival(at, number, user, who, kind, content, f"{run}-{number:07}")
            yield last

    def _chosen(self, decide: Decide) -> tuple[Who, Kind]:
        if decide("purchases", self.purchases):
            return Who.BUYER, Kind.PURCHASE
        if decide("album", self.album_share):
            return Who.CROWD, Kind.BUNDLE
        return (Who.GREEDY if decide("greedy", self.greedy_share) else Who.ORDINARY), Kind.BUNDLE


def subject(number: int) -> str:
    """Return a user's subject."""
    return f"user-{number:05}"


def own(number: int) -> str:
    """Return the content that only one order asks for."""
    return f"own-{number:06}"


def single(number: int) -> str:
    """Return what every user buys as their so-and-so-many-th purchase."""
    return f"single-{number:04}"


@dataclass(frozen=True)
class Wanted:
    """What a load needs to be there before it begins."""

    users: frozenset[str]
    for_sale: frozenset[str]
    """Contents that are bought."""
    owned: frozenset[tuple[str, str]]
    """(user, content): who downloads a content must own it."""


def wanted(arrivals: Iterable[Arrival]) -> Wanted:
    """Return what must be put into the drive for these arrivals."""
    users: set[str] = set()
    for_sale: set[str] = set()
    owned: set[tuple[str, str]] = set()
    for arrival in arrivals:
        users.add(arrival.user)
        if arrival.kind == Kind.PURCHASE:
            for_sale.add(arrival.content)
        else:
            owned.add((arrival.user, arrival.content))
    return Wanted(frozenset(users), frozenset(for_sale), frozenset(owned))


def write(path: Path, arrivals: Iterable[Arrival]) -> int:
    """Write arrivals as JSON lines and return how many."""
    count = 0
    with path.open("w") as lines:
        for arrival in arrivals:
            lines.write(json.dumps(asdict(arrival)) + "\n")
            count += 1
    return count


def read(path: Path) -> Iterator[Arrival]:
    """Return the arrivals of a file, one at a time."""
    with path.open() as lines:
        for line in lines:
            known = json.loads(line)
            yield Arrival(**known | {"who": Who(known["who"]), "kind": Kind(known["kind"])})


def length(phases: Sequence[Phase]) -> float:
    """Return the seconds that all phases take."""
    return sum(phase.seconds for phase in phases)
