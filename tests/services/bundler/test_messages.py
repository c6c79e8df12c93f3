"""A message is a hint: duplicated, late, poisonous or meaningless, it changes nothing that the record does not say."""

from typing import Any

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError

from services.bundler import inbox, work
from services.bundler.source import SourceLost
from services.drive import jobs, levers, messages
from services.drive.jobs import JobState
from services.drive.levers import Levers
from services.drive.limits import (
    EXPIRE_BUNDLE_AFTER,
    FAILED_BUILDS,
    LEASE,
    ORDER_SHARDS,
    RETRY_BUILD_AFTER,
    SIDELINE_AFTER,
)
from services.drive.messages import MalformedMessage
from services.drive.pace import Queue
from tests.services.bundler.conftest import HERE, SONGS, USER, Album, show_again, waiting, work_once
from tests.services.conftest import Cloud, Time


def test_a_second_message_builds_nothing_but_tells_again_what_its_builder_may_not_have_told(
    album: Album, cloud: Cloud
) -> None:
    album.order()
    album.send_again()
    work_once()
    cloud.bodies("notify")
    assert not work_once()
    assert len(cloud.bodies("notify")) == ORDER_SHARDS
    assert album.job().builds_started == 1
    assert waiting(cloud, "bundle") == 0


def test_a_message_for_what_somebody_builds_is_dropped(album: Album, cloud: Cloud) -> None:
    album.order()
    assert jobs.claim(album.content, "somebody", sent_at=0)
    assert not work_once()
    assert album.job().lease_owner == "somebody"
    assert waiting(cloud, "bundle") == 0


def test_a_message_without_a_job_is_dropped(album: Album, cloud: Cloud) -> None:
    messages.send_order(messages.OrderMessage("bundle", album.content, USER, accepted_at=0))
    assert not work_once()
    assert waiting(cloud, "bundle") == 0


def test_a_message_that_is_none_of_ours_is_left_for_the_dead_letter_queue(cloud: Cloud) -> None:
    boto3.client("sqs", region_name=HERE).send_message(QueueUrl=cloud.queue_url("bundle"), MessageBody="hello")
    with pytest.raises(MalformedMessage):
        work_once()
    assert waiting(cloud, "bundle") == 1


def test_a_poison_content_is_tried_three_times_and_ends_in_the_dead_letter_queue(
    album: Album, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    _poison(album, monkeypatch)
    assert (album.job().state, album.job().builds_failed) == (JobState.FAILED, FAILED_BUILDS)
    assert [body["content"] for body in cloud.bodies("bundle-dead")] == [album.content]
    assert waiting(cloud, "bundle") == 0


def test_a_poison_content_publishes_nothing(album: Album, cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    _poison(album, monkeypatch)
    assert album.objects() == []
    assert not album.uploads()
    assert cloud.bodies("notify") == []
    assert album.status()["state"] == "FAILED"


def test_an_old_copy_of_a_poison_message_builds_nothing_and_ends_beside_the_first(album: Album, cloud: Cloud) -> None:
    album.order()
    album.send_again()
    first, copy = _receive(), _receive()
    for _ in range(FAILED_BUILDS):
        _fail_once(album)
    assert not work.handle(copy, "worker", lambda: None)
    assert album.job().builds_started == FAILED_BUILDS
    assert waiting(cloud, "bundle") == 2
    assert first.body == copy.body


def test_a_redriven_message_builds_once_the_cause_is_gone(
    album: Album, cloud: Cloud, time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    _poison(album, monkeypatch)
    time.advance(-3600)  # and the worker's clock is behind
    _redrive(cloud)
    assert work_once()
    assert album.unpacked() == SONGS


def test_failed_builds_come_back_after_a_while_that_grows(album: Album, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr(inbox.Received, "return_after", lambda _, seconds: waits.append(seconds))
    monkeypatch.setattr("services.bundler.source.fetch", _lost)
    album.order()
    for _ in range(FAILED_BUILDS):
        work_once()
        show_again()
    assert [wait for wait in waits if wait < LEASE] == [RETRY_BUILD_AFTER * tries for tries in (1, 2, 3)]


def test_an_old_order_moves_to_the_sideline(album: Album, cloud: Cloud, time: Time) -> None:
    album.order()
    time.advance(SIDELINE_AFTER + 1)
    assert not work_once()
    (moved,) = cloud.bodies("bundle-sideline")
    assert moved["sidelined"]
    assert moved["accepted_at"] == album.job().accepted_at
    assert waiting(cloud, "bundle") == 0


def test_the_sideline_is_built_however_old_it_is(album: Album, time: Time) -> None:
    album.order()
    time.advance(SIDELINE_AFTER + 1)
    work_once()
    assert work_once(Queue.BUNDLE_SIDELINE)


def test_what_was_received_before_is_not_moved_to_the_sideline(album: Album, time: Time) -> None:
    album.order()
    _receive()
    show_again()
    time.advance(SIDELINE_AFTER + 1)
    assert work_once()


def test_nothing_moves_to_the_sideline_while_its_lever_is_off(
    album: Album, time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(levers, "current", lambda: Levers(sideline=False))
    album.order()
    time.advance(SIDELINE_AFTER + 1)
    assert work_once()


def test_a_bundle_that_nobody_built_within_a_day_expires(album: Album, cloud: Cloud, time: Time) -> None:
    album.order()
    time.advance(EXPIRE_BUNDLE_AFTER + 1)
    assert not work_once()
    assert jobs.read(album.content) is None
    assert album.status()["state"] == "EXPIRED"
    assert waiting(cloud, "bundle") + waiting(cloud, "bundle-sideline") == 0


def test_a_later_order_for_an_expired_bundle_is_built(album: Album, time: Time) -> None:
    album.order("first")
    time.advance(EXPIRE_BUNDLE_AFTER + 1)
    work_once()
    album.order("second")
    assert work_once()


def test_a_message_returns_when_nobody_could_be_told_and_is_not_built_again(
    album: Album, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(messages, "send_published", _unreachable)
        album.order()
        work_once()
    assert album.job().state == JobState.READY
    show_again()
    assert not work_once()
    assert len(cloud.bodies("notify")) == ORDER_SHARDS
    assert album.job().builds_started == 1


def _poison(album: Album, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the album's message be received until it is in the dead-letter queue."""
    album.order()
    with monkeypatch.context() as broken:
        broken.setattr("services.bundler.source.fetch", _lost)
        for _ in range(FAILED_BUILDS):
            work_once()
            show_again()
    assert inbox.receive(Queue.BUNDLE, wait=0) is None


def _fail_once(album: Album) -> None:
    job = jobs.claim(album.content, "worker", sent_at=0)
    assert job
    jobs.fail(job, "broken")


def _receive() -> inbox.Received:
    received = inbox.receive(Queue.BUNDLE, wait=0)
    assert received
    return received


def _redrive(cloud: Cloud) -> None:
    for body in cloud.bodies("bundle-dead"):
        messages.send_order(messages.OrderMessage(**body))


def _lost(*_: Any) -> Any:
    raise SourceLost


def _unreachable(*_: Any) -> Any:
    raise EndpointConnectionError(endpoint_url="https://sqs.us-west-2.amazonaws.com")
