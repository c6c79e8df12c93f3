"""Sends what follows from a change of an order, from the stream of the `drive` table.

The change is the only write: whoever makes it sends nothing. If this function crashes, the stream repeats the change,
for a day; after that the reconciler finds the order still open.
"""

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.dynamo_db_stream_event import DynamoDBRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from services.drive import jobs, messages, orders, records
from services.drive.environment import here
from services.drive.jobs import JobState
from services.drive.messages import Notice, NoticeMessage
from services.drive.orders import Kind, Order, State
from services.drive.records import Item

logger = Logger(service="outbox")
processor = BatchProcessor(EventType.DynamoDBStreams, raise_on_entire_batch_failure=False)

NOTICES = {
    "delivered_at": Notice.DELIVERED,
    "delayed_at": Notice.DELAYED,
    "expired_at": Notice.EXPIRED,
    "failed_at": Notice.FAILED,
}
"""What a user is told when this attribute of the order appears."""


def handle(event: dict[str, Any], context: LambdaContext) -> Any:
    """Return which records of the stream must be repeated."""
    return process_partial_response(event=event, record_handler=_follow, processor=processor, context=context)


def _follow(record: DynamoDBRecord) -> None:
    change = record.raw_event["dynamodb"]
    if not orders.is_order(records.from_image(change["Keys"])):
        return  # before its images are read: a manifest's are compressed, and as large as items get
    before, after = (records.from_image(change.get(name, {})) for name in ("OldImage", "NewImage"))
    # Every region's stream shows every write: only the region that serves the order acts on it.
    if after.get("home") == here.aws_region:
        follow(before, after)


def follow(before: Item, after: Item) -> None:
    """Send what follows from the change of an order that this region serves; `before` is empty for a new one."""
    order = orders.from_item(after)
    for attribute, notice in NOTICES.items():
        if attribute in after and attribute not in before:
            messages.send_notice(NoticeMessage(notice, order.id), user=order.user)
    is_new_here = before.get("home") != order.home
    if is_new_here and order.state == State.ACCEPTED:
        _start(order)


def _start(order: Order) -> None:
    if order.kind == Kind.PURCHASE:
        messages.send_order(order.message())
        return
    if jobs.ready(order.content):
        orders.deliver(order)
        return
    job, is_created = jobs.ensure(order)
    is_repeated = job.state == JobState.QUEUED and job.queued_by == order.id
    if job.is_ready:
        orders.deliver(order)
    elif is_created or is_repeated:  # repeated: the function may have crashed before it sent
        messages.send_order(job.message())
