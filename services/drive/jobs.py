"""Builds of bundles: one per content and region, whoever waits for it.

    (absent) ─ensure─► QUEUED ─claim─► BUILDING ─publish─► READY ─(BUNDLE_LIFE_DAYS)─► (absent)
                          ▲               │ fail, or the lease ran out
                          └───────────────┤
                                          └─(too many tries)─► FAILED ─claim, after an operator's redrive─► BUILDING
                          QUEUED ─expire─► EXPIRED ─ensure─► QUEUED

Jobs are derived: if the table were lost, the orders would bring them back.
"""

from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import Any

from services.drive import clock, records
from services.drive.environment import here
from services.drive.limits import (
    BUNDLE_LIFE_DAYS,
    CLOCK_SKEW,
    FAILED_BUILDS,
    FAILED_LIFE,
    JOB_LIFE,
    LEASE,
    LINK_LIFE,
    PACE_INTERVAL,
    REMEMBERED_JOBS,
    STARTED_BUILDS,
    scaled,
)
from services.drive.messages import OrderMessage
from services.drive.orders import Order
from services.drive.records import ABSENT, Item, Key, key


class JobState(StrEnum):
    QUEUED = "QUEUED"
    BUILDING = "BUILDING"
    READY = "READY"
    FAILED = "FAILED"
    EXPIRED = "EXPIRED"


@dataclass(frozen=True)
class Job:
    """One job as it was read. `…_at` are milliseconds, `lease_until` and `expires_at` seconds, all since 1970 UTC."""

    region: str
    content: str
    """The hash of the manifest."""
    state: JobState
    accepted_at: int
    """Of the order that asked first."""
    queued_by: str
    """That order's id."""
    user: str
    """That order's user: the message's group."""
    sent_at: int
    """When its message was sent last, or was about to be."""
    expires_at: int
    """From then on the job counts as absent; DynamoDB removes it up to days later."""
    builds_started: int = 0
    builds_failed: int = 0
    lease_owner: str | None = None
    lease_until: float = 0
    key: str | None = None
    """READY: where the bundle is, in its region's bundles bucket."""
    size: int | None = None
    reason: str | None = None
    """Why the last build failed."""
    failed_at: int | None = None

    @property
    def age(self) -> float:
        """Seconds since the oldest order was accepted."""
        return clock.age(self.accepted_at)

    @property
    def is_ready(self) -> bool:
        """Whether the bundle can be had, for as long as a link to it lives."""
        return self.state == JobState.READY and not self._ends_within(scaled(LINK_LIFE))

    @property
    def is_over(self) -> bool:
        """Whether a new order must start anew, as if there were no job."""
        if self.state == JobState.READY:
            return not self.is_ready
        return self.state == JobState.EXPIRED or self._ends_within(0)

    @property
    def lease_ran_out(self) -> bool:
        """Whether its worker is surely gone, whatever the two machines' clocks say."""
        return self.state == JobState.BUILDING and self.lease_until + scaled(CLOCK_SKEW) < clock.now()

    @property
    def is_given_up(self) -> bool:
        """Whether it has been tried often enough."""
        return self.builds_failed >= FAILED_BUILDS or self.builds_started >= STARTED_BUILDS

    def message(self, *, sidelined: bool = False) -> OrderMessage:
        """Return the message that hints at this job."""
        return OrderMessage(
            kind="bundle",
            content=self.content,
            user=self.user,
            accepted_at=self.accepted_at,
            order=self.queued_by,
            sidelined=sidelined,
        )

    def _ends_within(self, seconds: float) -> bool:
        return self.expires_at <= clock.now() + seconds


_ready: dict[str, tuple[float, Job]] = {}


@dataclass(frozen=True)
class JobPage:
    """Some jobs, and where the next page starts: None after the last one."""

    jobs: list[Job]
    after: Item | None


def read(content: str, region: str | None = None) -> Job | None:
    """Return the job for a content in this region or in `region`; None also when it is over: it may be made anew."""
    item = records.get(here.jobs_table, _key(content, region or here.aws_region))
    job = from_item(item) if item else None
    return None if job and job.is_over else job


