"""Does one order: whoever dies between two steps leaves a record from which another worker goes on."""

import logging

from botocore.exceptions import BotoCoreError, ClientError
from orders import clock, messages, metrics, pace, records
from orders.limits import PROMISED
from orders.records import Order
from work import task
from work.keeping import Held, keeping

logger = logging.getLogger("work")


def do(body: str, receipt: str, receives: int) -> None:
    """Do what a message hints at, which was received so often; afterwards it may be deleted.

    Raises whatever means that it must come again.
    """
    message = messages.parse(body)
    if message.belongs_aside and receives == 1:  # on the sideline its tries would be counted anew
        messages.send(message.order, message.accepted_at)
        return
    order = records.claim(message.order)
    if order is None:
        return  # it is done, or another region's
    with keeping(order, Held(message.url, receipt, receives)):
        done = _perform(order)
    if done:
        metrics.count("OrdersDone")
        metrics.count("OrdersLate", float(clock.age(order.accepted_at) > PROMISED))
    else:
        logger.warning("order %s was taken over while it was worked on", order.id)


def _perform(order: Order) -> bool:
    began = clock.now()
    try:
        return records.finish(order, task.perform(order))
    except Exception:
        metrics.count("TriesFailed")
        raise
    finally:
        _tell(clock.now() - began)


def _tell(seconds: float) -> None:
    try:
        pace.tell(seconds)
    except (BotoCoreError, ClientError):
        logger.warning("the pace could not be told", exc_info=True)
