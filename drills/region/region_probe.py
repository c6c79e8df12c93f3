"""Tries each function of the drive once a second, through one region's API and as clients do, who know both regions.

    with Probes.running(drive, run.folder, lost="eu-west-1") as probes:
        ...                                     # the region is lost, and comes back
    probes.recovery(View.CLIENTS, Function.BROWSE, lost_at)

Only when all regions that a client knows fail has the function failed for this client (region_session.py).
"""

import hashlib
import itertools
import json
import math
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drills.frame.plots import Line
from drills.region.region_session import Failed, Session
from drills.stores.holdings import Kept
from drills.traffic.arrivals import Kind, Wanted

if TYPE_CHECKING:
    from drills.frame.running import Drive

PERIOD = 2.0
"""Seconds between two attempts: the resolution of every RTO."""
READY_WITHIN = 120.0
"""Seconds for the first file to be listed in both regions, before anything is broken."""

ALBUM = "probe-album"
BEFORE = "before.txt"
"""A file that was written in the lost region, before it was lost."""
FILE = b"written before the region was lost\n" * 64


class Function(StrEnum):
    """What people do with the drive."""

    BROWSE = "list files"
    DOWNLOAD = "download a file"
    BUNDLE = "order an album"
    PURCHASE = "buy"
    UPLOAD = "upload a file"
    STATUS = "look up an order"


class View(StrEnum):
    """Who tries: somebody who asks the healthy region only, or a client that knows both."""

    HEALTHY = "healthy region"
    CLIENTS = "clients"


@dataclass(frozen=True)
class Attempt:
    """One try of a function: when it began and ended (seconds since 1970), and why it failed, if it did."""

    begun: float
    ended: float
    failure: str | None = None


