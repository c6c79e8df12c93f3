"""Bundles and purchases: ordered once, whatever has to be repeated, and waited for."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from .api import Api
from .downloading import Offer
from .errors import Refused, Unreachable
from .patience import Time
from .watching import Watcher
from .wire import LinkFailed

JOB = r"[0-9a-f]{32}"
OVER = frozenset({"EXPIRED", "GONE"})
"""States from which a bundle does not come any more: it has to be ordered anew."""


@dataclass(frozen=True)
class Order:
    """What the drive says of an order. `job` is None for a bundle that was ready at once: it leaves no order behind."""

    job: str | None
    state: str
    answer: Mapping[str, Any]
    endpoint: str

    @property
    def is_delivered(self) -> bool:
        """Whether it is there."""
        return self.state in {"READY", "DELIVERED"}

    @property
    def urls(self) -> tuple[str, ...]:
        """The links to a bundle, likeliest first; none where only another region can give them."""
        return urls_of(self.answer)


class Orders:
    """Orders of one user. Every call of one intent must be given the same `key`."""

    def __init__(self, api: Api, watcher: Watcher) -> None:
        self._api, self._watcher = api, watcher
        self._time: Time = api.wire.time

    def bundle(self, key: str, *, files: list[str] | None = None, album: str | None = None) -> Order:
        """Order a bundle of files (ids), or of an album that one owns."""
        return self._order("/v1/downloads", key, {"album": album} if files is None else {"files": files})

    def purchase(self, key: str, content: str) -> Order:
        """Buy a content. The token must carry the scope drive:purchase."""
        return self._order("/v1/purchases", key, {"content": content})

    def status(self, job: str, *, at: str | None = None) -> Order:
        """Return what has become of an order."""
        if not re.fullmatch(JOB, job):
            raise Refused("not-found", "An order's id has 32 hexadecimal digits.", status=404)
        answer = self._api.call("GET", f"/v1/jobs/{job}", at=at, attempts=2 if at else None)
        return _order(answer.body, answer.endpoint)

    def wait(self, key: str, path: str, body: Mapping[str, Any], order: Order, *, patience: float) -> Order:
        """Return the order when it is delivered, or over; Unreachable when that takes longer than `patience` seconds.

        An order that a region does not know is placed again with the same key: it was accepted in another region, and
        is either found by that or made whole.
        """
        until, looks = self._time.now() + patience, 0
        while not order.is_delivered and order.state not in OVER and order.job:
            self._tell(order)
            pause = self._api.wire.patience.poll(looks)
            if self._time.now() + pause > until:
                raise Unreachable(
                    "not-yet",
                    f"The order {order.job} stands, and is not delivered yet. `drive status {order.job}` shows how far "
                    "it is; repeating the same command goes on waiting.",
                )
            self._time.sleep(pause)
            looks += 1
            try:
                order = self.status(order.job)
            except Refused as error:
                if error.status != 404:
                    raise
                order = self._order(path, key, body)
        return order

    def offer(self, key: str, body: Mapping[str, Any], order: Order) -> Offer:
        """Return where a delivered bundle lies, asking the region that built it if need be."""
        asked = {order.endpoint}
        while not order.urls:
            left = [endpoint for endpoint in self._api.wire.circuits.endpoints if endpoint not in asked]
            if not left:
                region = order.answer.get("region", "another region")
                raise Unreachable(
                    "bytes-unreachable", f"The bundle lies in {region}, which does not answer: try later."
                )
            asked.add(left[0])
            try:
                order = self._again(key, body, order, left[0])
            except (Unreachable, Refused):
                # The next one may know; when none does, the sentence above says so.
                continue
        return Offer(_identity(order), int(order.answer["size"]), None, order.urls)

    def _again(self, key: str, body: Mapping[str, Any], order: Order, endpoint: str | None) -> Order:
        if order.job:
            return self.status(order.job, at=endpoint)
        return self._order("/v1/downloads", key, body, at=endpoint)

    def renewed(self, key: str, body: Mapping[str, Any], order: Order) -> Offer:
        """Return fresh links to a bundle."""
        return self.offer(key, body, self._again(key, body, order, None))

    def _order(self, path: str, key: str, body: Mapping[str, Any], at: str | None = None) -> Order:
        answer = self._api.call("POST", path, body, key=key, at=at, attempts=2 if at else None, conflict_passes=True)
        return _order(answer.body, answer.endpoint)

    def _tell(self, order: Order) -> None:
        said = order.answer.get("detail")
        progress = order.answer.get("progress_url")
        position, wait = order.answer.get("position"), order.answer.get("wait_seconds")
        if isinstance(position, int) and position > 0:
            said = f"{position} before it, about {wait} s" if isinstance(wait, int) else f"{position} before it"
        elif isinstance(progress, str):
            said = self._percent(progress)
        self._watcher.say(str(said) if said else "waiting for it")

    def _percent(self, url: str) -> str:
        try:
            percent = self._api.wire.look(url).get("percent")
        except LinkFailed:
            # Only a hint: the API says when it is ready.
            percent = None
        return f"being built: {percent} %" if isinstance(percent, int) else "being built"


def urls_of(answer: Mapping[str, Any]) -> tuple[str, ...]:
    """Return all links of an answer, likeliest first."""
    alternates = answer.get("alternates")
    found = [answer.get("url"), *(each.get("url") for each in alternates or [] if isinstance(each, dict))]
    return tuple(url for url in found if isinstance(url, str))


def _order(answer: Mapping[str, Any], endpoint: str) -> Order:
    job = answer.get("job")
    job = job if isinstance(job, str) and re.fullmatch(JOB, job) else None
    return Order(job, str(answer.get("state", "")), answer, endpoint)


def _identity(order: Order) -> str:
    """Each build of a bundle lies under a name of its own."""
    return f"{urlsplit(order.urls[0]).path.rpartition('/')[2]} {order.answer['size']}"
