"""Connections: one set for all threads and users of a process, each call with a time-out, nothing followed blindly.

The API and the links to bytes have separate clients: a token is never sent to an address that a server named.
"""

import ipaddress
import json
import ssl
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

import httpx

from .circuits import Circuits
from .errors import Mistake
from .patience import Patience, Time

AGENT = "seawall-drive/0.1.0"
LARGEST_ANSWER = 32 * 1024 * 1024
"""Bytes of an answer of the API; the largest real one has less than 6 MB."""
CHUNK = 256 * 1024

LINK_IS_OVER = frozenset({400, 401, 403, 404, 410, 412})
"""What a store answers when a link has expired, or when what it leads to is not there."""


class Silence(Exception):
    """No usable answer came: refused, dropped, late, or not from a drive."""


class LinkFailed(Exception):
    """A link did not work this time; `over` says that this very link will not work any more."""

    def __init__(self, reason: str, *, over: bool = False) -> None:
        super().__init__(reason)
        self.over = over


@dataclass(frozen=True)
class Answer:
    """An answer of the API, headers by lower-case names; `body` is a JSON object, empty when there was none."""

    status: int
    headers: Mapping[str, str]
    body: Mapping[str, Any]
    endpoint: str


class Wire:
    """Everything that is shared: connections, and what is known of the regions. Close it, or use it in a `with`."""

    def __init__(
        self,
        endpoints: Sequence[str],
        *,
        patience: Patience | None = None,
        time: Time | None = None,
        memory: Path | None = None,
    ) -> None:
        """Take the API's addresses, the preferred one first; `memory` is a file that remembers failed regions."""
        self.patience = patience or Patience()
        self.time = time or Time()
        self.circuits = Circuits([check_endpoint(each) for each in endpoints], time=self.time, memory=memory)
        if not self.circuits.endpoints:
            raise Mistake("no-endpoint", NO_ENDPOINT)
        self._api = self._client()
        self._bytes = self._client()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections."""
        self._api.close()
        self._bytes.close()

    def ask(
        self,
        endpoint: str,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str],
        content: bytes | None,
        query: Mapping[str, str],
    ) -> Answer:
        """Make one request of the API, once; raises Silence."""
        try:
            with self._api.stream(
                method, f"{endpoint}{path}", headers=dict(headers), content=content, params=dict(query) or None
            ) as response:
                return Answer(
                    response.status_code,
                    {name.lower(): value for name, value in response.headers.items()},
                    self._object(response),
                    endpoint,
                )
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, ssl.SSLError, OSError) as error:
            raise Silence(_reason(error)) from error

    def send(self, url: str, headers: Mapping[str, str], content: Iterable[bytes], length: int) -> str:
        """Send a part to where a link leads, once; return its ETag. Raises LinkFailed."""
        sent = {**headers, "Content-Length": str(length), "User-Agent": AGENT}
        try:
            response = self._bytes.put(_checked(url), headers=sent, content=content)
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, ssl.SSLError, OSError) as error:
            raise LinkFailed(_reason(error)) from error
        if response.status_code != 200:
            raise _link_failure(response)
        etag = response.headers.get("etag")
        if not etag:
            raise LinkFailed("the store answered without an ETag")
        return str(etag)

    @contextmanager
    def open_range(self, url: str, start: int, end: int, size: int) -> Iterator[tuple[str, Iterator[bytes]]]:
        """Ask for the bytes from `start` up to `end` (not included) of `size`, once; give their ETag and the bytes.

        Raises LinkFailed, also while the bytes are read: what came until then is good.
        """
        headers = {"Range": f"bytes={start}-{end - 1}", "Accept-Encoding": "identity"}
        try:
            with self._bytes.stream("GET", _checked(url), headers=headers) as response:
                skip = _skipped(response, start, end, size)
                yield response.headers.get("etag", ""), _cut(response.iter_raw(CHUNK), skip, end - start)
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, ssl.SSLError) as error:
            raise LinkFailed(_reason(error)) from error

    def look(self, url: str) -> Mapping[str, Any]:
        """Return a small JSON object from an address that a server named; raises LinkFailed."""
        try:
            with self._bytes.stream("GET", _checked(url)) as response:
                if response.status_code != 200:
                    raise _link_failure(response)
                return self._object(response)
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, ssl.SSLError, OSError, Silence) as error:
            raise LinkFailed(_reason(error)) from error

    def _object(self, response: httpx.Response) -> dict[str, Any]:
        until = self.time.now() + self.patience.answer
        content = bytearray()
        for chunk in response.iter_bytes():
            content += chunk
            if len(content) > LARGEST_ANSWER:
                raise Silence("it answers without end")
            if self.time.now() > until:
                raise Silence(f"its answer was not complete after {self.patience.answer:g} s")
        try:
            found = json.loads(content) if content else {}
        except (ValueError, RecursionError):
            found = None
        if isinstance(found, dict):
            return found
        if response.status_code < 400:
            raise Silence("it does not answer as a drive does: is this its address?")
        return {}

    def _client(self) -> httpx.Client:
        wait = self.patience
        return httpx.Client(
            timeout=httpx.Timeout(wait.read, connect=wait.connect),
            limits=httpx.Limits(max_connections=256, max_keepalive_connections=64),
            headers={"User-Agent": AGENT},
            follow_redirects=False,
        )


NO_ENDPOINT = (
    'No address of a drive is known: give --endpoint, set DRIVE_ENDPOINTS, or write endpoints = ["https://…"] into '
    "~/.config/drive/config.toml."
)


def check_endpoint(address: str) -> str:
    """Return an API's address without its last slash; raises Mistake for what is none, or would show the token."""
    found = _split(address.strip())
    if found is None or found.query or found.fragment or found.username or found.password:
        raise Mistake("bad-endpoint", f"{address!r} is no address of a drive: it looks like https://host/stage.")
    if not is_safe(found.scheme, found.hostname):
        raise Mistake("bad-endpoint", f"{address} would send your token in the clear: use https.")
    return address.strip().rstrip("/")


