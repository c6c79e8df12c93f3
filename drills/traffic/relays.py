"""Relays on loopback that a drill can cut: whoever asks one is given what an address behind it answers.

    with Relay.open(drive.deployed.api(region)) as relay:
        httpx.get(f"{relay.url}/healthz/deep")
        relay.cut()                        # nobody listens any more
        relay.mend()                       # at the same address as before

A simulation of the internet between the status region and the others, and of the edge's own name: a browser cannot
be told to send another `Host` than the one in its address, so the relay adds it.
"""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import httpx

TIMEOUT = 10.0
"""Seconds for one answer; a probe gives up earlier."""
HOP_BY_HOP = frozenset({"connection", "content-encoding", "content-length", "date", "keep-alive", "server"})
"""Of a connection, or no longer true of a body that was unpacked here (RFC 9110, section 7.6.1)."""


class Relay:
    """One address in front of another. `asked` counts the requests that came."""

    def __init__(self, target: str, headers: Mapping[str, str]) -> None:
        self.asked = 0
        self._target = target.rstrip("/")
        # One client for all: each new one reads the machine's certificates, which takes longer than what it asks.
        self._client = httpx.Client(headers=dict(headers), timeout=TIMEOUT, trust_env=False)
        self._port = 0
        self._server: ThreadingHTTPServer | None = None

    @classmethod
    @contextmanager
    def open(cls, target: str, headers: Mapping[str, str] | None = None) -> "Iterator[Relay]":
        """Open a relay to `target`, to whose path a request's own is added; cut it at the end."""
        relay = cls(target, headers or {})
        relay.mend()
        try:
            yield relay
        finally:
            relay.cut()
            relay._client.close()

    @property
    def url(self) -> str:
        """Where it listens, without a slash at the end."""
        return f"http://127.0.0.1:{self._port}"

    def mend(self) -> None:
        """Listen, at the same port each time."""
        if self._server:
            return
        self._server = ThreadingHTTPServer(("127.0.0.1", self._port), self._handler())
        self._server.daemon_threads = True
        self._port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.05,), name="relay", daemon=True).start()

    def cut(self) -> None:
        """Refuse connections until `mend`."""
        if self._server:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def _answer(self, path: str) -> httpx.Response:
        self.asked += 1
        return self._client.get(f"{self._target}{path}")

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        relay = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                address = urlsplit(self.path)
                path = address.path + (f"?{address.query}" if address.query else "")
                try:
                    answer = relay._answer(path)
                except httpx.HTTPError:
                    self.close_connection = True  # silence, as from a region that is gone
                    return
                self.send_response(answer.status_code)
                for name, value in answer.headers.items():
                    if name.lower() not in HOP_BY_HOP:
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer.content)))
                with suppress(OSError):  # who asked has given up meanwhile
                    self.end_headers()
                    self.wfile.write(answer.content)

            def log_message(self, *_: object) -> None:
                """Say nothing: a page that is asked for every second would fill the screen."""

        return Handler
