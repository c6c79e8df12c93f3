"""Reads the status page's data as a customer's program does, five times a second, and remembers each change.

with Reader.reading(relay) as reader:
    page = reader.find(lambda page: page.region("eu-west-1") == "down", since=lost_at, within=60)
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import Any

import httpx

from drills.traffic.relays import Relay

EVERY = 0.2
"""Seconds."""


@dataclass(frozen=True)
class Page:
    """What the page said from the moment `at` (seconds since 1970)."""

    at: float
    said: dict[str, Any] = field(repr=False)

    @property
    def updated(self) -> float:
        """When it was written, as it says itself; whole seconds."""
        return datetime.fromisoformat(self.said["updated"]).timestamp()

    @property
    def condition(self) -> str:
        """What it says of the drive as a whole."""
        return str(self.said["condition"])

    @property
    def incident(self) -> str | None:
        """The incident that is open."""
        return self.said["incident"]["id"] if self.said["incident"] else None

    def region(self, name: str) -> str:
        """What it says of a region; "" when it does not name it."""
        return self._of(name, "condition")

    def since(self, name: str) -> str:
        """Since when it says that (ISO 8601); "" when it does not name the region."""
        return self._of(name, "since")

    def _of(self, name: str, what: str) -> str:
        return next((str(region[what]) for region in self.said["regions"] if region["name"] == name), "")


@dataclass
class Reader:
    """Reads until it is told to stop."""

    relay: Relay
    pages: list[Page] = field(default_factory=list)
    failures: int = 0
    """Readings in vain."""

    @classmethod
    @contextmanager
    def reading(cls, relay: Relay) -> "Iterator[Reader]":
        """Read in the background for as long as the block lasts."""
        reader, ended = cls(relay), threading.Event()
        thread = threading.Thread(target=reader._go_on, args=(ended,), name="reader", daemon=True)
        thread.start()
        try:
            yield reader
        finally:
            ended.set()
            thread.join()

    def find(self, says: Callable[[Page], bool], *, since: float, within: float) -> Page | None:
        """Wait for the first page since a moment that says something, for `within` seconds; None when none did."""
        ends_at = time.monotonic() + within
        while True:
            found = next((page for page in list(self.pages) if page.at >= since and says(page)), None)
            if found or time.monotonic() > ends_at:
                return found
            time.sleep(EVERY)

    def longest_gap(self, since: float, until: float) -> float:
        """Return the longest time (seconds) from one new page to the next."""
        seen = [since, *(page.at for page in self.pages if since <= page.at <= until), until]
        return max((later - earlier for earlier, later in pairwise(seen)), default=0.0)

    def _go_on(self, ended: threading.Event) -> None:
        with httpx.Client(timeout=5, trust_env=False) as client:
            while not ended.wait(EVERY):
                try:
                    answer = client.get(f"{self.relay.url}/status.json")
                    said = answer.json() if answer.is_success else None
                except (httpx.HTTPError, ValueError):
                    said = None
                if not isinstance(said, dict):
                    self.failures += 1
                elif not self.pages or self.pages[-1].said != said:
                    self.pages.append(Page(time.time(), said))