def ready(content: str) -> Job | None:
    """Return this region's job if its bundle can be had; remembered for PACE_INTERVAL.

    An album that everybody wants at once is one key of the table, which serves 3 000 strong reads a second.
    """
    at, known = _ready.get(content, (0.0, None))
    if known and known.is_ready and clock.now() - at < scaled(PACE_INTERVAL):
        return known
    job = read(content)
    if job is None or not job.is_ready:
        return None
    if len(_ready) >= REMEMBERED_JOBS:
        _ready.clear()
    _ready[content] = (clock.now(), job)
    return job


def forget() -> None:
    """Forget which bundles were ready, as a new process would."""
    _ready.clear()


def ensure(order: Order) -> tuple[Job, bool]:
    """Make sure that this region builds what the order waits for; return the job, and whether this call created it.

    Who creates a job sends its message. If a crash comes between, the job stays QUEUED and is sent by whoever repeats
    the order (`queued_by`), or by the reconciler.
    """
    wanted = _new(order)
    if _is_absent(wanted) and records.insert(here.jobs_table, _item(wanted)):
        return wanted, True
    present = _present(wanted)
    if present.is_over and _replace(present, wanted):
        return wanted, True
    return present, False


def claim(content: str, owner: str, *, sent_at: int) -> Job | None:
    """Start a build for `owner` (unique per worker and slot) if one may be started; return it with its lease.

    One may be when the job is QUEUED, when its worker's lease ran out, or when an operator redrove the message of a
    FAILED one. `sent_at` (milliseconds) is the message's SentTimestamp: a redrive renews it, so it lies after the
    failure, while a second copy of the message from before does not.
    """
    job = read(content)
    if job is None or not _may_start(job, sent_at):
        return None
    redriven = job.state == JobState.FAILED
    if job.is_given_up and not redriven:
        give_up(job, job.reason or "its workers vanished")
        return None
    started = replace(
        job,
        state=JobState.BUILDING,
        lease_owner=owner,
        lease_until=clock.now() + scaled(LEASE),
        builds_started=1 if redriven else job.builds_started + 1,
        builds_failed=0 if redriven else job.builds_failed,
        expires_at=_end(JOB_LIFE),
    )
    return started if _replace(job, started) else None


def extend(job: Job) -> Job | None:
    """Renew the lease of one's own build; None when it was taken over: stop, and publish nothing."""
    renewed = replace(job, lease_until=clock.now() + scaled(LEASE))
    expect = {"state": JobState.BUILDING, "lease_owner": job.lease_owner, "builds_started": job.builds_started}
    put = {"lease_until": renewed.lease_until}
    changed = records.change(here.jobs_table, _key(job.content, job.region), expect=expect, put=put)
    return renewed if changed else None


def publish(job: Job, *, bundle_key: str, size: int) -> bool:
    """Make one's own build the published one (`size` in bytes); False when it was taken over meanwhile."""
    ready = replace(
        job,
        state=JobState.READY,
        key=bundle_key,
        size=size,
        lease_owner=None,
        lease_until=0,
        # A day less than the object's: no link may outlive what it points to.
        expires_at=_end((BUNDLE_LIFE_DAYS - 1) * 24 * 3600),
    )
    return _finish_own(job, ready)


def fail(job: Job, reason: str) -> Job | None:
    """End one's own build as failed; return the job, QUEUED again or FAILED for good, or None if it was taken over.

    The message is left alone: it becomes visible again, or goes to the dead-letter queue after its last receive.
    """
    failed = replace(job, builds_failed=job.builds_failed + 1, reason=reason, lease_owner=None, lease_until=0)
    failed = _failed(failed) if failed.is_given_up else replace(failed, state=JobState.QUEUED)
    return failed if _finish_own(job, failed) else None


def release(job: Job) -> bool:
    """Give one's own build back, not failed, to be started again: the worker is being stopped."""
    released = replace(
        job, state=JobState.QUEUED, builds_started=job.builds_started - 1, lease_owner=None, lease_until=0
    )
    return _finish_own(job, released)


def expire(job: Job) -> bool:
    """End a QUEUED job that nobody can be waiting for any more; the orders expire by themselves."""
    return _replace(job, replace(job, state=JobState.EXPIRED, expires_at=_end(JOB_LIFE)))