def is_safe(scheme: str, host: str | None) -> bool:
    """Return whether nobody on the way can read along: TLS, or this very machine."""
    if scheme == "https":
        return True
    try:
        return host == "localhost" or ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


def _split(address: str) -> Any:
    try:
        found = urlsplit(address)
        _ = found.port
    except ValueError:
        return None
    return found if found.scheme in {"http", "https"} and found.hostname else None


def _checked(url: str) -> str:
    found = _split(url)
    if found is None or not is_safe(found.scheme, found.hostname):
        raise LinkFailed("the drive gave a link that is not safe to follow", over=True)
    return url


def _skipped(response: httpx.Response, start: int, end: int, size: int) -> int:
    """Return how many bytes of the answer lie before `start`; raises LinkFailed when it is not what was asked for."""
    if response.status_code == 200:  # whoever answered does not know ranges: the whole file comes
        if response.headers.get("content-length", str(size)) != str(size):
            raise LinkFailed("the file there has another size", over=True)
        return start
    if response.status_code != 206:
        raise _link_failure(response)
    if response.headers.get("content-range", "").lower() != f"bytes {start}-{end - 1}/{size}":
        raise LinkFailed("the file there has another size", over=True)
    return 0


def _cut(chunks: Iterator[bytes], skip: int, length: int) -> Iterator[bytes]:
    for chunk in chunks:
        wanted = chunk[skip : skip + length]
        skip = max(0, skip - len(chunk))
        length -= len(wanted)
        if wanted:
            yield wanted
        if length <= 0:
            return


def _link_failure(response: httpx.Response) -> LinkFailed:
    return LinkFailed(f"the store answered {response.status_code}", over=response.status_code in LINK_IS_OVER)


def _reason(error: Exception) -> str:
    if isinstance(error, httpx.ConnectTimeout):
        return "no connection in time"
    if isinstance(error, httpx.TimeoutException):
        return "no answer in time"
    return str(error) or type(error).__name__
