"""Who may publish: workers that die, sleep, lose the table or have a wrong clock never make two bundles of one."""

import time as real_time
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from services.bundler import bundle, inbox, lease, work
from services.bundler.build import WorkerStops
from services.bundler.lease import BuildTookTooLong, Lease, LeaseLost
from services.drive import jobs
from services.drive.jobs import Job, JobState
from services.drive.limits import CLOCK_SKEW, LEASE, LONGEST_BUILD
from services.drive.pace import Queue
from tests.services.bundler.conftest import SONGS, Album, show_again, waiting, work_once
from tests.services.conftest import Cloud, Time


class Killed(BaseException):
    """The worker's process ends between two instructions."""


def test_a_build_whose_worker_was_killed_is_taken_over_when_its_lease_ran_out(album: Album, time: Time) -> None:
    album.order()
    _claim(album, "killed")
    inbox.receive(Queue.BUNDLE, wait=0)
    assert _take_over(time)
    assert album.job().builds_started == 2
    assert album.unpacked() == SONGS


def test_what_a_killed_worker_had_uploaded_is_removed_by_its_successor(
    album: Album, time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    album.order()
    _kill_mid_build(monkeypatch)
    assert len(album.uploads()) == 1
    assert _take_over(time)
    assert not album.uploads()
    assert album.objects() == [album.job().key]


def test_a_worker_that_slept_while_another_one_took_over_publishes_nothing(
    album: Album, time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    album.order()
    publish = jobs.publish

    def sleep_first(job: Job, **named: Any) -> bool:
        monkeypatch.setattr(jobs, "publish", publish)
        assert _take_over(time)
        return publish(job, **named)

    monkeypatch.setattr(jobs, "publish", sleep_first)
    assert not work_once(worker="sleeper")
    assert "successor" in (album.job().key or "")
    assert album.objects() == [album.job().key]
    assert album.job().builds_started == 2


def test_a_worker_that_sleeps_before_it_completes_is_stopped_by_the_lease(
    album: Album, time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    album.order()
    confirm = Lease.confirm

    def sleep_first(self: Lease) -> None:
        monkeypatch.setattr(Lease, "confirm", confirm)
        assert _take_over(time)
        confirm(self)

    monkeypatch.setattr(Lease, "confirm", sleep_first)
    assert not work_once(worker="sleeper")
    assert album.objects() == [album.job().key]
    assert "successor" in (album.job().key or "")


def test_a_worker_that_cannot_renew_stops_before_anybody_else_may_start(
    album: Album, monkeypatch: pytest.MonkeyPatch
) -> None:
    album.order()
    held = _lease(album)
    began = real_time.monotonic()
    monkeypatch.setattr(lease, "monotonic", lambda: began + LEASE + 1)
    with pytest.raises(LeaseLost):
        held.check()


def test_a_lost_lease_ends_the_build_and_leaves_job_and_message_to_the_other_worker(
    album: Album, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    album.order()
    monkeypatch.setattr(Lease, "check", _raise(LeaseLost()))
    assert not work_once()
    assert album.job().state == JobState.BUILDING
    assert not album.uploads()
    assert waiting(cloud, "bundle") == 1


def test_a_build_that_takes_too_long_counts_as_failed(album: Album, monkeypatch: pytest.MonkeyPatch) -> None:
    album.order()
    held = _lease(album)
    began = real_time.monotonic()
    held._safe_until = began + 2 * LONGEST_BUILD
    monkeypatch.setattr(lease, "monotonic", lambda: began + LONGEST_BUILD + 1)
    with pytest.raises(BuildTookTooLong):
        held.check()


@pytest.mark.parametrize("skew", [-CLOCK_SKEW, -CLOCK_SKEW / 2, 0, CLOCK_SKEW / 2, CLOCK_SKEW])
def test_no_clock_lets_a_build_be_taken_over_while_its_holder_may_still_publish(
    album: Album, time: Time, skew: float
) -> None:
    album.order()
    time.advance(skew)
    _claim(album, "holder")
    time.advance(-skew)
    time.advance(LEASE)  # now the holder stops, by its monotonic clock
    assert jobs.claim(album.content, "successor", sent_at=0) is None
    time.advance(2 * CLOCK_SKEW + 1)
    assert jobs.claim(album.content, "successor", sent_at=0)


def test_a_message_returns_when_its_build_can_be_taken_over_at_once(
    album: Album, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    monkeypatch.setattr(inbox.Received, "return_after", lambda _, seconds: waits.append(seconds))
    album.order()
    with _lease(album):
        pass
    assert waits[0] >= LEASE + CLOCK_SKEW


def test_heartbeats_keep_a_long_build_and_its_message(album: Album, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease, "HEARTBEAT", 0.1)
    album.order()
    held = _lease(album)
    first = album.job().lease_until
    with held:
        _wait_for(lambda: album.job().lease_until >= first + 0.2)
        held.check()


def test_a_heartbeat_that_fails_is_repeated_before_the_lease_runs_out(
    album: Album, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lease, "HEARTBEAT", 0.1)
    album.order()
    held = _lease(album)
    first = album.job().lease_until
    extend, failures = jobs.extend, [_unreachable, _unreachable]

    def unreliable(job: Job) -> Job | None:
        if failures:
            failures.pop()()
        return extend(job)

    monkeypatch.setattr(jobs, "extend", unreliable)
    with held:
        _wait_for(lambda: album.job().lease_until > first)
        held.check()
    assert not failures


def test_a_build_that_is_stopped_goes_back_to_the_queue_at_once(album: Album) -> None:
    album.order()
    received = inbox.receive(Queue.BUNDLE, wait=0)
    assert received
    with pytest.raises(WorkerStops):
        work.handle(received, "worker", _raise(WorkerStops()))
    job = album.job()
    assert (job.state, job.builds_started, job.builds_failed) == (JobState.QUEUED, 0, 0)
    assert not album.uploads()
    assert work_once(worker="successor")


def _claim(album: Album, worker: str) -> Job:
    job = jobs.claim(album.content, worker, sent_at=0)
    assert job
    return job


def _take_over(time: Time) -> bool:
    """Let the lease run out and the message return, and another worker receive it."""
    time.advance(LEASE + CLOCK_SKEW + 1)
    show_again()
    return work_once(worker="successor")


def _lease(album: Album) -> Lease:
    began = real_time.monotonic()
    job = _claim(album, "holder")
    received = inbox.receive(Queue.BUNDLE, wait=0)
    assert received
    return Lease(job, received, claimed_at=began)


def _kill_mid_build(monkeypatch: pytest.MonkeyPatch) -> None:
    """Work on one message until some bytes are in, and leave everything as it is then."""
    with monkeypatch.context() as killing:
        killing.setattr("services.bundler.upload.MultipartUpload.give_up", lambda _: None)
        killing.setattr(bundle, "write_archive", _raise(Killed()))
        with pytest.raises(Killed):
            work_once(worker="killed")


def _raise(error: BaseException) -> Any:
    def raise_it(*_: Any) -> Any:
        raise error

    return raise_it


def _unreachable() -> Any:
    raise EndpointConnectionError(endpoint_url="https://dynamodb.us-west-2.amazonaws.com")


def _wait_for(condition: Any) -> None:
    for _ in range(1000):
        if condition():
            return
        real_time.sleep(0.02)
    pytest.fail("it did not happen within twenty seconds")