def requeue(job: Job) -> Job | None:
    """Take a build from a worker whose lease ran out; return the job if its message is the caller's to send."""
    if job.is_given_up:
        give_up(job, job.reason or "its workers vanished")
        return None
    queued = replace(job, state=JobState.QUEUED, lease_owner=None, lease_until=0, sent_at=clock.milliseconds())
    return queued if _replace(job, queued) else None


def give_up(job: Job, reason: str) -> bool:
    """Mark a job FAILED that has been tried often enough."""
    return _replace(job, _failed(replace(job, reason=reason, lease_owner=None, lease_until=0)))


def mark_sent(job: Job) -> bool:
    """Note that a QUEUED job's message is about to be sent again; False when somebody else is doing so."""
    return _replace(job, replace(job, sent_at=clock.milliseconds()))


def working(state: JobState, *, limit: int = 100, after: Item | None = None) -> JobPage:
    """Return this region's QUEUED or BUILDING jobs, oldest first."""
    page = records.query_index(
        here.jobs_table, "working-jobs", "working", f"{here.aws_region}#{state}", limit=limit, after=after
    )
    return JobPage([from_item(item) for item in page.items], page.after)


def from_item(item: Item) -> Job:
    """Return the job that a table's item holds."""
    _, region, content = item["pk"].split("#", 2)
    known = {field.name: item[field.name] for field in fields(Job) if field.name in item}
    return Job(**known | {"region": region, "content": content, "state": JobState(item["state"])})


def _is_absent(job: Job) -> bool:
    # Looking first: even a refused write counts against the thousand that one key takes per second.
    return records.get(here.jobs_table, _key(job.content, job.region)) is None


def _present(job: Job) -> Job:
    item = records.get(here.jobs_table, _key(job.content, job.region))
    return from_item(item) if item else replace(job, state=JobState.EXPIRED)  # its time to live removed it just now


def _may_start(job: Job, sent_at: int) -> bool:
    if job.state == JobState.FAILED:
        return job.failed_at is not None and sent_at > job.failed_at
    return job.state == JobState.QUEUED or job.lease_ran_out


def _new(order: Order) -> Job:
    return Job(
        region=here.aws_region,
        content=order.content,
        state=JobState.QUEUED,
        accepted_at=order.accepted_at,
        queued_by=order.id,
        user=order.user,
        sent_at=clock.milliseconds(),
        expires_at=_end(JOB_LIFE),
    )


def _failed(job: Job) -> Job:
    return replace(job, state=JobState.FAILED, failed_at=clock.milliseconds(), expires_at=_end(FAILED_LIFE))


def _finish_own(job: Job, finished: Job) -> bool:
    """Write what became of one's own build. The lease's end is no condition: heartbeats move it all the time."""
    expect = {"state": JobState.BUILDING, "lease_owner": job.lease_owner, "builds_started": job.builds_started}
    return _write(job, finished, expect)


def _replace(seen: Job, wanted: Job) -> bool:
    """Write a job over the one that was seen, unless that one changed meanwhile."""
    expect = {
        "state": seen.state,
        "sent_at": seen.sent_at,
        "builds_started": seen.builds_started,
        "lease_owner": ABSENT if seen.lease_owner is None else seen.lease_owner,
        "lease_until": seen.lease_until,
    }
    return _write(seen, wanted, expect)


def _write(seen: Job, wanted: Job, expect: dict[str, Any]) -> bool:
    keys = _key(wanted.content, wanted.region)
    put = {name: value for name, value in _item(wanted).items() if name not in keys}
    remove = tuple(name for name in _item(seen) if name not in put and name not in keys)
    return records.change(here.jobs_table, keys, expect=expect, put=put, remove=remove) is not None


def _item(job: Job) -> Item:
    item = {field.name: getattr(job, field.name) for field in fields(Job) if field.name not in ("region", "content")}
    item = {name: value for name, value in item.items() if value is not None}
    if job.state in (JobState.QUEUED, JobState.BUILDING):
        item["working"] = f"{job.region}#{job.state}"
    return {**_key(job.content, job.region), **item}


def _key(content: str, region: str) -> Key:
    return key(f"BUNDLE#{region}#{content}", "JOB")


def _end(seconds: float) -> int:
    return int(clock.now() + scaled(seconds))