class Probes:
    """All attempts, by view and function; each function of each view is tried by a thread of its own."""

    def __init__(self, drive: "Drive", folder: Path, *, lost: str, run: str = "probe", period: float = PERIOD) -> None:
        self.answers = folder / f"{run}.jsonl"
        """The purchases, as drills/traffic/load.py writes orders down: they belong into the ledger."""
        self.kept: list[Kept] = []
        """Every upload that was committed."""
        self.attempts: dict[tuple[View, Function], list[Attempt]] = {pair: [] for pair in _pairs()}
        self._drive, self._run, self._period = drive, run, period
        both = drive.places(lost, *(region for region in drive.design.data_regions if region != lost))
        self._places = {View.CLIENTS: both, View.HEALTHY: both[1:]}
        self._keys, self._contents = itertools.count(1), itertools.count()
        self._ended = threading.Event()
        self._lock = threading.Lock()
        self._file = self._order = ""

    @classmethod
    @contextmanager
    def running(cls, drive: "Drive", folder: Path, *, lost: str, run: str = "probe") -> Iterator["Probes"]:
        """Prepare while both regions are well, then try everything each second until the end."""
        probes = cls(drive, folder, lost=lost, run=run)
        probes.prepare()
        threads = [threading.Thread(target=probes._try_on, args=pair, daemon=True) for pair in probes.attempts]
        for thread in threads:
            thread.start()
        try:
            yield probes
        finally:
            probes._ended.set()
            for thread in threads:
                thread.join()

    def prepare(self) -> None:
        """Leave a file and an order in the region that will be lost, and wait until they can be seen in the other.

        Raises Failed when that takes too long.
        """
        session, healthy = self._session(View.CLIENTS), self._session(View.HEALTHY)
        first, key = self._content(), f"{self._run}-first"
        try:
            self._file = self._patiently(lambda: self._upload(session, BEFORE, FILE, key=f"{self._run}-before"))
            self._order = self._patiently(lambda: self._buy(session, first, key))
            self._patiently(lambda: self._see(healthy))
        finally:
            session.close()
            healthy.close()

    def _patiently(self, attempt: Callable[[], str]) -> str:
        """Functions that were never called need their time to start."""
        deadline = time.monotonic() + READY_WITHIN
        while True:
            try:
                return attempt()
            except Failed:
                if time.monotonic() > deadline:
                    raise
            time.sleep(self._period / 2)

    @staticmethod
    def wanted(user: str, purchases: int) -> Wanted:
        """Return what has to be in the drive: an album that the user owns, and so many contents to buy."""
        for_sale = frozenset(f"probe-{number:04}" for number in range(purchases))
        return Wanted(frozenset({user}), for_sale, frozenset({(user, ALBUM)}))

    def recovery(self, view: View, function: Function, lost_at: float, back_at: float = math.inf) -> float | None:
        """Return the seconds from the loss until the function worked again, for good; None when it never did.

        For good: no attempt failed any more of those that began before the region came back. 0 when not one failed that
        was under way at the loss or began afterwards.
        """
        attempts = self.attempts[view, function]
        after = [attempt for attempt in attempts if attempt.ended > lost_at and attempt.begun < back_at]
        failed = [index for index, attempt in enumerate(after) if attempt.failure]
        if not failed:
            return 0.0 if after else None
        worked = after[failed[-1] + 1 :]
        return worked[0].ended - lost_at if worked else None

    def failures(self, view: View, function: Function, begin: float, end: float) -> int:
        """Return how many attempts failed that began in this time."""
        return sum(
            attempt.failure is not None for attempt in self.attempts[view, function] if begin <= attempt.begun < end
        )

    def reasons(self, view: View, *, limit: int = 3) -> list[str]:
        """Return examples of why attempts failed."""
        found = [
            f"{function}: {attempt.failure}"
            for function in Function
            for attempt in self.attempts[view, function]
            if attempt.failure
        ]
        return sorted(set(found))[:limit]

    def lines(self, view: View, begun_at: float) -> list[Line]:
        """Return a line for each function, the first one on top: up while it works, down while it does not."""
        levels = range(len(Function), 0, -1)
        return [
            Line(f"{level} {function}", _steps(self.attempts[view, function], begun_at, level), steps=True)
            for function, level in zip(Function, levels, strict=True)
        ]

    def _try_on(self, view: View, function: Function) -> None:
        session = self._session(view)
        attempt = self._functions()[function]
        due = time.time()
        while not self._ended.is_set():
            begun, failure = time.time(), None
            try:
                attempt(session)
            except Failed as error:
                failure = str(error)
            except (KeyError, TypeError, ValueError) as error:  # an answer that is not what the API promises
                failure = f"{type(error).__name__}: {error}"
            self.attempts[view, function].append(Attempt(begun, time.time(), failure))
            due = max(due + self._period, time.time())
            self._ended.wait(due - time.time())
        session.close()

    def _functions(self) -> dict[Function, Callable[[Session], object]]:
        return {
            Function.BROWSE: self._browse,
            Function.DOWNLOAD: self._download,
            Function.BUNDLE: lambda session: session.ask("POST", "/v1/downloads", {"album": ALBUM}, self._key()),
            Function.PURCHASE: lambda session: self._buy(session, self._content(), self._key()),
            Function.UPLOAD: self._upload_another,
            Function.STATUS: lambda session: session.ask("GET", f"/v1/jobs/{self._order}"),
        }

    def _browse(self, session: Session) -> None:
        listed = session.ask("GET", f"/v1/files?prefix={BEFORE}")
        if self._file not in [file["file"] for file in listed["files"]]:
            raise Failed(f"{session.region}: a file is missing from the list")

    def _download(self, session: Session) -> None:
        link = session.ask("GET", f"/v1/files/{self._file}/link")
        if session.fetch([link["url"], *(other["url"] for other in link["alternates"])]) != FILE:
            raise Failed(f"{session.region}: other bytes")

    def _upload_another(self, session: Session) -> None:
        key = self._key()
        self._upload(session, f"{key}.txt", key.encode() * 16, key=key)

    def _upload(self, session: Session, path: str, content: bytes, *, key: str) -> str:
        """Upload a file as a client does, and return its id: what was broken off begins anew, with the same key."""
        try:
            return self._upload_once(session, path, content, key)
        except Failed:
            session.turn()
            return self._upload_once(session, path, content, key)

    def _upload_once(self, session: Session, path: str, content: bytes, key: str) -> str:
        digest = hashlib.sha256(content).hexdigest()
        composite = hashlib.sha256(bytes.fromhex(digest)).hexdigest()
        body = {"path": path, "size": len(content), "sha256": composite, "parts": [digest]}
        told = session.ask("POST", "/v1/uploads", body, key)
        etag = session.send(told["parts"][0], content)
        sent = {"parts": [{"number": 1, "etag": etag, "sha256": digest}]}
        committed = session.ask("POST", f"/v1/uploads/{told['upload']}/commit", sent)
        with self._lock:
            self.kept.append(Kept(path, committed["file"], committed["version"], digest))
        return str(committed["file"])

    def _buy(self, session: Session, content: str, key: str) -> str:
        told = session.ask("POST", "/v1/purchases", {"content": content}, key)
        line: dict[str, Any] = {"key": key, "user": self._run, "who": "probe", "kind": Kind.PURCHASE}
        line |= {"content": content, "state": "accepted", "region": session.region, "answered_at": time.time()}
        with self._lock, self.answers.open("a") as lines:
            lines.write(json.dumps(line) + "\n")
        return str(told["job"])

    def _see(self, healthy: Session) -> str:
        healthy.ask("GET", f"/v1/jobs/{self._order}")
        versions = healthy.ask("GET", f"/v1/files/{self._file}/versions")["versions"]
        if [version["durability"] for version in versions] != ["MULTI_REGION"]:
            raise Failed("the first file has not reached both regions")
        return self._file

    def _session(self, view: View) -> Session:
        return Session(self._places[view], self._drive.identity.token(self._run))

    def _content(self) -> str:
        return f"probe-{next(self._contents):04}"  # each is bought once: two orders for one thing give one pointer

    def _key(self) -> str:
        return f"{self._run}-{next(self._keys):07}"


def _pairs() -> Iterator[tuple[View, Function]]:
    return itertools.product(View, Function)


def _steps(attempts: Sequence[Attempt], begun_at: float, level: int) -> list[tuple[float, float]]:
    return [(attempt.begun - begun_at, level - (0.7 if attempt.failure else 0)) for attempt in attempts]
