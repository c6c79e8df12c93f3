"""Before a new bundle would wait a quarter of an hour, it is refused; what was ordered or bought before never is."""

from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from services.api import admission
from services.api.errors import Problem
from services.drive import jobs, levers, messages, orders, pace
from services.drive.limits import LONGEST_WAIT, PACE_INTERVAL, RETRY_AFTER
from services.drive.messages import OrderMessage
from services.drive.pace import Estimate, Queue
from tests.services.api.conftest import ALICE, Answer, Api, announcement, own, refuses, sell, store
from tests.services.conftest import Time


def full(time: Time, seconds: float = LONGEST_WAIT + 1) -> None:
    """Let one message wait, and one worker need so long for each."""
    messages.send_order(OrderMessage("bundle", "0" * 64, ALICE, int(time.now * 1000)))
    pace.publish(Queue.BUNDLE, "worker", slots=1, mean_seconds=seconds, queue_age=0)
    pace.forget()


def set_levers(monkeypatch: pytest.MonkeyPatch, **positions: Any) -> None:
    monkeypatch.setattr(levers, "current", lambda: levers.Levers(**positions))


def order(api: Api, key: str = "k", user: str = "alice") -> Answer:
    return api.post("/v1/downloads", {"files": [store("notes.txt").file]}, key=key, user=user)


def test_a_new_bundle_is_refused_while_it_would_wait_too_long(api: Api, time: Time) -> None:
    file = store("notes.txt").file
    full(time)
    before = api.traces()
    answer = api.post("/v1/downloads", {"files": [file]}, key="k")
    assert refuses(answer, 429)
    assert "15 minutes" in answer.body["detail"]
    assert RETRY_AFTER[0] <= int(answer.headers["retry-after"]) <= RETRY_AFTER[1]
    assert api.traces() == before


def test_a_bundle_that_waits_exactly_as_long_as_allowed_is_accepted(api: Api, time: Time) -> None:
    full(time, LONGEST_WAIT)
    answer = order(api)
    assert answer.status == 202
    assert answer.body["wait_seconds"] == LONGEST_WAIT


def test_those_who_are_refused_together_do_not_return_together() -> None:
    waits = [admission.retry_after() for _ in range(200)]
    assert len(set(waits)) > 60
    assert min(waits) >= RETRY_AFTER[0]
    assert max(waits) <= RETRY_AFTER[1]


