from typing import Any

import pytest

from services.drive import jobs, orders
from services.drive.jobs import Job, JobState
from services.drive.limits import (
    BUNDLE_LIFE_DAYS,
    CLOCK_SKEW,
    FAILED_BUILDS,
    FAILED_LIFE,
    HEARTBEAT,
    LEASE,
    STARTED_BUILDS,
)
from services.drive.orders import Kind, Order

pytestmark = pytest.mark.usefixtures("cloud", "queued")

MANIFEST = "f" * 64
LATER = 2**45
"""Milliseconds: a message that was sent after anything that happens here."""


def order(user: str = "u1", idempotency_key: str = "k1") -> Order:
    return orders.accept(user, Kind.BUNDLE, MANIFEST, idempotency_key, {})[0]


def read() -> Job:
    job = jobs.read(MANIFEST)
    assert job
    return job


def claim(owner: str = "w1", sent_at: int = 0) -> Job:
    job = jobs.claim(MANIFEST, owner, sent_at=sent_at)
    assert job
    return job


@pytest.fixture
def queued(cloud: Any, time: Any) -> Job:  # noqa: ARG001
    jobs.forget()
    job, _ = jobs.ensure(order())
    return job


def test_one_job_serves_everyone_who_waits_for_the_content(queued: Job) -> None:
    again, is_created = jobs.ensure(order("u2"))
    assert not is_created
    assert again == queued == read()


def test_each_region_builds_for_itself(cloud: Any) -> None:
    with cloud.acting_in("us-east-2"):
        _, is_created = jobs.ensure(order("u2"))
    assert is_created


def test_a_job_is_claimed_by_one_worker(time: Any) -> None:
    job = claim("w1")
    assert (job.state, job.lease_owner, job.lease_until) == (JobState.BUILDING, "w1", time.now + LEASE)
    assert jobs.claim(MANIFEST, "w2", sent_at=0) is None
    assert read() == job


def test_of_two_workers_that_see_a_queued_job_at_once_one_builds(
    queued: Job, time: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "read", lambda _: queued)
    claim("w1")
    time.advance(0.1)
    assert jobs.claim(MANIFEST, "w2", sent_at=0) is None


def test_a_claim_whose_answer_was_lost_is_made(queued: Job) -> None:
    assert jobs._replace(queued, claim("w1")), "the SDK repeats the write and meets its own result"


def test_what_nobody_asked_for_is_not_built() -> None:
    assert jobs.claim("e" * 64, "w1", sent_at=0) is None


def test_a_lease_lives_as_long_as_its_heartbeat(time: Any) -> None:
    job: Job | None = claim("w1")
    for _ in range(10):
        time.advance(HEARTBEAT)
        assert job
        job = jobs.extend(job)
        assert jobs.claim(MANIFEST, "w2", sent_at=0) is None


@pytest.mark.parametrize(("late", "is_taken"), [(CLOCK_SKEW - 1, False), (CLOCK_SKEW + 1, True)])
def test_a_lease_that_ran_out_is_taken_over_only_when_no_clock_can_say_otherwise(
    time: Any, late: float, *, is_taken: bool
) -> None:
    claim("w1")
    time.advance(LEASE + late)
    assert (jobs.claim(MANIFEST, "w2", sent_at=0) is not None) is is_taken


def test_a_worker_whose_clock_is_behind_cannot_be_robbed_within_the_skew(time: Any) -> None:
    time.advance(-CLOCK_SKEW)
    claim("slow clock")
    time.advance(CLOCK_SKEW + LEASE - 1)
    assert jobs.claim(MANIFEST, "w2", sent_at=0) is None


def test_who_lost_the_lease_can_neither_extend_nor_publish_nor_fail(time: Any) -> None:
    lost = claim("w1")
    time.advance(LEASE + CLOCK_SKEW + 1)
    taken = claim("w2")
    assert jobs.extend(lost) is None
    assert not jobs.publish(lost, bundle_key="old", size=1)
    assert jobs.fail(lost, "late") is None
    assert not jobs.release(lost)
    assert read() == taken


def test_the_same_worker_cannot_finish_its_earlier_build(time: Any) -> None:
    lost = claim("w1")
    time.advance(LEASE + CLOCK_SKEW + 1)
    claim("w1")
    assert not jobs.publish(lost, bundle_key="old", size=1)


