"""One greedy user and a few quiet ones: how long each waits, with fair queues and without.

The greedy one orders everything at once; a moment later each of the quiet ones orders one bundle. With a queue that
serves in the order of arrival the quiet ones wait for all that the greedy one wants.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from drills.drill import Run
from drills.frame.judging import answers, described
from drills.frame.stock import Files
from drills.traffic import arrivals
from drills.traffic.arrivals import GREEDY, Arrival, Kind, Who
from drills.traffic.playing import Scenario, play

if TYPE_CHECKING:
    from drills.frame.running import Drive

WITHIN = 1.0
"""Seconds in which the greedy user orders everything; the quiet ones come in the second after that."""


@dataclass(frozen=True, kw_only=True)
class Burst(Scenario):
    """A greedy user's burst with quiet users behind it."""

    greedy: int
    quiet: int

    def orders(self, seed: int) -> Iterator[Arrival]:
        """Return what arrives; nothing is left to chance."""
        del seed
        for number in range(self.greedy + self.quiet):
            is_greedy = number < self.greedy
            after, count = (0.0, self.greedy) if is_greedy else (WITHIN, self.quiet)
            at = after + (number if is_greedy else number - self.greedy) * WITHIN / count
            user, who = (GREEDY, Who.GREEDY) if is_greedy else (arrivals.subject(number), Who.ORDINARY)
            content = f"{self.name}-{number:04}"
            yield Arrival(at, number, user, who, Kind.BUNDLE, content, f"{self.name}-{number:04}")


Waits = dict[str, dict[str, float]]


def compare(drive: "Drive", run: Run, files: Files, *, greedy: int, quiet: int) -> dict[str, Waits]:
    """Return the waits of both with fair queues and without, in seconds of the run."""
    found = {}
    for name, fair in (("fair", True), ("unfair", False)):
        drive.cloud.set_fair_queues(fair)
        try:
            burst = Burst(
                name=name,
                phases=[arrivals.Phase(2 * WITHIN, 0)],
                crowd=arrivals.Crowd(),
                files=files,
                greedy=greedy,
                quiet=quiet,
            )
            found[name] = _waits(drive, run, burst)
        finally:
            drive.cloud.set_fair_queues(True)
    return found


def _waits(drive: "Drive", run: Run, burst: Burst) -> Waits:
    played = play(drive, run, burst)
    who = {told["order"]: told["who"] for told in answers(played.answers) if told["state"] == "accepted"}
    waited: defaultdict[str, list[float]] = defaultdict(list)
    for order, seconds in _waited(drive, list(who)):
        waited[who[order]].append(seconds)
    return {"quiet": described(waited[Who.ORDINARY]), "greedy": described(waited[Who.GREEDY])}


def _waited(drive: "Drive", orders: list[str]) -> Iterator[tuple[str, float]]:
    """Yield how long each delivered order waited, by its record."""
    dynamodb: Any = drive.client("dynamodb")
    for order in orders:
        key = {"pk": {"S": f"ORDER#{order}"}, "sk": {"S": "ORDER"}}
        item = dynamodb.get_item(TableName=drive.design.name("drive"), Key=key).get("Item", {})
        if "delivered_at" in item:
            yield order, (int(item["delivered_at"]["N"]) - int(item["accepted_at"]["N"])) / 1000
