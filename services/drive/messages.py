"""Messages between the services. A message is a hint: what it says is looked up before anything is done.

Queues are standard queues; `MessageGroupId` is the user, so that one user's thousand orders do not hold up the
others (Amazon SQS, "Fair queues").
"""

import json
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, TypeVar

from services.drive import aws, clock
from services.drive.environment import here
from services.drive.limits import SIDELINE_AFTER, scaled


class MalformedMessage(Exception):
    """The body is none of ours; the message ends in the dead-letter queue."""


class Notice(StrEnum):
    """What a customer is told about an order."""

    DELIVERED = "delivered"
    DELAYED = "delayed"
    EXPIRED = "expired"
    FAILED = "failed"


@dataclass(frozen=True)
class OrderMessage:
    """A hint that an order waits for its delivery, or (bundle) that a content waits to be built.

    `accepted_at` (milliseconds) is the oldest order's: its age goes on counting however often the message is sent.
    """

    kind: str
    content: str
    user: str
    accepted_at: int
    order: str | None = None
    sidelined: bool = False

    @property
    def age(self) -> float:
        """Seconds since the order was accepted."""
        return clock.age(self.accepted_at)

    @property
    def is_old(self) -> bool:
        """Whether it belongs on the sideline, so that fresh ones are served at once."""
        return self.age > scaled(SIDELINE_AFTER)


@dataclass(frozen=True)
class NoticeMessage:
    """Tell an order's user."""

    notice: Notice
    order: str


@dataclass(frozen=True)
class PublishedMessage:
    """A bundle was published: deliver the orders of one shard that wait for it, from `after` on."""

    published: str
    shard: int
    after: dict[str, Any] | None = None


Message = TypeVar("Message", OrderMessage, NoticeMessage, PublishedMessage)


def send_order(message: OrderMessage) -> None:
    """Send to the queue of its kind, or to that kind's sideline if it says `sidelined`."""
    queues = {
        ("purchase", False): "deliver_queue_url",
        ("purchase", True): "deliver_sideline_queue_url",
        ("bundle", False): "bundle_queue_url",
        ("bundle", True): "bundle_sideline_queue_url",
    }
    send(getattr(here, queues[message.kind, message.sidelined]), asdict(message), group=message.user)


def send_notice(message: NoticeMessage, *, user: str) -> None:
    """Send to the notifier."""
    send(here.notify_queue_url, asdict(message), group=user)


def send_published(message: PublishedMessage) -> None:
    """Send to the notifier. Grouped by content and shard: the crowd behind one album is not one noisy user."""
    send(here.notify_queue_url, asdict(message), group=f"{message.published[:64]}-{message.shard}")


def parse_order(body: str) -> OrderMessage:
    """Read an order message; raises MalformedMessage."""
    return _parse(OrderMessage, _object(body))


def parse_notice(body: str) -> NoticeMessage | PublishedMessage:
    """Read a message to the notifier; raises MalformedMessage."""
    fields = _object(body)
    if "published" in fields:
        return _parse(PublishedMessage, fields)
    try:
        return _parse(NoticeMessage, fields | {"notice": Notice(fields.get("notice", ""))})
    except ValueError as error:
        raise MalformedMessage(str(error)) from error


def send(queue_url: str, body: dict[str, Any], *, group: str) -> None:
    """Send one message: the one place where messages leave."""
    aws.client("sqs").send_message(QueueUrl=queue_url, MessageBody=json.dumps(body), MessageGroupId=group)


def visible(queue_url: str) -> int:
    """Return about how many messages wait to be received."""
    answer = aws.client("sqs").get_queue_attributes(QueueUrl=queue_url, AttributeNames=["ApproximateNumberOfMessages"])
    return int(answer["Attributes"]["ApproximateNumberOfMessages"])


def _object(body: str) -> dict[str, Any]:
    try:
        fields = json.loads(body)
    except ValueError as error:
        raise MalformedMessage(str(error)) from error
    if not isinstance(fields, dict):
        raise MalformedMessage("not a JSON object")
    return fields


def _parse(kind: type[Message], fields: dict[str, Any]) -> Message:
    try:
        return kind(**fields)
    except TypeError as error:
        raise MalformedMessage(str(error)) from error
