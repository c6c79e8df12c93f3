"""Gives users what they bought: a pointer, no bytes. Consumes the deliver queue and its sideline alike."""

import os
import uuid
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.exceptions import BotoCoreError, ClientError

from services.drive import clock, levers, messages, orders, pace
from services.drive.environment import here
from services.drive.limits import PACE_INTERVAL, scaled
from services.drive.orders import Kind, Order, State
from services.drive.pace import Queue

logger = Logger(service="deliver")
processor = BatchProcessor(EventType.SQS, raise_on_entire_batch_failure=False)

WORKER = os.environ.get("AWS_LAMBDA_LOG_STREAM_NAME") or uuid.uuid4().hex
_published_at: dict[Queue, float] = {}


class UnknownOrder(Exception):
    """The message is ahead of its record, as after a region's return: it comes again."""


class NotAPurchase(Exception):
    """The message is in the wrong queue."""


def handle(event: dict[str, Any], context: LambdaContext) -> Any:
    """Return which messages must come again."""
    started = clock.now()
    answer = process_partial_response(event=event, record_handler=_deliver, processor=processor, context=context)
    _publish_pace(event["Records"], clock.now() - started)
    return answer


def _deliver(record: SQSRecord) -> None:
    message = messages.parse_order(record.body)
    order = orders.read(message.order or "")
    if order is None:
        raise UnknownOrder(message.order)
    if order.kind != Kind.PURCHASE:
        raise NotAPurchase(order.id)
    if order.home != here.aws_region or order.state != State.ACCEPTED:
        logger.info("nothing to deliver", extra={"order": order.id, "state": order.state, "home": order.home})
        return
    if order.is_old and not message.sidelined and levers.current().sideline:
        messages.send_order(order.message(sidelined=True))
        return
    deliver(order)


def deliver(order: Order) -> None:
    """Write the pointer, then the state: a crash in between repeats both, and the pointer is already there."""
    orders.give(order)
    orders.deliver(order)


def _publish_pace(received: list[dict[str, Any]], seconds: float) -> None:
    """Tell how fast the queue is drained, and what it hands out now; the batch does not depend on it."""
    queue = _queue(received[-1]["eventSourceARN"])
    if clock.now() - _published_at.get(queue, 0) < scaled(PACE_INTERVAL):
        return
    _published_at[queue] = clock.now()
    try:
        age = messages.parse_order(received[-1]["body"]).age
        pace.publish(queue, WORKER, slots=1, mean_seconds=seconds / len(received), queue_age=age)
    except (messages.MalformedMessage, BotoCoreError, ClientError):
        logger.exception("the pace could not be published")


def _queue(arn: str) -> Queue:
    is_sideline = arn.rsplit(":", 1)[-1] == here.deliver_sideline_queue_url.rsplit("/", 1)[-1]
    return Queue.DELIVER_SIDELINE if is_sideline else Queue.DELIVER