def test_a_published_bundle_is_had_until_its_object_may_vanish(time: Any) -> None:
    assert jobs.publish(claim(), bundle_key="bundles/f.zip", size=5)
    job = jobs.ready(MANIFEST)
    assert job
    assert (job.key, job.size, job.lease_owner) == ("bundles/f.zip", 5, None)
    assert jobs.working(JobState.BUILDING).jobs == []
    time.advance((BUNDLE_LIFE_DAYS - 1) * 24 * 3600)
    assert jobs.ready(MANIFEST) is None
    assert jobs.read(MANIFEST) is None


def test_a_bundle_whose_life_is_over_is_built_again(time: Any) -> None:
    jobs.publish(claim(), bundle_key="bundles/f.zip", size=5)
    time.advance(BUNDLE_LIFE_DAYS * 24 * 3600)
    job, is_created = jobs.ensure(order("u2"))
    assert is_created
    assert read() == job
    assert (job.key, job.builds_started) == (None, 0)


def test_a_failed_build_is_tried_again_and_given_up_in_the_end() -> None:
    for count in range(1, FAILED_BUILDS + 1):
        job = jobs.fail(claim(), "no such object")
        assert job
        assert (job.builds_failed, job.reason) == (count, "no such object")
    assert read().state == JobState.FAILED
    assert jobs.claim(MANIFEST, "w1", sent_at=0) is None


def test_a_content_that_kills_its_workers_is_given_up(time: Any) -> None:
    for _ in range(STARTED_BUILDS):
        claim()
        time.advance(LEASE + CLOCK_SKEW + 1)
    assert jobs.claim(MANIFEST, "w1", sent_at=0) is None
    assert read().state == JobState.FAILED


def test_a_redriven_message_starts_a_given_up_build_but_an_old_copy_does_not(time: Any) -> None:
    before = int(time.now * 1000)
    time.advance(1)
    for _ in range(FAILED_BUILDS):
        jobs.fail(claim(), "broken")
    assert jobs.claim(MANIFEST, "w1", sent_at=before) is None
    assert claim(sent_at=LATER).builds_started == 1


def test_a_given_up_content_is_tried_again_for_whoever_comes_a_day_later(time: Any) -> None:
    for _ in range(FAILED_BUILDS):
        jobs.fail(claim(), "broken")
    assert not jobs.ensure(order("u2"))[1]
    time.advance(FAILED_LIFE + 1)
    assert jobs.ensure(order("u3"))[1]


def test_a_build_given_back_by_a_stopping_worker_costs_no_try() -> None:
    assert jobs.release(claim())
    job = read()
    assert (job.state, job.builds_started, job.lease_owner) == (JobState.QUEUED, 0, None)


def test_a_build_whose_worker_vanished_is_queued_again_by_one(time: Any) -> None:
    vanished = claim()
    time.advance(LEASE + CLOCK_SKEW + 1)
    assert jobs.requeue(vanished)
    time.advance(1)
    assert jobs.requeue(vanished) is None
    assert read().state == JobState.QUEUED


def test_a_lease_that_was_extended_meanwhile_is_not_taken(time: Any) -> None:
    seen = claim()
    time.advance(1)
    jobs.extend(seen)
    assert jobs.requeue(seen) is None
    assert read().state == JobState.BUILDING


def test_an_expired_job_makes_room_for_a_new_one(queued: Job) -> None:
    assert jobs.expire(queued)
    assert jobs.read(MANIFEST) is None
    assert jobs.ensure(order("u2"))[1]


def test_working_jobs_are_found_oldest_first(time: Any) -> None:
    time.advance(1)
    younger = orders.accept("u1", Kind.BUNDLE, "e" * 64, "k2", {})[0]
    jobs.ensure(younger)
    assert [job.content for job in jobs.working(JobState.QUEUED).jobs] == [MANIFEST, "e" * 64]
    claim()
    assert [job.content for job in jobs.working(JobState.BUILDING).jobs] == [MANIFEST]


def test_a_ready_bundle_is_looked_up_once_for_a_crowd(monkeypatch: pytest.MonkeyPatch) -> None:
    jobs.publish(claim(), bundle_key="bundles/f.zip", size=5)
    reads: list[str] = []
    read_job = jobs.read

    def count(content: str) -> Job | None:
        reads.append(content)
        return read_job(content)

    monkeypatch.setattr(jobs, "read", count)
    for _ in range(100):
        assert jobs.ready(MANIFEST)
    assert len(reads) == 1
