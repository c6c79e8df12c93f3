"""The process around the builds: what it takes next, what it tells, and how it ends."""

import os
import signal
import subprocess
import sys
import threading
import time as real_time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from services.bundler import health, inbox, source, waiting, work, worker
from services.bundler.inbox import Received
from services.bundler.queues import Queues
from services.bundler.worker import Worker
from services.drive import clock, levers, pace
from services.drive.jobs import JobState
from services.drive.levers import Levers
from services.drive.limits import BUNDLE_SLOTS, FRESH_QUEUE, LONG_POLL, WORKER_SILENT
from services.drive.pace import Queue
from tests.services.bundler.conftest import SONGS, Album, show_again, work_once
from tests.services.conftest import Cloud, Time, environment

FAST = 20
"""The drive's time runs so much faster: a long poll takes a second."""


@pytest.fixture
def quick(cloud: Cloud, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Cloud:
    monkeypatch.setenv("TIME_SCALE", str(FAST))
    monkeypatch.setattr(waiting, "CHECK_EVERY", 0.05)
    monkeypatch.setattr(worker, "STOP_WITHIN", 60 * FAST)  # a busy machine is no reason to fail
    for module in (worker, health):
        monkeypatch.setattr(module, "HEALTH_FILE", tmp_path / "alive")
    return cloud


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Queue]:
    """The queues that were looked at, in order; all are empty."""
    looks: list[Queue] = []

    def look(queue: Queue, wait: int) -> Received | None:  # noqa: ARG001
        looks.append(queue)
        return None

    monkeypatch.setattr(inbox, "receive", look)
    return looks


def test_one_slot_always_looks_at_the_sideline_first(asked: list[Queue]) -> None:
    Queues().receive(0)
    assert asked == [Queue.BUNDLE_SIDELINE, Queue.BUNDLE]


def test_the_other_slots_leave_the_sideline_alone_until_they_know_the_fresh_queue(asked: list[Queue]) -> None:
    Queues().receive(1)
    assert asked == [Queue.BUNDLE]


def test_every_slot_drains_the_sideline_while_nobody_waits_in_the_fresh_queue(asked: list[Queue], time: Time) -> None:
    queues = Queues()
    queues.receive(1)
    time.advance(FRESH_QUEUE - 1)
    queues.receive(1)
    assert asked == [Queue.BUNDLE, Queue.BUNDLE_SIDELINE, Queue.BUNDLE]


def test_a_slot_looks_at_the_fresh_queue_again_before_anybody_there_can_have_waited_long(
    asked: list[Queue], time: Time
) -> None:
    queues = Queues()
    queues.receive(1)
    time.advance(FRESH_QUEUE)
    queues.receive(1)
    assert asked == [Queue.BUNDLE, Queue.BUNDLE]


