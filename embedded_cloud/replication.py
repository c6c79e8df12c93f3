"""Replication between regions with lag, order and outages; what is replicated is in the two files beside this one.

Ministack copies at once. Simulation: with no lag and both regions up that is what happens ("strong, simulated": the
copy is there before the writer has its answer). Otherwise a write waits its lag, in order; while either region is down,
or replication is paused, it waits; before a region opens again all that waited for it is applied.
"""

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from embedded_cloud.outages import Outages

STORES = ("s3", "dynamodb")
_PAUSE_BETWEEN_LOOKS = 0.02

_log = logging.getLogger("seawall.replication")

Link = tuple[str, str, str]  # store, from region, to region


@dataclass(frozen=True)
class Write:
    """One write on its way to another region."""

    written_at: float
    due_at: float
    apply: Callable[[], None]


@dataclass
class Counters:
    """What has happened to the writes of one store."""

    applied: int = 0
    outdated: int = 0  # a later write was there already: last writer wins
    failed: int = 0


@dataclass
class Replication:
    """All links between regions. Turned by control calls; `install` puts it into ministack."""

    outages: Outages
    lag_seconds: dict[str, float] = field(default_factory=lambda: dict.fromkeys(STORES, 0.0))
    paused: set[str] = field(default_factory=set)
    counters: dict[str, Counters] = field(default_factory=lambda: {store: Counters() for store in STORES})
    _links: dict[Link, deque[Write]] = field(default_factory=dict)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def install(self) -> None:
        """Takes ministack's two replications over."""
        from embedded_cloud.object_replication import ObjectReplication
        from embedded_cloud.table_replication import TableReplication

        ObjectReplication(self).install()
        TableReplication(self).install()

    def submit(self, store: str, source: str, destination: str, apply: Callable[[], None]) -> bool:
        """Applies a write at once, or keeps it for later; says whether it was applied."""
        link = (store, source, destination)
        with self._lock:
            waiting = self._links.setdefault(link, deque())
            lag = self.lag_seconds[store]
            if not waiting and lag == 0 and self._flows(link, opening=None):
                self._apply(store, apply)
                return True
            now = time.time()
            waiting.append(Write(now, now + lag, apply))
            return False

    def in_transit(self) -> bool:
        """Whether two regions may now disagree: only then do write times matter."""
        return bool(self.outages.down or self.paused or any(self.lag_seconds.values()) or any(self._links.values()))

    def deliver(self, *, opening: str | None = None) -> None:
        """Applies what is due; for a region that is about to open, all that waited for it or in it."""
        now = time.time()
        with self._lock:
            for link, waiting in self._links.items():
                store, *ends = link
                if not self._flows(link, opening):
                    continue
                while waiting and (opening in ends or waiting[0].due_at <= now):
                    self._apply(store, waiting.popleft().apply)

    def deliver_everything(self) -> None:
        """At the end of the process nothing may be lost on its way; what is paused stays lost, for that is a fault."""
        with self._lock:
            for (store, *_), waiting in self._links.items():
                while waiting and store not in self.paused:
                    self._apply(store, waiting.popleft().apply)

    async def move(self) -> None:
        """Delivers for as long as the emulator runs, on its event loop: between requests, never inside one."""
        while True:
            self.deliver()
            await asyncio.sleep(_PAUSE_BETWEEN_LOOKS)

    def status(self) -> dict[str, Any]:
        """Per store: lag, pause, counters, how many writes wait and the age in seconds of the oldest; and each link."""
        with self._lock:
            waiting = {link: (len(writes), writes[0].written_at) for link, writes in self._links.items() if writes}
        now = time.time()
        links = [
            {"store": store, "from": source, "to": destination, "pending": pending, "oldest_seconds": now - oldest}
            for (store, source, destination), (pending, oldest) in waiting.items()
        ]
        return {"links": links, "stores": {store: self._store_status(store, waiting, now) for store in STORES}}

    def _store_status(self, store: str, waiting: Mapping[Link, tuple[int, float]], now: float) -> dict[str, Any]:
        of_store = [held for link, held in waiting.items() if link[0] == store]
        return vars(self.counters[store]) | {
            "lag_seconds": self.lag_seconds[store],
            "paused": store in self.paused,
            "pending": sum(pending for pending, _oldest in of_store),
            "oldest_seconds": max((now - oldest for _pending, oldest in of_store), default=0.0),
        }

    def _flows(self, link: Link, opening: str | None) -> bool:
        store, *ends = link
        return store not in self.paused and not any(end in self.outages.down and end != opening for end in ends)

    def _apply(self, store: str, apply: Callable[[], None]) -> None:
        try:
            apply()
        except Exception:  # noqa: BLE001 - one write that fails must not stop those behind it: it is counted and logged
            _log.exception("a replicated write to %s failed", store)
            self.counters[store].failed += 1
        else:
            self.counters[store].applied += 1