def test_in_a_drill_whoever_is_refused_comes_back_as_much_sooner(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIME_SCALE", "20")
    waits = [admission.retry_after() for _ in range(200)]
    assert {min(waits), max(waits)} == {RETRY_AFTER[0] // 20 + 1, RETRY_AFTER[1] // 20}


def test_an_order_that_was_accepted_is_never_refused_afterwards(api: Api, time: Time) -> None:
    file = store("notes.txt").file
    accepted = api.post("/v1/downloads", {"files": [file]}, key="k")
    full(time)
    again = api.post("/v1/downloads", {"files": [file]}, key="k")
    assert again.status == 202
    assert again.body["job"] == accepted.body["job"]
    assert api.get(f"/v1/jobs/{accepted.body['job']}").body["wait_seconds"] > LONGEST_WAIT


def test_a_purchase_is_never_refused_for_how_busy_it_is(api: Api, time: Time, monkeypatch: pytest.MonkeyPatch) -> None:
    album = sell()
    full(time)
    set_levers(monkeypatch, accept_downloads=False, accept_uploads=False, admit_percent=0)
    assert api.post("/v1/purchases", {"content": album.id}, key="k").status == 202


def test_the_same_content_is_handed_out_while_everyone_else_waits(api: Api, time: Time) -> None:
    album = sell()
    own(album)
    waiting = api.post("/v1/downloads", {"album": album.id}, key="k")
    build(waiting.body["job"])
    assert jobs.read(album.manifest)
    full(time)
    answer = api.post("/v1/downloads", {"album": album.id}, key="another")
    assert answer.status == 200
    assert answer.body["state"] == "READY"


def test_an_order_for_what_is_being_built_already_adds_nothing_to_the_queue_and_is_accepted(
    api: Api, time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    album = sell()
    own(album)
    first = orders.read(api.post("/v1/downloads", {"album": album.id}, key="k").body["job"])
    assert first
    jobs.ensure(first)
    full(time)
    assert api.post("/v1/downloads", {"album": album.id}, key="another").status == 202
    set_levers(monkeypatch, accept_downloads=False)
    assert refuses(api.post("/v1/downloads", {"album": album.id}, key="third"), 429)


def build(order_id: str) -> None:
    """Do what the outbox, a worker and the notifier do for an order."""
    ordered = orders.read(order_id)
    assert ordered
    jobs.ensure(ordered)
    job = jobs.claim(ordered.content, "worker", sent_at=ordered.accepted_at)
    assert job
    jobs.publish(job, bundle_key=f"bundles/{ordered.content}.zip", size=7)
    orders.deliver(ordered)


def test_reading_and_uploading_go_on_in_a_stampede(api: Api, time: Time) -> None:
    file = store("notes.txt").file
    full(time)
    assert api.get(f"/v1/files/{file}/link").status == 200
    assert api.post("/v1/uploads", announcement("more.txt", b"bytes"), key="k").status == 201


def test_operators_can_pause_bundles_and_uploads_each_alone(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    body = announcement("more.txt", b"bytes")
    file = store("notes.txt").file
    set_levers(monkeypatch, accept_downloads=False)
    assert refuses(api.post("/v1/downloads", {"files": [file]}, key="k"), 429)
    assert api.post("/v1/uploads", body, key="k").status == 201
    set_levers(monkeypatch, accept_uploads=False)
    before = api.traces()
    assert refuses(api.post("/v1/uploads", body, key="l"), 429)
    assert api.traces() == before
    assert api.post("/v1/uploads", body, key="k").status == 201, "what was announced goes on"
    assert api.post("/v1/downloads", {"files": [file]}, key="k").status == 202


def test_operators_can_admit_a_share_of_the_users_and_always_the_same_ones(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_levers(monkeypatch, admit_percent=30)
    users = [f"{number * 2_654_435_761 % 2**32:08x}" for number in range(1000)]
    admitted = {user for user in users if admits(user)}
    assert 250 < len(admitted) < 350
    assert admitted == {user for user in users if admits(user)}
    set_levers(monkeypatch, admit_percent=0)
    assert not any(admits(user) for user in users)
    assert api.get("/v1/files").status == 200


def admits(user: str) -> bool:
    try:
        admission.admit_bundle(user, new_build=True)
    except Problem:
        return False
    return True


def test_nobody_is_refused_because_the_queue_cannot_be_asked(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    def silent(queue: Queue, _sideline: Queue) -> None:
        raise EndpointConnectionError(endpoint_url=f"https://{queue}")

    monkeypatch.setattr(pace, "estimate", silent)
    answer = order(api)
    assert answer.status == 202
    assert "wait_seconds" not in answer.body


DRAINED = 1.2
"""Messages a second."""


@dataclass
class Process:
    """One of the API's: with an estimate of its own, made from a count that is a second old."""

    gate: admission.Gate = field(default_factory=admission.Gate)
    looked_at: float = 0
    seen: Estimate = field(default_factory=lambda: Estimate(0, 0))

    def admits(self, now: float, counted: float) -> bool:
        if now - self.looked_at >= PACE_INTERVAL or self.gate.must_look:
            self.gate.looked()
            self.looked_at, self.seen = now, Estimate(int(counted), counted / DRAINED)
        return self.gate.admits(self.seen)


@pytest.mark.parametrize(("times_the_rate", "processes"), [(2, 1), (20, 1), (2, 12), (20, 12)])
def test_in_a_stampede_the_wait_comes_close_to_a_quarter_of_an_hour_and_never_passes_it(
    time: Time, times_the_rate: int, processes: int
) -> None:
    fleet = [Process() for _ in range(processes)]
    waiting = counted = longest = 0.0
    for second in range(1500):
        time.advance(1)
        waiting, counted = max(0.0, waiting - DRAINED), waiting
        for number in range(int(DRAINED * times_the_rate)):
            waiting += fleet[(second * 7 + number) % processes].admits(time.now, counted)
        longest = max(longest, waiting / DRAINED)
    assert longest <= LONGEST_WAIT
    assert longest > LONGEST_WAIT / 2
