"""Sends an announcement page by page: each queue message is one page, and sends the message for the next one.

A mail is claimed in the table before it is sent and marked after. Amazon SES has no idempotency key, so a sender that
dies between the two leaves one mail that is sent a second time, after `MAIL_CLAIM`; never one that is not sent.

Environment: AWS_REGION, STATUS_BUCKET, STATUS_URL, SUBSCRIBE_URL, SUBSCRIBERS_TABLE, ANNOUNCE_QUEUE_URL, SENDER,
SEND_RATE (optional).
"""

import json
import math
import uuid
from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from botocore.exceptions import BotoCoreError, ClientError

from services.drive import clock, records
from services.drive.environment import here
from services.drive.limits import MAIL_CLAIM, MAILS_A_PAGE, MAILS_A_SECOND, MAILS_REMEMBERED
from services.drive.records import key
from services.status import mail, store, subscribers
from services.status.announce import enqueue
from services.status.subscribers import Subscriber

logger = Logger(service="status")
metrics = Metrics(namespace="Drive", service="status")
processor = BatchProcessor(EventType.SQS, raise_on_entire_batch_failure=False)

REFUSED = {"MessageRejected", "BadRequestException", "InvalidParameterValue"}
"""SES will never send this one; repeating it would only hold up the others."""


class NotAllSentError(Exception):
    """Some mails of a page could not be sent now; the page comes again and sends just those."""


@metrics.log_metrics
def handle(event: Mapping[str, Any], context: Any) -> Any:
    """Send the pages that the queue's messages name."""
    return process_partial_response(
        event=dict(event), record_handler=_handle_page, processor=processor, context=context
    )


def _handle_page(record: SQSRecord) -> None:
    message = json.loads(record.body)
    send_page(message["announcement"], message["after"])


def send_page(announcement: str, after: dict[str, Any] | None) -> None:
    """Send an announcement to the page of subscribers after `after`. Raises NotAllSentError; then call it again."""
    text = json.loads(store.read(f"announcements/{announcement}.json") or b"")
    page = subscribers.page(after, MAILS_A_PAGE)
    pause = 1 / float(here.send_rate or MAILS_A_SECOND)
    unsent = 0
    for subscriber in page.confirmed:
        started = clock.now()
        unsent += not _send_once(announcement, text, subscriber)
        clock.sleep(max(0.0, pause - (clock.now() - started)))
    metrics.add_metric("MailsUnsent", MetricUnit.Count, unsent)
    if page.after:
        _go_on(announcement, page.after)
    if unsent:
        message = f"{unsent} mails of {announcement} not sent"
        raise NotAllSentError(message)


def _go_on(announcement: str, after: dict[str, Any]) -> None:
    """Start the next page, once: a page that comes again for a few unsent mails must not start a second chain."""
    table = here.subscribers_table
    marker = key(f"SENT#{announcement}", f"PAGE#{after['sk']}")
    if records.get(table, marker):
        return
    enqueue(announcement, after)
    records.put(table, {**marker, "expires_at": _forget_at()})


def _send_once(announcement: str, text: Mapping[str, Any], subscriber: Subscriber) -> bool:
    """Return whether this mail needs no further attempt."""
    sent = key(f"SENT#{announcement}", subscriber.id)
    claim = _claim(sent)
    if claim is None:
        return False
    if not claim:
        return True
    try:
        leave = subscriber.url("unsubscribe")
        values = {"status_url": here.status_url, "unsubscribe_url": leave, **text["values"]}
        mail.send(subscriber.email, *mail.render(text["message"], **values), unsubscribe_url=leave)
    except ClientError as error:
        return _not_sent(sent, claim, error)
    except BotoCoreError as error:
        # It may have been sent: the claim stays, and runs out. The others of the page must not wait for that.
        logger.warning("no answer about a mail", reason=type(error).__name__)
        return False
    records.change(here.subscribers_table, sent, expect={"owner": claim}, put={"state": "SENT"})
    return True


def _claim(sent: Mapping[str, str]) -> str | None:
    """Return our name if the mail is ours to send, "" if it was sent, None while somebody else may be sending it."""
    table, now, owner = here.subscribers_table, math.floor(clock.now()), uuid.uuid4().hex
    claim = {"state": "CLAIMED", "owner": owner, "claimed_at": now, "expires_at": _forget_at()}
    if records.insert(table, {**sent, **claim}):
        return owner
    late = {"state": "CLAIMED", "claimed_at": records.Below(now - MAIL_CLAIM)}
    if records.change(table, sent, expect=late, put=claim):
        return owner
    present = records.get(table, sent)
    return None if present is None or present["state"] == "CLAIMED" else ""


def _not_sent(sent: Mapping[str, str], claim: str, error: ClientError) -> bool:
    """Note a mail that SES refuses for good; give back the claim of one that it refuses for now."""
    code = error.response["Error"]["Code"]
    logger.warning("mail not sent", reason=code)
    refused = code in REFUSED
    put: dict[str, Any] = {"state": "REFUSED", "reason": code} if refused else {"claimed_at": 0}
    records.change(here.subscribers_table, sent, expect={"owner": claim}, put=put)
    return refused


def _forget_at() -> int:
    return int(clock.now()) + MAILS_REMEMBERED
