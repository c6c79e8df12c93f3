import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from drills.traffic.distance import way_to

SECONDS = 0.2


class Echo(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def target() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Echo) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_each_request_waits_once_however_long_its_body_is_and_passes_unchanged(target: str) -> None:
    body = b"PUT bytes that look like a request\r\n" * 40_000
    with way_to(target, SECONDS) as way, httpx.Client(base_url=way.url) as client:
        for key in ("/bucket/one", "/bucket/two?partNumber=1"):
            began = time.monotonic()
            assert client.put(key, content=body).content == body
            assert time.monotonic() - began >= SECONDS
    assert [(method, path) for _, method, path in way.seen][:1] == [("PUT", "/bucket/one")]
    assert ("PUT", "/bucket/two?partNumber=1") in [(method, path) for _, method, path in way.seen]


def test_whoever_cannot_be_reached_is_not_reached_on_this_way_either() -> None:
    with way_to("http://127.0.0.1:9", 0.0) as way, pytest.raises(httpx.TransportError):
        httpx.put(f"{way.url}/bucket/key", content=b"bytes")


def test_nothing_listens_when_it_is_over(target: str) -> None:
    with way_to(target, 0.0) as way:
        url = way.url
    with pytest.raises(httpx.ConnectError):
        httpx.put(url, content=b"bytes")
