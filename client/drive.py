"""The drive of one user, for programs; the command is a thin layer over it.

    with Wire(["https://…/live", "https://…/live"]) as wire:      # one for a whole process
        drive = Drive(wire, token)                                # one for each user
        stored = drive.put(Path("beach.jpg"), "holiday/beach.jpg")
        drive.get("holiday/beach.jpg", Path("copy.jpg"))

Many threads may use one `Drive`. Whatever is repeated is repeated under the key of the first time, in every region.
"""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from .api import Api, Token
from .downloading import Download, Fetched, Offer
from .errors import Mistake, Refused, Unreachable
from .names import check_path
from .orders import OVER, Order, Orders, urls_of
from .remembered import Memory
from .targets import Target
from .uploading import Stored, Upload
from .watching import Watcher
from .wire import Silence, Wire

PARALLEL = 4
"""Parts on their way at a time; each takes 16 MiB of memory."""

Answer = dict[str, Any]


@dataclass(frozen=True)
class Health:
    """What an endpoint says of itself."""

    endpoint: str
    region: str | None
    ok: bool
    checks: dict[str, Any]
    reason: str | None = None


class Drive:
    """Files, albums and orders of one user. Methods raise Refused, Mistake or Unreachable (errors.py)."""

    def __init__(
        self,
        wire: Wire,
        token: Token | str,
        *,
        memory: Memory | None = None,
        watcher: Watcher | None = None,
        parallel: int = PARALLEL,
    ) -> None:
        """Take connections and a token; a `memory` with a folder lets another process go on after a crash."""
        self.api = Api(wire, token)
        self._wire = wire
        self._memory = memory or Memory()
        self._watcher = watcher or Watcher()
        self._parallel = parallel
        self._slots = threading.BoundedSemaphore(parallel)
        self.orders = Orders(self.api, self._watcher)

    def put(self, local: Path, remote: str, *, key: str | None = None) -> Stored:
        """Send a file and return when it is committed: it is listed a moment later."""
        upload = Upload(self.api, self._memory, self._watcher, self._slots, parallel=self._parallel)
        return upload.put(local, check_path(remote), key)

    def wait_until_copied(self, stored: Stored, *, patience: float, copied: bool = True) -> str:
        """Return the durability of a version that is listed, and (`copied`) lies in both regions.

        Raises Refused when the bytes were found wrong after all, Unreachable when it takes longer than `patience` s.
        """
        until, looks = self._wire.time.now() + patience, 0
        while True:
            durability = self._durability(stored)
            if durability == "MULTI_REGION" or (durability and not copied):
                return durability
            pause = self._wire.patience.poll(looks)
            if self._wire.time.now() + pause > until:
                what = "copied to the other region" if durability else "listed"
                raise Unreachable(
                    "not-yet", f"{stored.path} was sent and committed, and is not yet {what}: look later."
                )
            self._wire.time.sleep(pause)
            looks += 1

    def files(self, prefix: str = "", *, deleted: bool = False) -> Iterator[Answer]:
        """Return the files below a prefix, in no particular order, page by page."""
        query = {"prefix": prefix, "limit": "500", "deleted": "true" if deleted else "false"}
        return self._pages("/v1/files", "files", query)

    def owned(self) -> Iterator[Answer]:
        """Return the albums and other contents that the user owns."""
        return self._pages("/v1/items", "items", {"limit": "500"})

    def find(self, path: str, *, deleted: bool = False) -> Answer:
        """Return the file of this path. The API knows no look-up by path: this reads the listing."""
        wanted = check_path(path)
        for file in self.files(wanted, deleted=deleted):
            if file.get("path") == wanted:
                return file
        there = "no deleted file" if deleted else "no file"
        raise Refused("not-found", f"You have {there} {wanted}: `drive ls` shows what there is.", status=404)

    def versions(self, file: str) -> Answer:
        """Return a file's versions (by its id), the newest first."""
        return dict(self.api.call("GET", f"/v1/files/{_id(file)}/versions").body)

    def delete(self, file: str, *, key: str | None = None) -> Answer:
        """Delete a file (by its id); it can be had back for 30 days."""
        return self._change("DELETE", f"/v1/files/{_id(file)}", {}, key)

    def undelete(self, file: str, *, version: str | None = None, key: str | None = None) -> Answer:
        """Have a deleted file back, or an older version of one."""
        return self._change("POST", f"/v1/files/{_id(file)}/undelete", {"version": version} if version else {}, key)

    def get(self, path: str, target: Path, *, overwrite: bool = False) -> Fetched:
        """Fetch the file of a path."""
        return self.fetch(str(self.find(path)["file"]), target, overwrite=overwrite)

    def fetch(self, file: str, target: Path, *, overwrite: bool = False) -> Fetched:
        """Fetch a file by its id."""
        return self._download().fetch(Target(target, overwrite=overwrite), lambda: self._link(file))

    def bundle(
        self,
        target: Path,
        *,
        files: list[str] | None = None,
        album: str | None = None,
        overwrite: bool = False,
        patience: float = 3600,
        key: str | None = None,
    ) -> Fetched:
        """Order files (ids) or an album as one zip, wait for it for at most `patience` seconds, and fetch it."""
        Target(target, overwrite=overwrite).check()
        body: Answer = {"album": album} if files is None else {"files": sorted(set(files))}
        name = f"{target.absolute()} {body}"
        with self._memory.held("orders", name):
            order, used = self._delivered(name, body, patience, key)
            first = [self.orders.offer(used, body, order)]
            fetched = self._download().fetch(
                Target(target, overwrite=overwrite),
                lambda: first.pop() if first else self.orders.renewed(used, body, order),
            )
            self._memory.forget("orders", name)
            return fetched

    def buy(self, content: str, *, patience: float = 0, key: str | None = None) -> Order:
        """Buy a content, once however often it has to be repeated; wait for it for at most `patience` seconds."""
        with self._memory.held("purchases", content):
            used = self._memory.intent("purchases", content, key)
            order = self.orders.purchase(used, content)
            if patience > 0:
                order = self.orders.wait(used, "/v1/purchases", {"content": content}, order, patience=patience)
            self._memory.forget("purchases", content)
            return order

    def health(self) -> list[Health]:
        """Return what each endpoint says of itself; asks all, and raises nothing."""
        return [self._health(endpoint) for endpoint in self._wire.circuits.endpoints]

    def _delivered(self, name: str, body: Answer, patience: float, key: str | None) -> tuple[Order, str]:
        """Return a delivered order and its key; one that the drive has given up since is placed anew, once."""
        for fresh in (False, True):
            if fresh:
                self._memory.forget("orders", name)
            used = self._memory.intent("orders", name, None if fresh else key)
            order = self.orders.bundle(used, files=body.get("files"), album=body.get("album"))
            order = self.orders.wait(used, "/v1/downloads", body, order, patience=patience)
            if order.state not in OVER:
                return order, used
        raise Refused("not-built", str(order.answer.get("detail", "The bundle could not be built: try again later.")))

    def _link(self, file: str) -> Offer:
        body = self.api.call("GET", f"/v1/files/{_id(file)}/link").body
        return Offer(str(body["version"]), int(body["size"]), str(body["sha256"]), urls_of(body))

    def _durability(self, stored: Stored) -> str | None:
        try:
            for version in self.versions(stored.file)["versions"]:
                if version["version"] == stored.version:
                    return str(version["durability"])
        except Refused as error:
            if error.status != 404:
                raise
        return None

    def _change(self, method: str, path: str, body: Answer, key: str | None) -> Answer:
        name = f"{method} {path} {body}"
        used = self._memory.intent("changes", name, key)
        done = dict(self.api.call(method, path, body, key=used, conflict_passes=True).body)
        self._memory.forget("changes", name)
        return done

    def _pages(self, path: str, member: str, query: dict[str, str]) -> Iterator[Answer]:
        cursor: str | None = None
        while True:
            page = self.api.call("GET", path, query=query | ({"cursor": cursor} if cursor else {})).body
            yield from page.get(member, [])
            following = page.get("cursor")
            if not following or following == cursor:  # a server that repeats itself must not keep us for ever
                return
            cursor = str(following)

    def _download(self) -> Download:
        return Download(self._wire, self._memory, self._watcher, self._slots, parallel=self._parallel)

    def _health(self, endpoint: str) -> Health:
        try:
            answer = self._wire.ask(endpoint, "GET", "/healthz/deep", headers={}, content=None, query={})
        except Silence as error:
            return Health(endpoint, None, ok=False, checks={}, reason=str(error))
        checks = {name: value for name, value in answer.body.items() if isinstance(value, bool) and name != "ok"}
        region = answer.body.get("region")
        ok = answer.status == 200 and answer.body.get("ok") is True
        reason = None if ok else f"it answered {answer.status}"
        return Health(endpoint, str(region) if region else None, ok, checks, reason)


def _id(file: str) -> str:
    if not file.isascii() or not file.isalnum():
        raise Mistake("bad-id", "A file's id has 26 letters and digits, as `drive ls --json` shows.")
    return quote(file, safe="")
