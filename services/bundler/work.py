"""What to do about one message: the record decides, the message is only a hint.

From the top, the first that is true:
    no job, or it is over          drop: whoever still waits is found by the reconciler, and starts anew
    READY                          tell those who wait (its builder may have died before it could), drop
    somebody is building           drop: if that worker dies, the reconciler sends a new message
    FAILED                         build if an operator redrove it; else leave: after its last receive it lies in the
                                   dead-letter queue
    nobody built it within a day   expire, drop
    old, and received first here   move to the sideline
    otherwise                      claim the job and build
"""

from dataclasses import replace
from time import monotonic
from uuid import uuid4

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import MetricUnit, single_metric
from botocore.exceptions import BotoCoreError, ClientError

from services.bundler import progress
from services.bundler.build import WorkerStops, build
from services.bundler.inbox import Received
from services.bundler.lease import Lease, LeaseLost
from services.bundler.waiting import Check
from services.drive import jobs, levers, messages
from services.drive.jobs import Job, JobState
from services.drive.limits import EXPIRE_BUNDLE_AFTER, ORDER_SHARDS, RETRY_BUILD_AFTER, scaled
from services.drive.messages import OrderMessage, PublishedMessage
from services.drive.pace import Queue

logger = Logger(service="bundler")


def handle(received: Received, worker: str, check: Check) -> bool:
    """Do what a message hints at; return whether a bundle was built and published.

    Raises MalformedMessage for a message that is none of ours, and what AWS raised. Then the message is left alone:
    it comes again, or ends in the dead-letter queue. `check` raises WorkerStops when a build must be given back.
    """
    message = messages.parse_order(received.body)
    job = jobs.read(message.content)
    if job is None:
        received.drop()
    elif job.state == JobState.READY:
        progress.tell(job.content, JobState.READY, percent=100)
        tell_waiting(job.content)
        received.drop()
    elif job.state == JobState.BUILDING and not job.lease_ran_out:
        received.drop()
    # Before its age is looked at: the sideline would renew SentTimestamp, by which a redrive is told.
    elif job.state == JobState.FAILED:
        return _claim_and_build(job.content, received, worker, check)
    elif job.age > scaled(EXPIRE_BUNDLE_AFTER):
        _expire(job, received)
    elif _belongs_on_sideline(message, received):
        messages.send_order(replace(message, sidelined=True))
        received.drop()
        count("BundlesSidelined")
    else:
        return _claim_and_build(job.content, received, worker, check)
    return False


def tell_waiting(content: str) -> None:
    """Have the orders that wait for a published bundle delivered; doing it twice changes nothing."""
    for shard in range(ORDER_SHARDS):
        messages.send_published(PublishedMessage(content, shard))


def count(name: str, value: float = 1, unit: MetricUnit = MetricUnit.Count, **about: str) -> None:
    """Write a metric of the bundler; what it is `about` stands in the log only."""
    with single_metric(name=name, unit=unit, value=value) as metric:
        metric.add_dimension(name="service", value="bundler")
        for key, text in about.items():
            metric.add_metadata(key=key, value=text)


def _expire(job: Job, received: Received) -> None:
    if jobs.expire(job):
        progress.tell(job.content, JobState.EXPIRED)
        count("BundlesExpired")
    received.drop()


def _belongs_on_sideline(message: OrderMessage, received: Received) -> bool:
    first_here = received.queue == Queue.BUNDLE and received.tries == 1 and not message.sidelined
    return first_here and message.is_old and levers.current().sideline


def _claim_and_build(content: str, received: Received, worker: str, check: Check) -> bool:
    claimed_at = monotonic()
    # The owner is new for each build: a repeated write of one build is never taken for one of another.
    job = jobs.claim(content, f"{worker}-{uuid4().hex[:8]}", sent_at=received.sent_at)
    if job is None:  # somebody was faster, or it was given up: the record will say when the message comes again
        received.return_after(RETRY_BUILD_AFTER)
        return False
    try:
        published = _build(job, Lease(job, received, claimed_at=claimed_at), check)
    except WorkerStops:
        _give_back(job)
        received.return_after(0)
        raise
    except LeaseLost:
        logger.warning("a lease was lost; whoever took it over builds", bundle=content)
        count("BundleLeasesLost")
        return False
    except Exception as error:  # noqa: BLE001  whatever one content breaks must not end the worker
        _not_built(job, error)
        received.return_after(RETRY_BUILD_AFTER * received.tries)
        return False
    received.drop()
    if published:
        count("BundlesBuilt")
        count("BundleSeconds", monotonic() - claimed_at, MetricUnit.Seconds, bundle=content)
    return published


def _build(job: Job, lease: Lease, check: Check) -> bool:
    def may_go_on() -> None:
        check()
        lease.check()

    with lease:
        published = build(job, lease, may_go_on)
    tell_waiting(job.content)
    return published


def _not_built(job: Job, error: Exception) -> None:
    # Not the content's fault: counted as failures, an hour without S3 would fail every order of that hour.
    if isinstance(error, ClientError | BotoCoreError):
        logger.warning("a build was given back", bundle=job.content, reason=str(error))
        count("BuildsGivenBack")
        _give_back(job)
        return
    logger.error("a build failed", bundle=job.content, exc_info=error)
    failed = jobs.fail(job, f"{type(error).__name__}: {error}")
    if failed:
        count("BuildsFailed")
        progress.tell(job.content, failed.state)


def _give_back(job: Job) -> None:
    if jobs.release(job):
        progress.tell(job.content, JobState.QUEUED)
