"""What users have in the drive: put, deleted, undeleted and fetched through its API, as any client does it.

user = Holder(drive, "ann")
kept = [user.put(f"photo-{number}.jpg", content) for number, content in enumerate(contents)]
user.is_intact(kept[0])                          # the bytes behind its link have the checksum that was put
"""

import hashlib
import time
import uuid
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any

import httpx

from drills.drill import CouldNotRun
from drills.frame.ledger import Put

if TYPE_CHECKING:
    from drills.frame.running import Drive

PATIENCE = 60.0
"""Real seconds for what the drive does after its answer: list a file, believe a new signing key."""
PAUSE = 0.2


@dataclass(frozen=True)
class Kept:
    """A file that was put, and whose upload was confirmed: `version` and `key` as the drive names them."""

    path: str
    file: str
    version: str
    sha256: str
    """Of its bytes."""


class Holder:
    """One user of a region's API."""

    def __init__(self, drive: "Drive", name: str, region: str | None = None) -> None:
        self._api = drive.deployed.api(region or drive.design.primary)
        self._headers = {"Authorization": f"Bearer {drive.identity.token(name)}"}
        self._client = httpx.Client(timeout=PATIENCE)

    def put(self, path: str, content: bytes) -> Kept:
        """Put a file of one part and wait until it is listed with these bytes."""
        from services.drive.files import composite

        digest = hashlib.sha256(content).hexdigest()
        announced = {"path": path, "size": len(content), "sha256": composite([digest]), "parts": [digest]}
        upload = self.call("POST", "/v1/uploads", announced)
        [part] = upload["parts"]
        stored = self._client.put(part["url"], content=content, headers=part["headers"]).raise_for_status()
        sent = [{"number": 1, "sha256": digest, "etag": stored.headers["etag"]}]
        committed = self.call("POST", f"/v1/uploads/{upload['upload']}/commit", {"parts": sent})
        kept = Kept(path, committed["file"], committed["version"], digest)
        self._wait_until_current(kept)
        return kept

    def delete(self, kept: Kept) -> None:
        """Delete a file."""
        self.call("DELETE", f"/v1/files/{kept.file}")

    def undelete(self, kept: Kept) -> None:
        """Have a file back as it was, whether it was deleted or overwritten."""
        self.call("POST", f"/v1/files/{kept.file}/undelete", {"version": kept.version})

    def paths(self) -> set[str]:
        """Return the paths that are listed."""
        found: set[str] = set()
        cursor: dict[str, str] = {}
        while True:
            page = self.call("GET", "/v1/files", parameters=cursor)
            found |= {file["path"] for file in page["files"]}
            if page["cursor"] is None:
                return found
            cursor = {"cursor": page["cursor"]}

    def is_intact(self, kept: Kept) -> bool:
        """Return whether the first link to a file that answers leads to the bytes that were put."""
        answer = self._send("GET", f"/v1/files/{kept.file}/link")
        if answer.is_error:
            return False
        links = [answer.json()["url"], *(link["url"] for link in answer.json()["alternates"])]
        found = (self._sha256(url) for url in links)
        return next((digest for digest in found if digest), None) == kept.sha256

    def call(self, method: str, path: str, body: Any = None, *, parameters: dict[str, str] | None = None) -> Any:
        """Return an answer of the API; raises CouldNotRun when it refuses."""
        answer = self._send(method, path, body, parameters)
        if answer.is_error:
            message = f"{method} {path} was answered with {answer.status_code}: {answer.text[:300]}"
            raise CouldNotRun(message)
        return answer.json()

    def _send(
        self, method: str, path: str, body: Any = None, parameters: dict[str, str] | None = None
    ) -> httpx.Response:
        headers = self._headers | {"Idempotency-Key": uuid.uuid4().hex}
        deadline = time.monotonic() + PATIENCE
        while True:
            answer = self._client.request(method, self._api + path, headers=headers, json=body, params=parameters or {})
            # A signing key that was just published is believed at the functions' next look; 429 and 5xx say come again.
            come_again = answer.status_code in {401, 429} or answer.status_code >= 500
            if not come_again or time.monotonic() > deadline:
                return answer
            time.sleep(PAUSE)

    def _wait_until_current(self, kept: Kept) -> None:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            answer = self._send("GET", f"/v1/files/{kept.file}/versions")
            if not answer.is_error and answer.json()["current"] == kept.version:
                return
            time.sleep(PAUSE)
        message = f"{kept.path} was committed and is not listed after {PATIENCE:g} s"
        raise CouldNotRun(message)

    def _sha256(self, url: str) -> str | None:
        try:
            answer = self._client.get(url)
        except httpx.HTTPError:
            return None
        return None if answer.is_error else hashlib.sha256(answer.content).hexdigest()


def contents(count: int, size: int, seed: int) -> list[bytes]:
    """Return files' bytes that look like pictures'."""
    chance = Random(seed)  # noqa: S311  no secrets
    return [chance.randbytes(size) for _ in range(count)]


def put_of(drive: "Drive", kept: Kept) -> Put:
    """Return where the ledger finds a file's bytes, in the bucket that they were written to."""
    [item] = versions_of(drive, kept.file, kept.version)
    return Put(item["bucket"]["S"], item["key"]["S"], kept.sha256)


def versions_of(drive: "Drive", file: str, version: str) -> list[Any]:
    """Return the items of a file's version."""
    moment, _, upload = version.partition("-")
    pages = (
        drive.client("dynamodb")
        .get_paginator("scan")
        .paginate(
            TableName=drive.design.name("drive"),
            FilterExpression="sk = :sk",
            ExpressionAttributeValues={":sk": {"S": f"VERSION#{file}#{moment}#{upload}"}},
        )
    )
    return [item for page in pages for item in page["Items"]]
