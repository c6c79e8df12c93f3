"""A region that cannot reach its records says so in time, and names the other one."""

import socket
import threading
from collections.abc import Iterator
from typing import Any, Self

import pytest
from botocore.exceptions import ClientError

from services.drive import aws, levers, orders, switch_records
from services.drive.limits import UNREACHABLE_RETRY_AFTER
from services.drive.switch_records import RegionState
from tests.services.api.conftest import ALICE, Answer, Api, announcement, own, refuses, sell, store
from tests.services.conftest import REGIONS

HERE, PEER = REGIONS
FUNCTION_TIMEOUT = 10
"""Seconds; stacks/patterns/request_function.py."""
LONGEST_PAUSES = 1 + 2
"""Seconds that botocore's standard mode waits at most between three attempts (its ExponentialBackoff)."""


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No pauses between attempts, and clients of one's own."""
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)
    aws.forget()
    yield
    aws.forget()


def cut_off(monkeypatch: pytest.MonkeyPatch, port: int) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", f"http://127.0.0.1:{port}")
    aws.forget()


def requests(file: str, album: str) -> list[tuple[str, str, Any]]:
    return [
        ("GET", "/v1/files", None),
        ("GET", f"/v1/files/{file}/link", None),
        ("GET", f"/v1/jobs/{'0' * 32}", None),
        ("GET", "/v1/items", None),
        ("POST", "/v1/uploads", announcement("a.txt", b"bytes")),
        ("DELETE", f"/v1/files/{file}", None),
        ("POST", f"/v1/files/{file}/undelete", None),
        ("POST", "/v1/downloads", {"files": [file]}),
        ("POST", "/v1/purchases", {"content": album}),
    ]


def names_the_peer(answer: Answer) -> bool:
    problem = answer.body
    assert PEER in problem["detail"]
    assert (problem["region"], problem["peer_region"]) == (HERE, PEER)
    assert UNREACHABLE_RETRY_AFTER[0] <= int(answer.headers["retry-after"]) <= UNREACHABLE_RETRY_AFTER[1]
    return refuses(answer, 503)


