"""Messages about orders. A message is a hint: what it says is looked up before anything is done."""

import json
import os
from dataclasses import asdict, dataclass

from orders import clock
from orders.aws import client
from orders.limits import SIDELINE_AFTER


@dataclass(frozen=True)
class Message:
    """An order waits to be done. Its age counts from when it was accepted, however often the message is sent."""

    order: str
    accepted_at: int
    sidelined: bool = False

    @property
    def url(self) -> str:
        """The address of the queue that it belongs to."""
        return os.environ["SIDELINE_QUEUE_URL" if self.sidelined else "WORK_QUEUE_URL"]

    @property
    def belongs_aside(self) -> bool:
        """Whether it has to leave its queue for the sideline."""
        return not self.sidelined and clock.age(self.accepted_at) > SIDELINE_AFTER


def parse(body: str) -> Message:
    """Read a message; raises ValueError or TypeError for one that is none of ours."""
    return Message(**json.loads(body))


def send(order: str, accepted_at: int) -> None:
    """Send the order's message: a fresh order's to the work queue, an old one's to the sideline."""
    message = Message(order, accepted_at)
    if message.belongs_aside:
        message = Message(order, accepted_at, sidelined=True)
    client("sqs").send_message(QueueUrl=message.url, MessageBody=json.dumps(asdict(message)))


def waiting() -> int:
    """Return about how many messages wait to be received, in both queues.

    What was put aside counts: else a queue whose old orders move aside looks short, while those wait longer and longer.
    """
    return sum(_visible(os.environ[name]) for name in ("WORK_QUEUE_URL", "SIDELINE_QUEUE_URL"))


def _visible(url: str) -> int:
    answer = client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
    return int(answer["Attributes"]["ApproximateNumberOfMessages"])
