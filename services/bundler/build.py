"""One claimed build, from lease to publication. However it ends, nothing half-done can be seen by anybody."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aws_lambda_powertools import Logger
from botocore.exceptions import BotoCoreError, ClientError

from services.bundler import progress
from services.bundler.bundle import write_bundle
from services.bundler.lease import Lease
from services.bundler.progress import Progress
from services.bundler.upload import MultipartUpload, abort_others
from services.bundler.waiting import Check
from services.drive import aws, clock, jobs, manifests
from services.drive.environment import here
from services.drive.jobs import Job, JobState
from services.drive.limits import BUNDLER_READ_TIMEOUT, PUBLISH_AGAIN_AFTER, READ_AHEAD, UPLOADS_IN_FLIGHT, scaled

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

logger = Logger(service="bundler")


class WorkerStops(Exception):
    """The worker was told to stop, and the time in which a build may still finish is over."""


@dataclass(frozen=True)
class Executors:
    """The threads of one build: `readers` fetch ranges, `senders` send parts and tell the progress."""

    readers: ThreadPoolExecutor
    senders: ThreadPoolExecutor


def build(job: Job, lease: Lease, check: Check) -> bool:
    """Build and publish a claimed job; return False when somebody else published meanwhile.

    Raises what ended the build before it was complete; no object and no upload is left behind then.
    """
    # A key of its own: what was published is never written over, not even by a worker that lost its lease.
    bundle_key = f"{job.content}/{job.lease_owner}.zip"
    if job.builds_started > 1:
        abort_others(_s3(), here.bundles_bucket, f"{job.content}/")
    size = _write(job, bundle_key, lease, check)
    if _publish(job, bundle_key, size, check):
        progress.tell(job.content, JobState.READY, percent=100)
        return True
    _remove(bundle_key)
    return False


def _write(job: Job, bundle_key: str, lease: Lease, check: Check) -> int:
    """Return the bundle's size in bytes, once it is complete in S3."""
    files = manifests.read(job.content)
    with _executors() as executors:
        told = Progress(job.content, sum(file.size for file in files), executors.senders)
        upload = MultipartUpload(_s3(), here.bundles_bucket, bundle_key, executors.senders, check)
        try:
            write_bundle(files, upload, executors.readers, check=check, on_bytes=told.add)
            lease.confirm()  # as close to the end as can be: who has no lease completes nothing
            upload.complete()
        except BaseException:
            upload.give_up()
            raise
        told.settle()
    return upload.size


def _publish(job: Job, bundle_key: str, size: int, check: Check) -> bool:
    """Publish as soon as the table can be reached: a finished bundle is not thrown away for a bad minute."""
    while True:
        try:
            return jobs.publish(job, bundle_key=bundle_key, size=size)
        except (ClientError, BotoCoreError) as error:
            logger.warning("a bundle could not be published, trying again", bundle=job.content, reason=str(error))
            check()
            clock.sleep(scaled(PUBLISH_AGAIN_AFTER))


@contextmanager
def _executors() -> Iterator[Executors]:
    readers = ThreadPoolExecutor(READ_AHEAD, thread_name_prefix="read")
    senders = ThreadPoolExecutor(UPLOADS_IN_FLIGHT + 1, thread_name_prefix="send")
    try:
        yield Executors(readers, senders)
    finally:
        # A thread that hangs in a read must not hold up the end; its timeouts end it.
        readers.shutdown(wait=False, cancel_futures=True)
        senders.shutdown(wait=False, cancel_futures=True)


def _remove(bundle_key: str) -> None:
    try:
        _s3().delete_object(Bucket=here.bundles_bucket, Key=bundle_key)
    except (ClientError, BotoCoreError) as error:
        logger.warning("a bundle that nobody links to stays until its bucket's lifecycle ends it", reason=str(error))


def _s3() -> "S3Client":
    return aws.client("s3", read_timeout=BUNDLER_READ_TIMEOUT)
