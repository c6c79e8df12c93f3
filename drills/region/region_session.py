"""One user's way to the API of a drive in two regions, as any sensible client goes it.

It asks the region that answered last; when that one does not answer, or with a 5xx, it asks the other one with the same
idempotency key. Of several links to the same bytes it takes the first that works.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx

from drills.traffic.load import Place

CONNECT, ANSWER = 1.0, 5.0
"""Seconds that a client waits; not divided by the time scale, as the machine is no faster for it."""
BYTES_ANSWER = 2.0
"""Seconds until a client takes the next link to the same bytes."""


class Failed(Exception):
    """The function did not work this time; the message says why."""


@dataclass
class Session:
    """One user's way to the API."""

    places: Sequence[Place]
    """The one that answered last comes first."""
    token: str
    region: str = ""
    """Where the last answer came from."""
    _http: httpx.Client = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._http = httpx.Client(timeout=httpx.Timeout(ANSWER, connect=CONNECT), trust_env=False)

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None, key: str | None = None) -> Any:
        """Return the answer of the first region that gives one; raises Failed."""
        headers = {"Authorization": f"Bearer {self.token}"} | ({"Idempotency-Key": key} if key else {})
        failures = []
        for place in list(self.places):
            try:
                answer = self._http.request(method, f"{place.url}{path}", headers=headers, json=body)
            except httpx.HTTPError as error:
                failures.append(f"{place.region}: {type(error).__name__}")
                continue
            if answer.is_server_error:
                failures.append(f"{place.region}: status {answer.status_code}")
                continue
            self.places = [place, *(other for other in self.places if other != place)]
            self.region = place.region
            if answer.is_error:
                raise Failed(f"{place.region}: status {answer.status_code}: {answer.text[:200]}")
            return answer.json()
        raise Failed("; ".join(failures))

    def turn(self) -> None:
        """Prefer the other region from now on, where there is one."""
        self.places = [*self.places[1:], *self.places[:1]]

    def fetch(self, urls: Sequence[str]) -> bytes:
        """Return the bytes behind the first of these links that works; raises Failed."""
        failures = []
        for url in urls:
            try:
                return self._http.get(url, timeout=BYTES_ANSWER).raise_for_status().content
            except httpx.HTTPError as error:
                failures.append(f"{urlsplit(url).path.split('/')[1]}: {type(error).__name__}")
        raise Failed("; ".join(failures))

    def send(self, part: Mapping[str, Any], content: bytes) -> str:
        """Send an upload's only part and return its ETag; raises Failed."""
        try:
            answer = self._http.put(part["url"], headers=part["headers"], content=content)
            return str(answer.raise_for_status().headers["etag"])
        except httpx.HTTPError as error:
            raise Failed(f"bytes: {type(error).__name__}") from None

    def close(self) -> None:
        """Close its connections."""
        self._http.close()