def test_before_its_keys_were_ever_fetched_the_api_calls_no_token_bad(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never() -> list[dict[str, Any]]:
        raise levers.NeverReached

    monkeypatch.setattr(levers, "identity_keys", never)
    assert names_the_peer(api.get("/v1/files"))


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("number", range(9))
def test_every_request_is_sent_to_the_other_region(api: Api, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    method, path, body = requests(store("notes.txt").file, sell().id)[number]
    before = api.traces()
    cut_off(monkeypatch, closed_port())
    assert names_the_peer(api.send(method, path, body, key="k"))
    assert api.traces() == before


@pytest.mark.usefixtures("impatient")
def test_what_failed_here_succeeds_there_with_the_same_key_and_once(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    album = sell()
    with monkeypatch.context() as outage:
        cut_off(outage, closed_port())
        assert names_the_peer(api.post("/v1/purchases", {"content": album.id}, key="k"))
    aws.forget()
    with api.cloud.acting_in(PEER):
        there = api.post("/v1/purchases", {"content": album.id}, key="k")
    assert there.status == 202
    assert api.post("/v1/purchases", {"content": album.id}, key="k").body["job"] == there.body["job"]
    order = orders.read(there.body["job"])
    assert order
    assert (order.home, order.user) == (PEER, ALICE)


@pytest.mark.usefixtures("impatient")
def test_a_table_that_accepts_connections_and_never_answers_is_given_up_after_three_attempts(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(aws.READ_TIMEOUTS, "dynamodb", 0.05)
    with Silent() as silent:
        cut_off(monkeypatch, silent.port)
        assert names_the_peer(api.get("/v1/files"))
    assert silent.connections == aws.DEFAULT_ATTEMPTS


def test_three_attempts_end_before_the_function_does() -> None:
    longest = aws.DEFAULT_ATTEMPTS * (aws.CONNECT_TIMEOUT + aws.READ_TIMEOUTS["dynamodb"]) + LONGEST_PAUSES
    assert longest < FUNCTION_TIMEOUT


@pytest.mark.usefixtures("impatient")
def test_a_table_that_is_throttled_is_answered_alike(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    def throttled(**_: Any) -> Any:
        raise ClientError({"Error": {"Code": "ThrottlingException", "Message": "slow down"}}, "Query")

    monkeypatch.setattr(aws.client("dynamodb"), "query", throttled)
    assert names_the_peer(api.get("/v1/files"))


@pytest.mark.usefixtures("impatient")
def test_an_upload_whose_bucket_is_out_of_reach_is_completed_by_repeating_it(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = announcement("large.bin", b"x" * 16 * 1024 * 1024, b"bytes")
    with monkeypatch.context() as outage:
        outage.setenv("AWS_ENDPOINT_URL_S3", f"http://127.0.0.1:{closed_port()}")
        aws.forget()
        assert names_the_peer(api.post("/v1/uploads", body, key="k"))
    aws.forget()
    assert api.post("/v1/uploads", body, key="k").status == 201


@pytest.mark.usefixtures("impatient")
def test_a_download_does_not_need_the_queue(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    album = sell()
    own(album)
    monkeypatch.setenv("AWS_ENDPOINT_URL_SQS", f"http://127.0.0.1:{closed_port()}")
    aws.forget()
    assert api.post("/v1/downloads", {"album": album.id}, key="k").status == 202


def test_a_mistake_of_ours_says_nothing_about_itself(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orders, "read", lambda _: 1 / 0)
    answer = api.get(f"/v1/jobs/{'0' * 32}")
    assert refuses(answer, 500)
    assert "ZeroDivision" not in answer.text


def test_the_shallow_check_needs_nothing_and_the_deep_one_says_what_fails(
    api: Api, monkeypatch: pytest.MonkeyPatch, impatient: None
) -> None:
    assert api.get("/healthz/deep", user=None).body == {
        "ok": True,
        "region": HERE,
        "drive": True,
        "jobs": True,
        "bundle_queue": True,
        "files": True,
    }
    cut_off(monkeypatch, closed_port())
    assert api.get("/healthz/shallow", user=None).body == {"ok": True, "region": HERE}
    deep = api.get("/healthz/deep", user=None)
    assert deep.status == 503
    assert (deep.body["drive"], deep.body["bundle_queue"]) == (False, True)
    assert impatient is None


def test_the_switch_says_what_this_region_believes_about_the_other(
    api: Api, monkeypatch: pytest.MonkeyPatch, impatient: None
) -> None:
    assert said(api) == "active"
    switch_records.turn(switch_records.read(PEER), RegionState.EVACUATED, by="operator", reason="drill")
    assert said(api) == "evacuated"
    assert api.get(f"/switch/{HERE}", user=None).text == "active"
    # A switch table that cannot be read must never take traffic from the other region.
    cut_off(monkeypatch, closed_port())
    assert said(api) == "active"
    assert impatient is None


def said(api: Api) -> str:
    answer = api.get(f"/switch/{PEER}", user=None)
    assert answer.status == 200
    return answer.text


def closed_port() -> int:
    with socket.socket() as once:
        once.bind(("127.0.0.1", 0))
        return int(once.getsockname()[1])


class Silent:
    """A server that takes connections and says nothing."""

    def __enter__(self) -> Self:
        self.connections = 0
        self._held: list[socket.socket] = []
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._server.getsockname()[1])
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()
        return self

    def _accept(self) -> None:
        try:
            while True:
                connection, _ = self._server.accept()
                self.connections += 1
                self._held.append(connection)
        except OSError:
            return

    def __exit__(self, *_: object) -> None:
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self._thread.join(timeout=2)
        for connection in self._held:
            connection.close()
