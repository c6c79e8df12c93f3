"""Fetching bytes by links: in pieces of 16 MiB, several at a time, each going on where it broke off, all checked.

Of the links that an answer carries the first one that works is used; when none does, new ones are asked for. What came
is remembered piece by piece with its SHA-256, and read again before it counts in the next run.
"""

import hashlib
import threading
import time as machine_time
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from .errors import Mistake, Refused, Unreachable
from .parts import composite, digest_of, part_count, part_range, scan
from .patience import Stopped
from .remembered import Memory
from .targets import Target, explained
from .watching import Watcher
from .wire import LinkFailed, Wire

SAVE_EVERY = 1.0
RENEWALS_REFUSED = 3
"""So many sets of fresh links in a row may all be refused before it is given up."""


@dataclass(frozen=True)
class Offer:
    """Bytes that can be had. `identity` changes when they do; `sha256` is None for what has none, a bundle."""

    identity: str
    size: int
    sha256: str | None
    urls: tuple[str, ...]


@dataclass(frozen=True)
class Fetched:
    """A file that is here now; `present` says that it was here before."""

    target: Path
    size: int
    sha256: str | None
    present: bool = False


class _AnotherOne(Exception):
    """The link leads to another build of the bundle."""


class _Urls:
    """Which link is used now. Many threads may use it."""

    def __init__(self, offer: Offer, renew: Callable[[], Offer]) -> None:
        self._offer, self._renew = offer, renew
        self._lock = threading.Lock()
        self._index = 0
        self._refused = 0
        self._renewals = 0

    def current(self) -> tuple[int, str]:
        """Return a link, and a mark to hand in when it fails."""
        with self._lock:
            return self._index, self._offer.urls[self._index % len(self._offer.urls)]

    def worked(self) -> None:
        """Note that a link led to bytes."""
        with self._lock:
            self._refused = 0

    def failed(self, mark: int, error: LinkFailed) -> int | None:
        """Turn to the next link; return how often all of them have failed, when they have, else None.

        Raises Refused when fresh links are refused again and again, or what asking for links raises.
        """
        with self._lock:
            if mark != self._index:  # another thread has done so
                return None
            self._index += 1
            self._refused += error.over
            if self._index % len(self._offer.urls):
                return None
            if self._refused >= RENEWALS_REFUSED * len(self._offer.urls):
                raise Unreachable("bytes-unreachable", f"No link to the bytes works ({error}): try again later.")
            self._renewals += 1
            renewed = self._renew()
            if renewed.identity != self._offer.identity:
                raise Refused("replaced", "The file was replaced in the drive meanwhile: repeat the command.")
            self._offer, self._index = renewed, 0
            return self._renewals


