"""Sending a file: announced, sent part by part straight to the store, committed; in whichever region works.

    announce ──► send what is missing in this region ──► commit
       ▲                    │ the region fails              │ fails, or says that parts are missing
       └────────────────────┴───────────────────────────────┘  with the same key, in the other region

The key and the parts that have arrived are remembered, so that the same command goes on after a crash.
"""

import threading
import time as machine_time
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from .api import Api
from .errors import Mistake, Refused, Unreachable
from .links import PartLinks
from .parts import PART_BYTES, Scan, Stamp, part_count, part_range, read_part, scan, stamp_of
from .remembered import Memory, new_key
from .watching import Watcher
from .wire import CHUNK, Answer, LinkFailed

TRIES = 4
"""So often a part is sent to one region before that region is left."""

SAVE_EVERY = 1.0
"""Seconds: a crash costs no more than what arrived since."""

CONFLICTS = 3
"""So often all parts are sent again because the store says that it does not hold them."""

FINAL = frozenset({400, 413, 422})
"""After these the same request would be refused again."""


@dataclass(frozen=True)
class Stored:
    """A file that the drive has: committed, and listed a moment later."""

    path: str
    file: str
    version: str
    size: int
    sha256: str
    region: str
    upload: str


@dataclass
class Progress:
    """What is remembered of a file on its way. `sent`: ETags by part, by region."""

    key: str
    stamp: Stamp
    parts: list[str]
    sent: dict[str, dict[int, str]] = field(default_factory=dict)
    regions: dict[str, str] = field(default_factory=dict)
    """Which region an endpoint was found to be."""

    @property
    def scan(self) -> Scan:
        """What the file holds."""
        return Scan(self.stamp, self.parts)

    def record(self) -> dict[str, Any]:
        """Return what is kept; the hashes of the parts are in another record, which is written once."""
        return {"key": self.key, "sent": self.sent, "regions": self.regions}


class RegionFailed(Exception):
    """Bytes cannot be sent to this region now, or not be committed there."""


