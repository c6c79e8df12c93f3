"""Looks each minute for orders that nobody will do any more, and sends them again.

Survives a lost message, a crash between the record and its message, and the loss of a region, whose open orders it
adopts once `make evacuate` was called.
"""

import logging
import os
from typing import Any

from orders import clock, messages, metrics, pace, records
from orders.aws import region
from orders.limits import RECONCILE_RUN, RESEND_AFTER, TRIES

logger = logging.getLogger("reconcile")


def handle(event: dict[str, Any], context: object) -> None:  # noqa: ARG001
    """Do as much as fits into a run. What was looked at and needs nothing is looked at again by the next."""
    end = clock.now() + RECONCILE_RUN
    metrics.count("OrdersAdopted", adopt(end))
    metrics.count("OrdersSentAgain", send_again(end))
    metrics.count("ReconcileRuns")  # last: an alarm sounds when it is missing


def adopt(end: float) -> int:
    """Make this region the home of the peer's open orders, if the peer was evacuated; return how many."""
    peer, adopted = os.environ.get("PEER_REGION"), 0
    switch = records.get("switch") if peer else None
    if not peer or not switch or switch["evacuated"] != peer:
        return 0
    for order in records.open_orders(peer):
        if clock.now() >= end:
            break
        if records.adopt(order):
            messages.send(order.id, order.accepted_at)
            adopted += 1
    return adopted


def send_again(end: float) -> int:
    """Send what nobody has seen for too long; return how many."""
    sent = 0
    if pace.stands_still():
        return sent  # what waits is safe in its queue: more messages would only lengthen it
    limit = RESEND_AFTER + pace.estimated_wait()
    for order in records.open_orders(region()):
        if clock.now() >= end:
            break
        # After its tries it lies in the dead-letter queue, where a person decides.
        if order.tries < TRIES and clock.age(order.seen_at) > limit and records.mark_seen(order):
            messages.send(order.id, order.accepted_at)
            sent += 1
    return sent
