"""The process behind load.py: `python -m drills.traffic.play SETUP.json` sends what is due, and notes the answers.

Each arrival becomes one line of JSON: what it was, and what became of it after how many tries.
"""

import asyncio
import heapq
import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from http import HTTPStatus
from pathlib import Path
from random import Random
from typing import Any, ClassVar, Protocol, TextIO
from zlib import crc32

from drills.frame.users import Identity
from drills.traffic.arrivals import Arrival, Kind, read
from drills.traffic.load import READY, Place, Setup, Summary
from drills.traffic.wire import Connection, NoAnswer, Request, Response

BEHIND = 0.25
"""Seconds by which a request may leave late before the load says so: below it, it is the event loop's own noise."""
TOO_BUSY = "urn:seawall:problem:too-busy"
"""The drive's own refusal (services/api/errors.py). Any other 429 is a function or a gateway out of capacity: whoever
takes it for admission would find purchases refused that never were."""
COME_BACK_AFTER = 120
"""Seconds: the middle of what the drive asks for, should a 429 come without `Retry-After`."""


@dataclass(frozen=True)
class Reply:
    """What an answer means. `state`: accepted, ready (accepted and delivered), refused (429), failed."""

    state: str
    order: str | None = None
    retry_after: float | None = None
    reason: str | None = None
    try_again: bool = False


class Door(Protocol):
    """How a design is asked."""

    keeps_bodies: ClassVar[bool]
    """Whether an answer's body is needed to know what it means."""

    def request(self, arrival: Arrival, place: Place) -> Request:
        """Return the request for an arrival."""
        ...

    def read(self, response: Response) -> Reply:
        """Return what an answer means."""
        ...


@dataclass
class DriveDoor:
    """The drive's API."""

    identity: Identity
    keeps_bodies: ClassVar[bool] = True

    def request(self, arrival: Arrival, place: Place) -> Request:
        """Return the order of a bundle or a purchase."""
        if arrival.kind == Kind.PURCHASE:
            path, body = "purchases", {"content": arrival.content}
        else:
            path, body = "downloads", {"album": arrival.content}
        headers = {
            "Authorization": f"Bearer {self.identity.token(arrival.user)}",
            "Idempotency-Key": arrival.key,
            "Content-Type": "application/json",
        }
        return Request("POST", f"{place.url}/v1/{path}", headers, json.dumps(body).encode())

    def read(self, response: Response) -> Reply:
        """Return what the API said."""
        said = _object(response.body)
        if response.status == HTTPStatus.TOO_MANY_REQUESTS and said.get("type") != TOO_BUSY:
            return Reply("failed", reason="throttled", try_again=True)
        if response.status == HTTPStatus.TOO_MANY_REQUESTS:
            return Reply("refused", retry_after=_seconds(response.headers.get("retry-after")))
        if response.status == HTTPStatus.ACCEPTED:
            return Reply("accepted", order=said.get("job"))
        if response.status == HTTPStatus.OK:
            return Reply("ready", order=said.get("job"))
        # A 4xx is the drive's last word; whatever else went wrong is worth another try.
        return Reply(
            "failed",
            reason=str(said.get("detail", ""))[:200],
            try_again=response.status >= HTTPStatus.INTERNAL_SERVER_ERROR,
        )


@dataclass
class DirectDoor:
    """The direct design: the answer is the bundle itself."""

    keeps_bodies: ClassVar[bool] = False

    def request(self, arrival: Arrival, place: Place) -> Request:
        """Return the request for a bundle, or for a purchase."""
        kind = "purchases" if arrival.kind == Kind.PURCHASE else "downloads"
        return Request("GET", f"{place.url}/{kind}/{arrival.content}", {"Connection": "close"})

    def read(self, response: Response) -> Reply:
        """Return whether the bundle came; one that broke off is no answer at all."""
        if response.status == HTTPStatus.OK:
            return Reply("ready")
        return Reply(
            "failed", reason=f"status {response.status}", try_again=response.status >= HTTPStatus.INTERNAL_SERVER_ERROR
        )


@dataclass
class Asked:
    """An arrival on its way to an answer."""

    arrival: Arrival
    place: int
    tries: int = 0
    failures: int = 0
    refusals: int = 0
    refused_at: float | None = None
    status: int = 0