class Upload:
    """One file on its way, in one thread and `slots` more."""

    def __init__(
        self, api: Api, memory: Memory, watcher: Watcher, slots: threading.BoundedSemaphore, *, parallel: int
    ) -> None:
        self._api, self._memory, self._watcher, self._slots, self._parallel = api, memory, watcher, slots, parallel
        self._time, self._patience = api.wire.time, api.wire.patience
        self._lock = threading.Lock()
        self._saved_at = 0.0

    def put(self, local: Path, remote: str, key: str | None = None) -> Stored:
        """Send a file and commit it. Raises Refused, Mistake or Unreachable; the same call then goes on."""
        self._name, self._local, self._remote = str(local), local, remote
        self._id = f"{local.absolute()}\0{remote}"
        with self._memory.held("uploads", self._id):
            try:
                self._progress = self._begin(key)
                stored = self._send_somewhere()
            except Refused as error:
                if error.status in FINAL:
                    self._forget()
                raise
            finally:
                self._watcher.end(self._name)
            self._forget()
            return stored

    def _begin(self, key: str | None) -> Progress:
        """Return how far an earlier run came with these very bytes, or a new beginning."""
        stamp = stamp_of(self._local)
        progress = _recalled(self._memory.load("scans", self._id), self._memory.load("uploads", self._id))
        if progress and progress.stamp == stamp and key in (None, progress.key):
            return progress
        self._watcher.begin(self._name, stamp.size, "checking")
        found = scan(self._local, lambda count: self._watcher.advance(self._name, count))
        progress = Progress(key or new_key(), found.stamp, found.parts)
        self._remember(progress)
        return progress

    def _remember(self, progress: Progress) -> None:
        scanned = {"key": progress.key, "stamp": asdict(progress.stamp), "parts": progress.parts}
        self._memory.save("scans", self._id, scanned)
        self._memory.save("uploads", self._id, progress.record())

    def _send_somewhere(self) -> Stored:
        avoid: set[str] = set()
        conflicts, rounds, best, until = 0, 0, -1, 0.0
        while True:
            arrived = sum(len(parts) for parts in self._progress.sent.values())
            if arrived > best:  # whatever arrives renews the patience
                rounds, best, until = 0, arrived, self._time.now() + self._patience.total
            answer = self._announce(avoid)
            try:
                return self._send_here(answer)
            except RegionFailed as error:
                self._api.wire.circuits.failed(answer.endpoint)
                avoid = {answer.endpoint} if answer.endpoint not in avoid else set()
                self._pause(rounds, until, answer.endpoint, error)
                rounds += 1
            except Refused as error:
                if error.status == 410:
                    self._start_again()
                elif error.status == 409 and conflicts < CONFLICTS:
                    self._progress.sent.pop(str(answer.body.get("region")), None)
                else:
                    raise
                conflicts += 1
            finally:
                self._save(now=True)

    def _announce(self, avoid: set[str]) -> Answer:
        """Announce the file where most of it is, or wherever that can be done."""
        sent = {name: len(self._progress.sent.get(region, {})) for name, region in self._progress.regions.items()}
        best = max(sent, key=lambda name: sent[name], default=None)
        try:
            answer = self._ask(1, avoid=avoid, prefer=best if best and sent[best] else None)
        except Refused as error:
            if error.status != 410:
                raise
            self._start_again()
            answer = self._ask(1, avoid=avoid)
        if answer.body.get("part_bytes") != PART_BYTES:
            raise Mistake("outdated", "The drive cuts files in another way than this program: install a newer one.")
        self._progress.regions[answer.endpoint] = str(answer.body["region"])
        return answer

    def _ask(
        self, first_part: int, *, at: str | None = None, avoid: Collection[str] = (), prefer: str | None = None
    ) -> Answer:
        found = self._progress.scan
        body = {"path": self._remote, "size": found.size, "sha256": found.sha256, "parts": found.parts}
        return self._api.call(
            "POST",
            "/v1/uploads",
            body,
            key=self._progress.key,
            query={"first_part": str(first_part)} if first_part > 1 else None,
            at=at,
            avoid=avoid,
            prefer=prefer,
            attempts=2 if at else None,
            conflict_passes=True,
        )

    def _send_here(self, answer: Answer) -> Stored:
        """Send what is missing in the region that answered, and commit there."""
        region = str(answer.body["region"])
        sent = self._progress.sent.setdefault(region, {})
        missing = [number for number in range(1, part_count(self._progress.scan.size) + 1) if number not in sent]
        self._watcher.begin(self._name, self._progress.scan.size, "sending")
        self._watcher.advance(self._name, sum(part_range(each, self._progress.scan.size)[1] for each in sent))
        links = PartLinks(answer, lambda first: self._ask(first, at=answer.endpoint))
        alternate = answer.body.get("alternate", {})
        try:
            self._send_parts(missing, links, sent)
        except RegionFailed:
            if not alternate.get("parts"):
                raise
            return self._send_to_alternate(answer, alternate)
        self._save(now=True)
        return self._commit(answer, region, answer.endpoint)

    def _send_to_alternate(self, answer: Answer, alternate: dict[str, Any]) -> Stored:
        """Send a file of one part by the link to the other region's store, and commit in that region."""
        region = str(alternate["region"])
        only = PartLinks.of(alternate["parts"])
        self._send_parts([1], only, self._progress.sent.setdefault(region, {}))
        others = [each for each in self._api.wire.circuits.endpoints if each != answer.endpoint]
        for endpoint in others:
            try:
                return self._commit(answer, region, endpoint)
            except Refused as error:
                if error.status != 409:
                    raise
        raise RegionFailed(f"the file lies in {region}, where nobody answers")

    def _send_parts(self, missing: list[int], links: PartLinks, sent: dict[int, str]) -> None:
        """Send parts, several at a time; raises the first failure, after all others have stopped."""
        failed = threading.Event()

        def send(number: int) -> None:
            if not failed.is_set():
                try:
                    etag = self._send_part(number, links, failed)
                except BaseException:
                    failed.set()
                    raise
                with self._lock:
                    sent[number] = etag
                self._save()

        if len(missing) == 1:  # no threads for the many small files
            send(missing[0])
            return
        with ThreadPoolExecutor(max(1, min(self._parallel, len(missing)))) as senders:
            futures = [senders.submit(send, number) for number in missing]
        for future in futures:
            future.result()

    def _send_part(self, number: int, links: PartLinks, failed: threading.Event) -> str:
        with self._slots:
            content = read_part(self._local, number, self._progress.scan)
            reason = ""
            for attempt in range(TRIES):
                if failed.is_set():
                    raise RegionFailed("another part failed")
                done = [0]
                try:
                    link = links.get(number)
                    pieces = self._pieces(content, done)
                    return self._api.wire.send(link.url, link.headers, pieces, len(content))
                except LinkFailed as error:
                    self._watcher.advance(self._name, -done[0])
                    reason = str(error)
                    links.drop(number)
                except Unreachable as error:
                    raise RegionFailed(str(error)) from error
                if attempt < TRIES - 1:
                    self._time.sleep(self._patience.pause(attempt))
        raise RegionFailed(reason)

    def _pieces(self, content: bytes, done: list[int]) -> Iterator[bytes]:
        for start in range(0, len(content), CHUNK):
            piece = content[start : start + CHUNK]
            yield piece
            done[0] += len(piece)
            self._watcher.advance(self._name, len(piece))

    def _commit(self, answer: Answer, region: str, endpoint: str) -> Stored:
        found = self._progress.scan
        sent = self._progress.sent[region]
        parts = [
            {"number": number, "etag": sent[number], "sha256": sha256} for number, sha256 in enumerate(found.parts, 1)
        ]
        path = f"/v1/uploads/{answer.body['upload']}/commit"
        try:
            done = self._api.call("POST", path, {"parts": parts}, at=endpoint, attempts=3).body
        except Unreachable as error:
            raise RegionFailed(str(error)) from error
        return Stored(
            path=self._remote,
            file=str(done["file"]),
            version=str(done["version"]),
            size=found.size,
            sha256=found.sha256,
            region=region,
            upload=str(done["upload"]),
        )

    def _pause(self, rounds: int, until: float, endpoint: str, error: Exception) -> None:
        pause = self._patience.pause(rounds) if rounds else 0
        if self._time.now() + pause > until:
            raise Unreachable(
                "unreachable",
                f"{self._local} could not be sent ({endpoint}: {error}). What has arrived is kept: repeat the same "
                "command to go on.",
            ) from error
        self._time.sleep(pause)

    def _start_again(self) -> None:
        """Use a new key: the drive has forgotten the upload."""
        self._progress = Progress(new_key(), self._progress.stamp, self._progress.parts)
        self._remember(self._progress)

    def _save(self, *, now: bool = False) -> None:
        with self._lock:
            if now or machine_time.monotonic() - self._saved_at > SAVE_EVERY:
                self._memory.save("uploads", self._id, self._progress.record())
                self._saved_at = machine_time.monotonic()

    def _forget(self) -> None:
        for kind in ("uploads", "scans"):
            self._memory.forget(kind, self._id)


def _recalled(scanned: dict[str, Any], record: dict[str, Any]) -> Progress | None:
    """Return what two records say together; None for records that were damaged or do not belong together."""
    try:
        if scanned["key"] != record["key"]:
            return None
        stamp, parts = Stamp(**scanned["stamp"]), [str(part) for part in scanned["parts"]]
        if len(parts) != part_count(stamp.size):
            return None
        sent = {
            region: {int(number): str(etag) for number, etag in etags.items() if 1 <= int(number) <= len(parts)}
            for region, etags in record["sent"].items()
        }
        return Progress(str(record["key"]), stamp, parts, sent, dict(record["regions"]))
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
