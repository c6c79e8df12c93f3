"""The queues and their numbers, for the stack that makes them, the alarms that watch them and the page that lists them.

Ages and timeouts in seconds. Rules that a test holds every queue to: a Lambda consumer's queue hides a message six
times as long as its function may take (AWS Lambda Developer Guide, "Using Lambda with Amazon SQS"); a dead-letter
queue keeps messages longer than its source, since a standard queue's message keeps its first send time; somebody is
paged before a tenth of the retention is over.
"""

from dataclasses import dataclass

from seawall_constructs.queue_arithmetic import LAMBDA_VISIBILITY_FACTOR
from services.drive.limits import HEARTBEAT, LEASE

DAY = 24 * 3600


@dataclass(frozen=True, kw_only=True)
class QueueNumbers:
    """One queue with its dead-letter queue."""

    role: str
    handler_seconds: int
    """Timeout of the function; for the bundler's workers the heartbeat that extends the visibility timeout."""
    visibility_seconds: int
    retention_days: int
    tries: int
    ticket_age: int
    """Age of the oldest message that somebody looks at in the morning."""
    page_age: int
    """Age of the oldest message that wakes somebody up."""
    concurrency: int | None = None
    """The most functions that the poller starts at a time; None where workers poll for themselves."""

    @property
    def dead_letter_role(self) -> str:
        """The role of the queue for messages that were tried in vain."""
        return f"{self.role}-dead-letters"


def _for_lambda(role: str, *, timeout: int, concurrency: int, retention: int, ticket: int, page: int) -> QueueNumbers:
    return QueueNumbers(
        role=role,
        handler_seconds=timeout,
        visibility_seconds=LAMBDA_VISIBILITY_FACTOR * timeout,
        retention_days=retention,
        tries=5,
        ticket_age=ticket,
        page_age=page,
        concurrency=concurrency,
    )


def _for_workers(role: str, *, ticket: int, page: int) -> QueueNumbers:
    return QueueNumbers(
        role=role,
        handler_seconds=HEARTBEAT,
        visibility_seconds=LEASE,
        retention_days=4,
        tries=3,
        ticket_age=ticket,
        page_age=page,
    )


INGEST = _for_lambda("ingest", timeout=60, concurrency=100, retention=4, ticket=120, page=600)
# The order's record outlives any retention, but a message that is still there is served sooner than one sent again.
DELIVER = _for_lambda("deliver", timeout=30, concurrency=200, retention=13, ticket=60, page=300)
DELIVER_SIDELINE = _for_lambda("deliver-sideline", timeout=30, concurrency=10, retention=13, ticket=6 * 3600, page=DAY)
BUNDLE = _for_workers("bundle", ticket=300, page=900)
BUNDLE_SIDELINE = _for_workers("bundle-sideline", ticket=6 * 3600, page=9 * 3600)
NOTIFY = _for_lambda("notify", timeout=20, concurrency=20, retention=1, ticket=300, page=1800)

QUEUES = (INGEST, DELIVER, DELIVER_SIDELINE, BUNDLE, BUNDLE_SIDELINE, NOTIFY)