@pytest.mark.usefixtures("time")
def test_slots_stay_with_the_fresh_queue_while_its_orders_are_old(monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[Queue] = []

    def old_order(queue: Queue, wait: int) -> Received:  # noqa: ARG001
        looks.append(queue)
        accepted_at = clock.milliseconds() - FRESH_QUEUE * 1000
        body = f'{{"kind": "bundle", "content": "c", "user": "u", "accepted_at": {accepted_at}}}'
        return Received(queue, "receipt", body, sent_at=0, tries=1)

    monkeypatch.setattr(inbox, "receive", old_order)
    queues = Queues()
    for _ in range(3):
        queues.receive(1)
    assert looks == [Queue.BUNDLE] * 3
    assert queues.age(Queue.BUNDLE) == FRESH_QUEUE


def test_a_worker_builds_tells_its_pace_and_stops_when_told(quick: Cloud) -> None:
    album = Album(quick, SONGS)
    album.order()
    with _running() as (running, ended):
        _wait_for(lambda: album.job().state == JobState.READY)
        _wait_for(lambda: len(quick.items("pace")) == 2)
        assert health.is_alive()
        running.stop()
    assert ended == [True]


def test_the_pace_of_a_worker_is_that_of_its_slots(quick: Cloud) -> None:
    with _running() as (running, _):
        _wait_for(lambda: len(quick.items("pace")) == 2)
        fresh, sideline = pace.drain_rate(Queue.BUNDLE), pace.drain_rate(Queue.BUNDLE_SIDELINE)
        running.stop()
    assert fresh == pytest.approx((BUNDLE_SLOTS - 1) * sideline)


def test_a_build_that_cannot_finish_in_time_is_given_back_when_the_worker_stops(
    quick: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    album, hang = Album(quick, SONGS), threading.Event()
    album.order()
    with monkeypatch.context() as stuck:
        stuck.setattr("services.bundler.source.fetch", lambda _: hang.wait())
        stuck.setattr(worker, "BUILD_GRACE", 2 * LONG_POLL)
        with _running() as (running, ended):
            _wait_for(lambda: album.job().state == JobState.BUILDING)
            running.stop()
        hang.set()
    assert ended == [True]
    assert (album.job().state, album.job().builds_started) == (JobState.QUEUED, 0)
    assert not album.uploads()
    assert work_once()


def test_a_build_that_finishes_in_time_is_published_although_the_worker_stops(
    quick: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    album, fetch, may_go_on = Album(quick, SONGS), source.fetch, threading.Event()
    album.order()

    def slow(wanted: source.Range) -> bytes:
        may_go_on.wait()
        return fetch(wanted)

    monkeypatch.setattr(source, "fetch", slow)
    with _running() as (running, ended):
        _wait_for(lambda: album.job().state == JobState.BUILDING)
        running.stop()
        may_go_on.set()
    assert ended == [True]
    assert album.job().state == JobState.READY


def test_a_worker_does_not_wait_longer_than_it_may_for_what_hangs(
    quick: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    began, hang, over = threading.Event(), threading.Event(), threading.Event()
    Album(quick, SONGS).order()

    def hangs(*_: Any) -> bool:
        began.set()
        hang.wait()
        over.set()
        return False

    monkeypatch.setattr(worker, "BUNDLE_SLOTS", 1)
    monkeypatch.setattr(worker, "STOP_WITHIN", FAST)
    monkeypatch.setattr(worker, "handle", hangs)
    with _running() as (running, ended):
        assert began.wait(60)
        running.stop()
    hang.set()
    assert over.wait(60)
    assert ended == [False]


def test_a_message_that_arrives_while_the_worker_stops_is_left_to_others(
    quick: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    album, receive = Album(quick, SONGS), Queues.receive
    album.order()
    stopping = Worker()

    def late(self: Queues, slot: int) -> Received | None:
        stopping.stop()
        return receive(self, slot)

    with monkeypatch.context() as signalled:
        signalled.setattr(Queues, "receive", late)
        assert stopping.run()
    assert album.job().builds_started == 0
    show_again()
    assert work_once()


def test_no_more_slots_work_than_their_lever_says(quick: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    slots: set[int] = set()

    def receive(_: Queues, slot: int) -> None:
        slots.add(slot)
        real_time.sleep(0.01)

    monkeypatch.setattr(levers, "current", lambda: Levers(bundle_slots=2))
    monkeypatch.setattr(Queues, "receive", receive)
    with _running() as (running, _):
        _wait_for(lambda: len(quick.items("pace")) == 2)
        running.stop()
    assert slots == {0, 1}


def test_a_slot_survives_queues_that_cannot_be_reached_and_messages_that_break_it(
    quick: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    album = Album(quick, SONGS)
    album.order()
    monkeypatch.setattr(clock, "jitter", lambda *_: 0.01)
    monkeypatch.setattr(worker, "handle", _after(_broken, work.handle))
    monkeypatch.setattr(inbox, "receive", _after(_unreachable, inbox.receive))
    with _running() as (running, ended):
        _wait_for(lambda: album.job().state == JobState.READY)
        running.stop()
    assert ended == [True]


@pytest.mark.usefixtures("quick")
def test_a_worker_with_a_slot_that_is_stuck_is_unhealthy(monkeypatch: pytest.MonkeyPatch) -> None:
    stuck = Worker()
    began = real_time.monotonic()
    monkeypatch.setattr(worker, "monotonic", lambda: began + WORKER_SILENT + 1)
    stuck._tell()
    assert not health.is_alive()


@pytest.mark.usefixtures("quick")
def test_a_worker_that_was_not_heard_of_for_long_is_unhealthy() -> None:
    health.HEALTH_FILE.touch()
    assert health.is_alive()
    long_ago = real_time.time() - WORKER_SILENT - 1
    os.utime(health.HEALTH_FILE, (long_ago, long_ago))
    assert not health.is_alive()


@pytest.mark.parametrize("kind", [signal.SIGTERM, signal.SIGINT])
def test_the_process_ends_in_order_when_it_is_told_to(tmp_path: Path, kind: signal.Signals) -> None:
    idle = (
        "import time\n"
        "from services.bundler import __main__, queues\n"
        "from services.drive import pace\n"
        "queues.Queues.receive = lambda self, slot: time.sleep(0.05)\n"
        "pace.publish = lambda *_, **__: None\n"
        "__main__.main()\n"
    )
    surroundings = {**os.environ, **environment("us-west-2"), "TIME_SCALE": str(FAST), "TMPDIR": str(tmp_path)}
    process = subprocess.Popen([sys.executable, "-c", idle], cwd=Path(__file__).parents[3], env=surroundings)
    _wait_for(lambda: any(tmp_path.iterdir()))
    process.send_signal(kind)
    assert process.wait(timeout=60) == 0


@contextmanager
def _running() -> Iterator[tuple[Worker, list[bool]]]:
    """Run a worker until the block ends; the list gets what `run` returned."""
    running, ended = Worker(), list[bool]()
    thread = threading.Thread(target=lambda: ended.append(running.run()))
    thread.start()
    try:
        yield running, ended
    finally:
        running.stop()
        thread.join(60)


def _after(trouble: Callable[[], Any], usual: Callable[..., Any]) -> Callable[..., Any]:
    """Return what does something else once, and then as usual, with every message visible."""
    troubles = [trouble]

    def act(*arguments: Any, **named: Any) -> Any:
        if troubles:
            troubles.pop()()
        show_again()
        return usual(*arguments, **named)

    return act


def _broken() -> Any:
    message = "a bug"
    raise RuntimeError(message)


def _unreachable() -> Any:
    raise EndpointConnectionError(endpoint_url="https://sqs.us-west-2.amazonaws.com")


def _wait_for(condition: Callable[[], Any]) -> None:
    ends_at = real_time.monotonic() + 60
    while real_time.monotonic() < ends_at:
        if condition():
            return
        real_time.sleep(0.02)
    pytest.fail("it did not happen within a minute")
