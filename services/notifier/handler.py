"""Tells users about their orders, and delivers the orders that waited for a bundle which was just published."""

import json
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from services.drive import aws, clock, jobs, levers, messages, orders
from services.drive.environment import here
from services.drive.limits import NOTICE_CLAIM, PUBLISHED_PAGE, PUBLISHED_PAGES, PUBLISHED_SECONDS, scaled
from services.drive.messages import Notice, NoticeMessage, PublishedMessage
from services.drive.orders import Order

logger = Logger(service="notifier")
processor = BatchProcessor(EventType.SQS, raise_on_entire_batch_failure=False)


def handle(event: dict[str, Any], context: LambdaContext) -> Any:
    """Return which messages must come again."""
    return process_partial_response(event=event, record_handler=_serve, processor=processor, context=context)


def _serve(record: SQSRecord) -> None:
    message = messages.parse_notice(record.body)
    if isinstance(message, PublishedMessage):
        deliver_waiting(message)
    else:
        tell(message)


def tell(message: NoticeMessage) -> None:
    """Publish a notice, once per order and kind.

    The claim keeps a second copy of the message from telling twice; it runs out, so that a crash after it does not
    mean that nobody tells. Only a crash between the publication and the note of it makes a user hear twice.
    """
    if not levers.current().notices:
        return  # switched off on purpose: such notices are not made up for
    order = orders.claim_notice(message.order, message.notice, for_seconds=scaled(NOTICE_CLAIM))
    if order:
        _publish(order, message.notice)
        orders.mark_told(order.id, message.notice)


def deliver_waiting(message: PublishedMessage) -> None:
    """Deliver the orders of one shard that wait for a bundle; a further message continues where this one stops.

    The continuation is sent before this message is done with, so that the chain cannot break: if anything fails, this
    message comes again and finds what is left.
    """
    if not jobs.ready(message.published):
        return  # overtaken by the bundle's end; orders that still wait are the reconciler's
    deadline, after = clock.now() + PUBLISHED_SECONDS, message.after
    for _ in range(PUBLISHED_PAGES):
        page = orders.waiting_orders(message.published, message.shard, limit=PUBLISHED_PAGE, after=after)
        if not _deliver(page.orders, deadline):
            break  # what was delivered has left the index, so that the same page begins with what is left
        after = page.after
        if after is None:
            return
    messages.send_published(PublishedMessage(message.published, message.shard, after))


def _deliver(waiting: list[Order], deadline: float) -> bool:
    """Deliver orders until the time is up; return whether that was enough for all of them."""
    for order in waiting:
        if clock.now() > deadline:
            return False
        if order.home == here.aws_region:  # the bundle is in this region's bucket
            orders.deliver(order)
    return True


def _publish(order: Order, notice: Notice) -> None:
    body = {
        "notice": notice,
        "order": order.id,
        "user": order.user,
        "kind": order.kind,
        "content": order.content,
        "accepted_at": order.accepted_at,
    }
    body |= {"email": order.email} if order.email else {}
    aws.client("sns").publish(
        TopicArn=here.notices_topic_arn,
        Message=json.dumps(body),
        MessageAttributes={"notice": {"DataType": "String", "StringValue": notice}},
    )