@dataclass
class Player:
    """Sends arrivals at their moments. Memory holds only what is under way or will come back."""

    setup: Setup
    door: Door
    connections: list[Connection]
    """As many as requests may be under way; one that is at work is not in the list."""
    lines: TextIO
    summary: Summary
    counts: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._chance = Random(self.setup.seed)  # noqa: S311  who comes back when is no secret
        self._room = asyncio.Semaphore(len(self.connections))
        self._later: list[tuple[float, int, Asked]] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._woken = asyncio.Event()
        self._last_place: dict[str, int] = {}

    async def play(self) -> None:
        """Send everything, and return when everybody has an answer or has given up."""
        arrivals = read(self.setup.arrivals)
        following = next(arrivals, None)
        while following is not None or self._later or self._tasks:
            following = await self._send_due(arrivals, following)
            await self._doze(following)

    async def _send_due(self, arrivals: Iterator[Arrival], following: Arrival | None) -> Arrival | None:
        while following is not None and self._planned(following) <= time.time():
            self.summary.planned += 1
            await self._send(Asked(following, self._first_place(following.user)), first=True)
            following = next(arrivals, None)
        while self._later and self._later[0][0] <= time.time():
            await self._send(heapq.heappop(self._later)[2], first=False)
        return following

    async def _doze(self, following: Arrival | None) -> None:
        moments = [self._planned(following)] if following is not None else []
        moments += [self._later[0][0]] if self._later else []
        timeout = max(0.0, min(moments) - time.time()) if moments else None
        if timeout is None and not self._tasks:
            return
        self._woken.clear()
        try:
            await asyncio.wait_for(self._woken.wait(), timeout)
        except TimeoutError:
            return

    async def _send(self, asked: Asked, *, first: bool) -> None:
        await self._room.acquire()
        if first:
            late = time.time() - self._planned(asked.arrival)
            self.summary.latest = max(self.summary.latest, late)
            self.summary.behind += late > BEHIND
        self.summary.sent += 1
        task = asyncio.create_task(self._ask(asked))
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._room.release()
        self._woken.set()
        task.result()  # a mistake of ours must not pass for an answer of the drive's

    async def _ask(self, asked: Asked) -> None:
        asked.tries += 1
        connection = self.connections.pop()  # the one that was used last: it is the likeliest to be open
        try:
            request = self.door.request(asked.arrival, self.setup.places[asked.place])
            response = await connection.exchange(request, keep=self.door.keeps_bodies)
            asked.status, reply = response.status, self.door.read(response)
        except NoAnswer as error:
            asked.status, reply = 0, Reply("failed", reason=str(error), try_again=True)
        finally:
            self.connections.append(connection)
        if reply.state == "refused":
            self._refused(asked, reply)
        elif reply.try_again and asked.failures + 1 < self.setup.patience.tries:
            self._failed(asked)
        else:
            self._answered(asked, reply)

    def _refused(self, asked: Asked, reply: Reply) -> None:
        self.summary.refusals += 1
        asked.refusals += 1
        asked.refused_at = asked.refused_at or time.time()
        patience = self.setup.patience
        if not patience.honour_retry_after or asked.refusals > patience.comebacks:
            self._answered(asked, reply)
            return
        if reply.retry_after is None:
            self._again(asked, COME_BACK_AFTER)
            return
        # In seconds of the run: the drive has divided it by its own time scale.
        self._again(asked, reply.retry_after * self.setup.time_scale)

    def _failed(self, asked: Asked) -> None:
        """Ask the next place after a pause that grows, at random (Builders' Library, "Timeouts, retries, backoff")."""
        asked.failures += 1
        asked.place = (asked.place + 1) % len(self.setup.places)
        patience = self.setup.patience
        longest = min(patience.longest_pause, patience.shortest_pause * 2 ** (asked.failures - 1))
        self._again(asked, self._chance.uniform(0, longest))

    def _again(self, asked: Asked, seconds: float) -> None:
        heapq.heappush(self._later, (time.time() + seconds / self.setup.time_scale, id(asked), asked))
        self._woken.set()

    def _answered(self, asked: Asked, reply: Reply) -> None:
        if reply.state != "failed":
            self._last_place[asked.arrival.user] = asked.place
        self.counts[reply.state] += 1
        self.lines.write(json.dumps(self._line(asked, reply)) + "\n")

    def _line(self, asked: Asked, reply: Reply) -> Mapping[str, Any]:
        arrival, now = asked.arrival, time.time()
        return {
            "number": arrival.number,
            "key": arrival.key,
            "user": arrival.user,
            "who": arrival.who,
            "kind": arrival.kind,
            "content": arrival.content,
            "at": arrival.at,
            "planned_at": self._planned(arrival),
            "answered_at": now,
            "latency": now - self._planned(arrival),
            "state": reply.state,
            "status": asked.status,
            "order": reply.order,
            "region": self.setup.places[asked.place].region,
            "tries": asked.tries,
            "refusals": asked.refusals,
            "refused_at": asked.refused_at,
            "reason": reply.reason,
        }

    def _first_place(self, user: str) -> int:
        known = self._last_place.get(user)
        if known is not None:
            return known
        return crc32(user.encode()) % len(self.setup.places) if self.setup.spread else 0

    def _planned(self, arrival: Arrival) -> float:
        return self.summary.begun_at + arrival.at


async def play(setup: Setup, door: Door, begins: Callable[[], float]) -> Summary:
    """Play a load and return how it went; `begins` is asked, when all is ready, for the moment (seconds since 1970)."""
    patience = setup.patience
    connections = [
        Connection(connect_timeout=patience.connect_timeout, timeout=patience.timeout) for _ in range(setup.in_flight)
    ]
    with setup.answers.open("w", buffering=1) as lines:
        summary = Summary(begun_at=begins())
        player = Player(setup, door, connections, lines, summary)
        await player.play()
    for connection in connections:
        connection.close()
    summary.ended_at, summary.answers = time.time(), dict(player.counts)
    return summary


def _object(body: bytes) -> dict[str, Any]:
    try:
        said = json.loads(body)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _seconds(header: str | None) -> float | None:
    try:
        return float(header) if header is not None else None
    except ValueError:
        return None


def begin() -> float:
    """Say that all is ready, and return the moment that standard input names."""
    sys.stdout.write(f"{READY}\n")
    sys.stdout.flush()
    return float(sys.stdin.readline())


def main(told: Path) -> None:
    """Play one load and write how it went beside its answers."""
    setup = Setup.load(told)
    door: Door = DirectDoor()
    if setup.identity:
        identity = Identity.load(setup.identity)
        identity.sign_in({arrival.user for arrival in read(setup.arrivals)})
        door = DriveDoor(identity)
    summary = asyncio.run(play(setup, door, begin))
    setup.answers.with_suffix(".summary.json").write_text(json.dumps(asdict(summary)))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