class Download:
    """One file on its way."""

    def __init__(
        self, wire: Wire, memory: Memory, watcher: Watcher, slots: threading.BoundedSemaphore, *, parallel: int
    ) -> None:
        self._wire, self._memory, self._watcher, self._slots, self._parallel = wire, memory, watcher, slots, parallel
        self._lock = threading.Lock()
        self._saved_at = 0.0

    def fetch(self, target: Target, offer: Callable[[], Offer]) -> Fetched:
        """Fetch what `offer` offers; raises Refused, Mistake or Unreachable, and the same call then goes on."""
        first = offer()
        present = _is_there(target, first)
        if present:
            return present
        target.check()
        self._name, self._target, self._size = str(target.path), target, first.size
        self._id = str(target.path.absolute())
        with self._memory.held("downloads", self._id):
            try:
                self._fetch(first, offer)
            finally:
                self._watcher.end(self._name)
            self._memory.forget("downloads", self._id)
        return Fetched(target.path, first.size, first.sha256)

    def _fetch(self, first: Offer, offer: Callable[[], Offer]) -> None:
        for _ in range(2):
            if not first.urls:
                raise Unreachable("bytes-unreachable", "The drive gave no link to the bytes: try again later.")
            self._pieces = self._recall(first)
            if self._comes_whole(first, offer):
                self._target.finish()
                return
            self._target.discard()
            self._memory.forget("downloads", self._id)
            # The next link may lead to a sound copy.
            first = replace(first, urls=first.urls[1:] + first.urls[:1])
        raise Refused(
            "damaged",
            f"The bytes that came for {self._target.path} were not those of the file, twice. They were removed: repeat "
            "the command later.",
        )

    def _recall(self, offer: Offer) -> dict[int, str]:
        """Return the pieces that an earlier run left, as far as they are still what they were."""
        there = self._target.prepare(offer.size)
        record = self._memory.load("downloads", self._id)
        known = record.get("pieces") if there and record.get("identity") == offer.identity else None
        self._identity, self._by_etag = offer.identity, offer.sha256 is None
        self._etag = str(record.get("etag", "")) if known else ""
        self._watcher.begin(self._name, offer.size, "fetching")
        pieces = {}
        for number in range(1, part_count(offer.size) + 1):
            start, length = part_range(number, offer.size)
            digest = known.get(str(number)) if isinstance(known, dict) else None
            with explained(self._target.path):
                if digest and digest_of(self._target.part, start, length) == digest:
                    pieces[number] = str(digest)
                    self._watcher.advance(self._name, length)
        return pieces

    def _fetch_pieces(self, urls: _Urls) -> None:
        failed = threading.Event()
        missing = [number for number in range(1, part_count(self._size) + 1) if number not in self._pieces]

        def fetch(number: int) -> None:
            try:
                digest = self._piece(number, urls, failed)
            except BaseException:
                failed.set()
                raise
            with self._lock:
                self._pieces[number] = digest
            self._save()

        try:
            if len(missing) == 1:
                fetch(missing[0])
            elif missing:
                with ThreadPoolExecutor(min(self._parallel, len(missing))) as fetchers:
                    futures = [fetchers.submit(fetch, number) for number in missing]
                _raise_first(future.exception() for future in futures)
        finally:
            self._save(now=True)

    def _piece(self, number: int, urls: _Urls, failed: threading.Event) -> str:
        start, length = part_range(number, self._size)
        digest, position, fails = hashlib.sha256(), 0, 0
        until = self._wire.time.now() + self._wire.patience.total
        while position < length:
            if failed.is_set():
                raise Stopped
            mark, url = urls.current()
            came = 0
            try:
                with self._slots:
                    for chunk in self._read(url, start + position, start + length):
                        digest.update(chunk)
                        came += len(chunk)
                if position + came < length:
                    raise LinkFailed("the answer ended early")
                urls.worked()
            except LinkFailed as error:
                if came:  # bytes renew the patience
                    fails, until = 0, self._wire.time.now() + self._wire.patience.total
                self._turn(urls, mark, error, fails, until)
                fails += 1
            finally:
                position += came
        return digest.hexdigest()

    def _read(self, url: str, start: int, end: int) -> Iterator[bytes]:
        """Write what a link gives into its place, and return it piece by piece. Raises LinkFailed."""
        with self._wire.open_range(url, start, end, self._size) as (etag, chunks):
            self._compare(etag)
            with explained(self._target.path), self._target.part.open("rb+") as file:
                file.seek(start)
                for chunk in chunks:
                    file.write(chunk)
                    self._watcher.advance(self._name, len(chunk))
                    yield chunk

    def _compare(self, etag: str) -> None:
        """Bytes without a SHA-256 must not be put together from two builds of a bundle."""
        with self._lock:
            if not self._etag:
                self._etag = etag
            if etag != self._etag and self._by_etag:
                raise _AnotherOne

    def _turn(self, urls: _Urls, mark: int, error: LinkFailed, fails: int, until: float) -> None:
        """Go over to the next link, at once or, when all have failed, after a pause."""
        all_failed = urls.failed(mark, error)
        pause = self._wire.patience.pause(fails) if all_failed is not None or fails else 0.0
        if self._wire.time.now() + pause > until:
            raise Unreachable(
                "bytes-unreachable",
                f"{self._target.path} could not be fetched ({error}). What has come is kept: repeat the same command "
                "to go on.",
            )
        self._wire.time.sleep(pause)

    def _comes_whole(self, offer: Offer, renew: Callable[[], Offer]) -> bool:
        """Fetch what is missing; return whether all of it together is what was offered."""
        try:
            self._fetch_pieces(_Urls(offer, renew))
        except _AnotherOne:
            return False
        if offer.sha256 is None:
            return _is_sound_zip(self._target.part)
        return composite([self._pieces[number] for number in sorted(self._pieces)]) == offer.sha256

    def _save(self, *, now: bool = False) -> None:
        with self._lock:
            if now or machine_time.monotonic() - self._saved_at > SAVE_EVERY:
                record = {"identity": self._identity, "etag": self._etag, "pieces": self._pieces}
                self._memory.save("downloads", self._id, record)
                self._saved_at = machine_time.monotonic()


def _is_there(target: Target, offer: Offer) -> Fetched | None:
    """Return the target if it holds these very bytes already."""
    path = target.path
    if offer.sha256 is None or not path.is_file() or path.stat().st_size != offer.size:
        return None
    try:
        found = scan(path, lambda _: None)
    except Mistake:  # whatever it is, it is not these bytes; writing it says what is wrong
        return None
    return Fetched(path, offer.size, offer.sha256, present=True) if found.sha256 == offer.sha256 else None


def _is_sound_zip(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.testzip() is None
    except (zipfile.BadZipFile, EOFError, NotImplementedError, zlib.error):
        return False


def _raise_first(errors: Iterable[BaseException | None]) -> None:
    """Raise what went wrong, if anything did: what the first one failed of, not that the others were stopped."""
    found = [error for error in errors if error]
    for error in sorted(found, key=lambda each: isinstance(each, Stopped)):
        raise error
