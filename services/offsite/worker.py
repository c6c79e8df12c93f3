"""Copies what its queue names, for as long as it runs: `python -m services.offsite run`.

The queue gets S3's "Object Created" events of the replica bucket, of this region's own files bucket and of the export
bucket, through EventBridge. A message is deleted when its object is in the chain; one that cannot be copied comes again
and ends in the dead-letter queue.

Environment: AWS_REGION, OFFSITE_QUEUE_URL, OFFSITE_ENDPOINT, OFFSITE_BUCKET, OFFSITE_CREDENTIALS_SECRET,
OFFSITE_KEY_SECRET, EXPORT_BUCKET.
"""

import json
import signal
import time
from collections.abc import Mapping, Sequence
from typing import Any

from aws_lambda_powertools import Logger

from services.drive import aws, clock
from services.drive.aws import POLL_READ_TIMEOUT
from services.drive.environment import here
from services.drive.limits import LONG_POLL, OFFSITE_VISIBILITY
from services.offsite import copying
from services.offsite.copying import Source
from services.offsite.store import Store

logger = Logger(service="offsite")

BATCH = 10
RESTING = 5
"""Seconds before the next try while the queue or the store does not answer."""


class Worker:
    """Takes messages until it is told to stop."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._stopping = False

    def run(self) -> None:
        """Work until SIGTERM, then finish what is under way."""
        signal.signal(signal.SIGTERM, self.stop)
        while not self._stopping:
            try:
                self.work(LONG_POLL)
            except Exception:  # a store that is away for an hour must not need anybody to start us again
                logger.exception("a batch failed; its messages come again")
                clock.sleep(RESTING)

    def stop(self, *_: object) -> None:
        """Take no further messages."""
        self._stopping = True

    def work(self, wait: int = 0) -> int:
        """Copy what up to ten messages name; return how many messages are done with."""
        sqs = aws.client("sqs", read_timeout=POLL_READ_TIMEOUT)
        messages = sqs.receive_message(
            QueueUrl=here.offsite_queue_url,
            MaxNumberOfMessages=BATCH,
            WaitTimeSeconds=wait,
            VisibilityTimeout=OFFSITE_VISIBILITY,
        ).get("Messages", [])
        lease = _Lease(messages)
        entries, done = [], []
        for message in messages:
            lease.extend()
            try:
                entry = copying.copy(self._store, _source(message), lease.extend)
            except Exception:  # one object that cannot be copied must not hold up nine others
                logger.exception("not copied")
                continue
            done.append(message)
            entries += [entry] if entry else []
        copying.note(self._store, entries)
        for message in done:
            sqs.delete_message(QueueUrl=here.offsite_queue_url, ReceiptHandle=message["ReceiptHandle"])
        return len(done)


class _Lease:
    """Keeps a batch's messages invisible while a large file is on its way."""

    def __init__(self, messages: Sequence[Mapping[str, Any]]) -> None:
        self._messages = messages
        self._extended_at = time.monotonic()

    def extend(self) -> None:
        if time.monotonic() - self._extended_at < OFFSITE_VISIBILITY / 3:
            return
        self._extended_at = time.monotonic()
        for message in self._messages:
            aws.client("sqs").change_message_visibility(
                QueueUrl=here.offsite_queue_url,
                ReceiptHandle=message["ReceiptHandle"],
                VisibilityTimeout=OFFSITE_VISIBILITY,
            )


def _source(message: Mapping[str, Any]) -> Source:
    return Source.of_event(json.loads(message["Body"]))
