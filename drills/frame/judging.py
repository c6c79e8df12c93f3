"""What became of a load that was played: the ledger, the waits of each class of users, the builds, and the promises.

evidence = gather(drive, run, played)
promises = [*nothing_lost(evidence), *built_once(evidence), *purchases_taken(evidence)]
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drills.drill import Run
from drills.frame.ledger import Counts, Ledger, Wait
from drills.frame.plots import percentile
from drills.frame.result import Promise
from drills.frame.watching import DEAD_LETTERS, messages
from drills.traffic.arrivals import Kind, Who
from drills.traffic.playing import Played

if TYPE_CHECKING:
    from drills.frame.running import Drive

SHARES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}

CALLED = {
    Who.CROWD: "album",
    Who.ORDINARY: "distinct",
    Who.GREEDY: "greedy",
    Who.BUYER: "purchases",
}
"""Classes of users by what results call them."""


@dataclass(frozen=True)
class Build:
    """One content's builds in one region."""

    region: str
    content: str
    state: str
    started: int
    failed: int


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What is known at the end. Moments and waits are seconds of the run, not multiplied by the time scale."""

    played: Played
    time_scale: float
    orders: Counts
    purchases: Counts
    waits: Sequence[Wait]
    builds: Sequence[Build]
    published: Mapping[str, int]
    """What `Ledger.builds` returns."""
    dead_letters: Mapping[str, int]
    poisoned: frozenset[str]
    """The manifests of the contents that cannot be built."""
    leases_lost: int
    unforeseen: int
    """Errors of the workers that no code of theirs expects."""
    kills: int
    examples: Mapping[str, Sequence[str]]

    @property
    def good(self) -> list[Build]:
        """The builds of contents that can be built."""
        return [build for build in self.builds if build.content not in self.poisoned]

    def first_refusal(self) -> float | None:
        """Return when the first 429 came."""
        return min(self._refused_at, default=None)

    def refused_for(self) -> float:
        """Return how long lay between the first and the last 429 that somebody got as a first answer."""
        return max(self._refused_at) - min(self._refused_at) if self._refused_at else 0.0

    @cached_property
    def _refused_at(self) -> list[float]:
        return [
            told["refused_at"] - self.played.begun
            for told in answers(self.played.answers)
            if told["refused_at"] is not None
        ]

    def by_class(self) -> dict[str, dict[str, float]]:
        """Return the waits from acceptance to delivery of each class; who found a bundle READY waited 0 seconds."""
        waited: defaultdict[str, list[float]] = defaultdict(list)
        for wait in self.waits:
            waited[wait.who].append(wait.seconds)
        for told in answers(self.played.answers):
            if told["state"] == "ready":
                waited[told["who"]].append(0.0)
        return {CALLED[who]: described(waited[who]) for who in Who if waited[who]}


def described(waits: Sequence[float]) -> dict[str, float]:
    """Return how many waits there were and their percentiles, in seconds."""
    found = {name: round(percentile(waits, share), 3) for name, share in SHARES.items() if waits}
    return {"count": len(waits), **found}


def gather(drive: "Drive", run: Run, played: Played, *, kills: int = 0) -> Evidence:
    """Read what became of everything."""
    run.say(f"{played.scenario.name}: the ledger")
    path = run.folder / f"{played.scenario.name}-ledger.sqlite"
    regions = drive.design.data_regions
    with Ledger(path) as ledger:
        ledger.add_answers(played.answers, drive.identity)
        for region in regions:
            ledger.add_region(drive.store(region))
        outcomes = ("lost", "waiting", "given_up")
        return Evidence(
            played=played,
            time_scale=run.options.time_scale,
            orders=ledger.orders(),
            purchases=ledger.orders(Kind.PURCHASE),
            waits=list(ledger.waits()),
            builds=list(_builds(drive)),
            published=ledger.builds(),
            dead_letters={queue: sum(messages(drive, queue, regions[0])) for queue in DEAD_LETTERS},
            poisoned=frozenset(_manifests(drive, played.poison)),
            leases_lost=_logged(drive, '"BundleLeasesLost":['),
            unforeseen=_logged(drive, '"message":"a message could not be handled"'),
            kills=kills,
            examples={became: ledger.examples(became) for became in outcomes},
        )


def nothing_lost(evidence: Evidence) -> Iterator[Promise]:
    """Every accepted order was delivered, once."""
    orders = evidence.orders
    yield Promise.exactly("orders lost", orders.lost, 0)
    yield Promise.exactly("orders delivered more than once", orders.doubled, 0)
    yield Promise.exactly("orders accepted and not delivered when all had settled", orders.waiting, 0)
    accepted = orders.into - orders.given_up
    yield Promise(
        "every accepted order led to its pointer or its bundle",
        f"{accepted:,} of {accepted:,}",
        f"{orders.out:,} of {accepted:,}",
        kept=orders.out == accepted > 0,
    )


def built_once(evidence: Evidence) -> Iterator[Promise]:
    """One published bundle per content and region, from no more builds than were broken off."""
    good = evidence.good
    published = sum(build.state == "READY" for build in good)
    there = evidence.published["published"] - evidence.published["published_and_gone"]
    yield Promise(
        "one published bundle for each content and region that somebody waited for",
        f"{len(good):,}",
        f"{published:,} published, {there:,} in their bucket",
        kept=published == there == len(good) > 0,
    )
    broken_off = evidence.kills + evidence.leases_lost
    most = max((build.started for build in good), default=0)
    yield Promise.at_most("builds started for any one content", most, 1 + broken_off)
    spare = sum(build.started - 1 for build in good)
    yield Promise.at_most("builds started beyond one for each content", spare, _slots() * broken_off)
    yield Promise.exactly("errors of the workers that no code of theirs expects", evidence.unforeseen, 0)


def purchases_taken(evidence: Evidence) -> Iterator[Promise]:
    """Purchases are only ever accepted."""
    counted = Counter(
        "refused" if told["refused_at"] is not None else told["state"]
        for told in answers(evidence.played.answers)
        if told["kind"] == Kind.PURCHASE
    )
    yield Promise.exactly("purchases refused with a 429", counted["refused"], 0)
    yield Promise.exactly("purchases that got no answer at all", counted["failed"], 0)


def poison_set_aside(evidence: Evidence) -> Iterator[Promise]:
    """What cannot be built builds nothing, and ends in front of a person."""
    from services.drive.limits import FAILED_BUILDS

    if not evidence.poisoned:
        return
    found = [build for build in evidence.builds if build.content in evidence.poisoned]
    states = ", ".join(f"{build.state} after {build.failed}" for build in found) or "never ordered"
    kept = bool(found) and all(build.state == "FAILED" and build.failed == FAILED_BUILDS for build in found)
    yield Promise("the poison content's builds fail and are given up", f"FAILED after {FAILED_BUILDS}", states, kept)
    dead = evidence.dead_letters["bundle-dead-letters"] + evidence.dead_letters["bundle-sideline-dead-letters"]
    yield Promise.at_least("messages about it in the dead-letter queue", dead, 1)
    others = sum(evidence.dead_letters.values()) - dead
    yield Promise.exactly("other messages in dead-letter queues", others, 0)
    yield Promise.exactly("users told that it cannot be had", evidence.orders.given_up, 1)


def answers(path: Path) -> Iterator[dict[str, Any]]:
    """Return what each arrival was told."""
    with path.open() as lines:
        for line in lines:
            yield json.loads(line)


def _builds(drive: "Drive") -> Iterator[Build]:
    for region in drive.design.data_regions:
        pages = drive.client("dynamodb", region).get_paginator("scan").paginate(TableName=drive.design.name("jobs"))
        for item in (item for page in pages for item in page["Items"]):
            kind, where, content = item["pk"]["S"].split("#", 2)
            if kind == "BUNDLE" and where == region:
                started, failed = (int(item.get(name, {"N": "0"})["N"]) for name in ("builds_started", "builds_failed"))
                yield Build(region, content, item["state"]["S"], started, failed)


def _manifests(drive: "Drive", contents: frozenset[str]) -> Iterator[str]:
    for content in contents:
        key = {"pk": {"S": f"CONTENT#{content}"}, "sk": {"S": "CONTENT"}}
        yield drive.client("dynamodb").get_item(TableName=drive.design.name("drive"), Key=key)["Item"]["manifest"]["S"]


def _logged(drive: "Drive", text: str) -> int:
    """Count what the bundlers of all regions wrote into their logs."""
    logs = [log for region in drive.design.data_regions for log in (drive.cloud.folder / f"bundler-{region}").glob("*")]
    return sum(line.count(text) for log in logs if log.is_file() for line in log.open(errors="replace"))


def _slots() -> int:
    from services.drive.limits import BUNDLE_SLOTS

    return BUNDLE_SLOTS
