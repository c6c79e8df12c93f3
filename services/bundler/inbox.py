"""Messages to the bundler: received one at a time, held while a build lasts, dropped when nothing is left to do."""

import math
from dataclasses import dataclass

from aws_lambda_powertools import Logger
from botocore.exceptions import BotoCoreError, ClientError

from services.drive import aws
from services.drive.limits import scaled
from services.drive.pace import Queue

logger = Logger(service="bundler")


@dataclass(frozen=True)
class Received:
    """A message that is ours until its visibility timeout. `sent_at` is in milliseconds, `tries` counts this one."""

    queue: Queue
    receipt: str
    body: str
    sent_at: int
    tries: int

    def drop(self) -> None:
        """Delete the message: there is nothing more to do about it."""
        aws.client("sqs").delete_message(QueueUrl=self.queue.url, ReceiptHandle=self.receipt)

    def return_after(self, seconds: float) -> None:
        """Let the message come (again) in so many seconds, as far as the queue can be reached.

        Never raises: the lease decides who builds, and a message that comes at another time does no harm.
        """
        try:
            aws.client("sqs").change_message_visibility(
                QueueUrl=self.queue.url, ReceiptHandle=self.receipt, VisibilityTimeout=math.ceil(scaled(seconds))
            )
        except (ClientError, BotoCoreError) as error:
            logger.warning("a message's return could not be set", reason=str(error))


def receive(queue: Queue, wait: int) -> Received | None:
    """Wait up to `wait` seconds for a message."""
    answer = aws.client("sqs", read_timeout=aws.POLL_READ_TIMEOUT).receive_message(
        QueueUrl=queue.url,
        MaxNumberOfMessages=1,
        WaitTimeSeconds=wait,
        MessageSystemAttributeNames=["SentTimestamp", "ApproximateReceiveCount"],
    )
    for message in answer.get("Messages", []):
        attributes = message["Attributes"]
        return Received(
            queue,
            message["ReceiptHandle"],
            message["Body"],
            sent_at=int(attributes["SentTimestamp"]),
            tries=int(attributes["ApproximateReceiveCount"]),
        )
    return None
