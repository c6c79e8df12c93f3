"""Takes orders: recorded first, then sent. Once it has answered, the order is not lost.

POST /      with the header Idempotency-Key (any unique text) and a JSON object: {"id", "state"}
            202 new, 200 known, 400, 413 or 422 wrong, 429 too many wait: come back after Retry-After
GET /<id>   {"id", "state": "open", "done" or "failed", "result"}, or 404
"""

import base64
import json
import logging
import os
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from orders import clock, messages, metrics, pace, records
from orders.limits import LARGEST_ORDER, LONGEST_KEY, RETRY_AFTER
from orders.records import DifferentRequest, Order

logger = logging.getLogger("accept")


class Refused(Exception):
    """The request is wrong: status and reason."""


def handle(event: dict[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG001
    """Answer one request to the function's URL."""
    try:
        if event["requestContext"]["http"]["method"] == "POST":
            return order(event)
        return result(event["rawPath"].strip("/"))
    except Refused as refused:
        status, reason = refused.args
        return _answer(status, {"error": reason})


def order(event: dict[str, Any]) -> dict[str, Any]:
    """Accept the order, or say that it is known already, or that it would wait for too long."""
    key, request = _key(event), _request(event)
    try:
        known = records.find(key, request)
        if known:
            return _answer(200, _told(known))
        if _would_wait_too_long():
            metrics.count("OrdersRefused")
            retry_after = str(clock.jitter(*RETRY_AFTER))
            return _answer(429, {"error": "Too many orders wait already"}, {"Retry-After": retry_after})
        accepted, is_new = records.accept(key, request)
    except DifferentRequest:
        raise Refused(422, "This Idempotency-Key was used for another order") from None
    if is_new:
        metrics.count("OrdersAccepted")
        _send(accepted)
    return _answer(202 if is_new else 200, _told(accepted))


def result(order_id: str) -> dict[str, Any]:
    """Tell how far an order is."""
    found = records.read(order_id) if order_id else None
    if found is None:
        raise Refused(404, "There is no such order")
    return _answer(200, _told(found))


def _would_wait_too_long() -> bool:
    try:
        return pace.estimated_wait() > float(os.environ["LONGEST_WAIT_SECONDS"])
    except (BotoCoreError, ClientError):
        # Nobody is turned away for that: the order is a record, which waits for its queue to come back.
        logger.warning("the wait cannot be estimated", exc_info=True)
        return False


def _send(accepted: Order) -> None:
    try:
        messages.send(accepted.id, accepted.accepted_at)
    except (BotoCoreError, ClientError):
        logger.warning("order %s was not sent; reconcile will", accepted.id, exc_info=True)


def _key(event: dict[str, Any]) -> str:
    key = event["headers"].get("idempotency-key", "")
    if not 0 < len(key) <= LONGEST_KEY:
        raise Refused(400, f"The header Idempotency-Key must have 1 to {LONGEST_KEY} characters")
    return str(key)


def _request(event: dict[str, Any]) -> dict[str, Any]:
    body = event.get("body", "")
    sent = base64.b64decode(body) if event.get("isBase64Encoded") else body.encode()
    if len(sent) > LARGEST_ORDER:
        raise Refused(413, f"An order has at most {LARGEST_ORDER} bytes")
    try:
        request = json.loads(sent)
    except ValueError:
        request = None
    if not isinstance(request, dict):
        raise Refused(400, "The body must be a JSON object")
    return request


def _told(found: Order) -> dict[str, Any]:
    told = {"id": found.id, "state": found.state}
    return told if found.result is None else {**told, "result": found.result}


def _answer(status: int, body: dict[str, Any], headers: dict[str, str] | None = None) -> dict[str, Any]:
    headers = {"Content-Type": "application/json", **(headers or {})}
    return {"statusCode": status, "headers": headers, "body": json.dumps(body)}
