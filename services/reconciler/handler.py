"""Looks every minute for orders that nothing else will deliver any more, and sends them again.

Survives a lost message, a crash between any two writes, a worker that vanished, and the loss of a region, whose open
orders it takes over. It does as much as fits into the minute, and goes on in the next one where it stopped.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from services.drive import jobs, orders, switch_records
from services.drive.environment import here
from services.drive.jobs import JobState
from services.drive.limits import (
    ADOPT_SHARE,
    ORDER_SHARDS,
    RECONCILER_PAGE,
    RECONCILER_RUN,
    RESEND_AFTER,
    RESENDS_PER_SECOND,
    scaled,
)
from services.drive.orders import Order
from services.drive.pace import Queue
from services.drive.records import Item
from services.reconciler import cursors
from services.reconciler.budget import Deadline, Throttle
from services.reconciler.lateness import Lateness
from services.reconciler.tending import Tending

logger = Logger(service="reconciler")
metrics = Metrics(namespace="Drive", service="reconciler")


class Incomplete(Exception):
    """Something could not be reconciled. Everything else was, and the next run tries again."""


@dataclass(frozen=True)
class Walk:
    """How far a run came with one shard; `after` is where to go on, None at the end."""

    served: int
    failed: int
    after: Item | None


@metrics.log_metrics
def handle(event: dict[str, Any], context: LambdaContext) -> None:  # noqa: ARG001
    """Reconcile this region once; raises Incomplete after having done all that could be done."""
    end = Deadline(RECONCILER_RUN)
    passes: dict[str, Callable[[], int]] = {
        "OrdersAdopted": lambda: adopt_orders(Deadline(RECONCILER_RUN * ADOPT_SHARE)),
        "OrdersTended": lambda: tend_orders(end),
        "LeasesTended": lambda: tend_leases(end),
    }
    failed = [name for name, run in passes.items() if not _attempt(name, partial(_measure, name, run))]
    if failed:
        raise Incomplete(", ".join(failed))


def adopt_orders(deadline: Deadline) -> int:
    """Make this region the home of the peer's open orders, if it believes the peer evacuated; return how many."""
    peer = here.peer_region
    if not switch_records.is_evacuated(peer):
        return 0
    return _over_shards(lambda shard: _walk(peer, shard, deadline, orders.adopt))


def tend_orders(deadline: Deadline) -> int:
    """Do what this region's open orders need, from RESEND_AFTER on; return how many were looked at."""
    tending = _tending()

    def tend(shard: int) -> Walk:
        with cursors.kept(f"orders#{shard}") as cursor:
            walk = _walk(
                here.aws_region, shard, deadline, tending.tend, older_than=scaled(RESEND_AFTER), after=cursor.after
            )
            cursor.after = walk.after
        return walk

    return _over_shards(tend)


def tend_leases(deadline: Deadline) -> int:
    """Queue the builds again whose lease ran out; return how many builds were looked at."""
    tending, after, count = _tending(), None, 0
    while not deadline.is_over:
        page = jobs.working(JobState.BUILDING, after=after)
        for job in page.jobs:
            tending.tend_job(job)
        count, after = count + len(page.jobs), page.after
        if after is None:
            break
    return count


def _tending() -> Tending:
    return Tending(
        deliveries=Lateness(Queue.DELIVER, Queue.DELIVER_SIDELINE),
        builds=Lateness(Queue.BUNDLE, Queue.BUNDLE_SIDELINE),
        throttle=Throttle(RESENDS_PER_SECOND),
    )


def _over_shards(work: Callable[[int], Walk]) -> int:
    """Work on all shards at once: a write to a table that is strongly consistent between regions waits for the peer."""
    with ThreadPoolExecutor(ORDER_SHARDS) as pool:
        walks = list(pool.map(work, range(ORDER_SHARDS)))
    failed = sum(walk.failed for walk in walks)
    if failed:
        message = f"{failed} orders could not be served"
        raise Incomplete(message)
    return sum(walk.served for walk in walks)


def _walk(
    region: str,
    shard: int,
    deadline: Deadline,
    serve: Callable[[Order], object],
    *,
    older_than: float = 0,
    after: Item | None = None,
) -> Walk:
    """Serve a shard's open orders, oldest first, until the time is up. One that fails does not stop the others."""
    served = failed = 0
    while not deadline.is_over:
        page = orders.open_orders(region, shard, older_than=older_than, limit=RECONCILER_PAGE, after=after)
        successes = sum(_attempt(order.id, partial(serve, order)) for order in page.orders)
        served, failed, after = served + successes, failed + len(page.orders) - successes, page.after
        if after is None:
            break
    return Walk(served, failed, after)


def _measure(name: str, run: Callable[[], int]) -> None:
    metrics.add_metric(name=name, unit=MetricUnit.Count, value=run())


def _attempt(what: str, run: Callable[[], object]) -> bool:
    try:
        run()
    except Exception:
        logger.exception("could not be reconciled", extra={"what": what})
        return False
    return True
