"""How far a bundle is: a small object that the edge serves to everybody who waits, so that polling costs us nothing."""

import json
from concurrent.futures import Executor, Future
from time import monotonic

from aws_lambda_powertools import Logger
from botocore.exceptions import BotoCoreError, ClientError

from services.drive import aws, clock
from services.drive.environment import here
from services.drive.jobs import JobState
from services.drive.limits import STATUS_INTERVAL, scaled

logger = Logger(service="bundler")


def tell(content: str, state: JobState, percent: int = 0) -> None:
    """Write where a build stands. Never raises: it is a hint, the API knows from the job."""
    status = {"state": state.value, "percent": percent, "at": clock.milliseconds()}
    try:
        aws.client("s3").put_object(
            Bucket=here.bundles_bucket,
            Key=f"status/{content}.json",
            Body=json.dumps(status).encode(),
            ContentType="application/json",
            CacheControl=f"max-age={STATUS_INTERVAL}",
        )
    except (ClientError, BotoCoreError) as error:
        logger.warning("a status could not be written", reason=str(error), bundle=content)


class Progress:
    """Counts the bytes of a build and tells its percentage every STATUS_INTERVAL, without holding up the build."""

    def __init__(self, content: str, total: int, senders: Executor) -> None:
        """Take the bundle's hash, the bytes of all of its files, and who does the telling."""
        self._content, self._total, self._senders = content, total, senders
        self._done = 0
        self._next = 0.0
        self._telling: Future[None] | None = None

    def add(self, count: int) -> None:
        """Note that `count` more bytes are in."""
        self._done += count
        busy = self._telling is not None and not self._telling.done()
        if busy or monotonic() < self._next:
            return
        self._next = monotonic() + scaled(STATUS_INTERVAL)
        percent = min(99, 100 * self._done // max(1, self._total))
        self._telling = self._senders.submit(tell, self._content, JobState.BUILDING, percent)

    def settle(self) -> None:
        """Wait for what is being told, so that what is told next is the last word."""
        if self._telling is not None:
            self._telling.result()
