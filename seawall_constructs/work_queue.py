"""A queue whose messages are worked on, tried again, and in the end put aside for a person."""

from aws_cdk import Aws, Duration, Stack
from aws_cdk.aws_sqs import DeadLetterQueue, Queue, QueueEncryption, RedriveAllowPolicy, RedrivePermission
from constructs import Construct

from seawall_constructs.data_kind import holds_derived_data
from seawall_constructs.findings import accept_finding
from seawall_constructs.queue_arithmetic import DEAD_LETTER_DAYS, LAMBDA_VISIBILITY_FACTOR, LONG_POLL_SECONDS

RETENTION = Duration.days(4)
"""Ten days less than dead letters: a message that is given up keeps the time it was first sent at."""

TRIES = 5
"""A message that four different runs failed at is not unlucky any more."""


class WorkQueue(Construct):
    """A standard queue with its dead-letter queue, encrypted, over TLS only.

    Survives a surge: it takes what comes, and consumers take from it what they can.
    Survives a poison message: after its tries it lies in `dead_letters` for 14 days.
    Survives a slow worker: a message is hidden six times as long as its handler may take.
    Survives a greedy user: where messages carry their user as group id, SQS serves quiet groups first.
    """

    queue: Queue
    dead_letters: Queue
    arn: str
    """By name where it has one, so that a policy or another resource made before it can name it."""
    visibility_timeout: Duration

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        handler_timeout: Duration,
        queue_name: str | None = None,
        dead_letter_name: str | None = None,
        visibility_timeout: Duration | None = None,
        retention: Duration = RETENTION,
        tries: int = TRIES,
    ) -> None:
        """Hide messages for six times `handler_timeout`, unless `visibility_timeout` says otherwise.

        Workers that poll for themselves and extend the timeout while they work set both to what they extend it by. The
        dead-letter queue is called `<queue_name>-dead-letters`; only a queue with a name can be its only source. Raises
        ValueError for a retention that is not shorter than that of the dead letters.
        """
        super().__init__(scope, name)
        if retention.to_days() >= DEAD_LETTER_DAYS:
            raise ValueError(f"{name}: dead letters keep the time they were first sent at, and would expire at once")
        self.visibility_timeout = visibility_timeout or Duration.seconds(
            LAMBDA_VISIBILITY_FACTOR * handler_timeout.to_seconds()
        )
        self.dead_letters = Queue(
            self,
            "DeadLetters",
            queue_name=dead_letter_name or (f"{queue_name}-dead-letters" if queue_name else None),
            retention_period=Duration.days(DEAD_LETTER_DAYS),
            encryption=QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            redrive_allow_policy=self._only_from(queue_name) if queue_name else None,
        )
        self.queue = Queue(
            self,
            "Queue",
            queue_name=queue_name,
            visibility_timeout=self.visibility_timeout,
            retention_period=retention,
            receive_message_wait_time=Duration.seconds(LONG_POLL_SECONDS),
            encryption=QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            dead_letter_queue=DeadLetterQueue(queue=self.dead_letters, max_receive_count=tries),
        )
        self.arn = queue_arn(self, queue_name) if queue_name else self.queue.queue_arn
        holds_derived_data(self)

    def _only_from(self, queue_name: str) -> RedriveAllowPolicy:
        # By name: the source is made after this queue, and both referring to each other would be a cycle.
        source = Queue.from_queue_arn(self, "Source", queue_arn(self, queue_name))
        return RedriveAllowPolicy(redrive_permission=RedrivePermission.BY_QUEUE, source_queues=[source])


class FailureQueue(Construct):
    """Where a service of AWS notes what it gave up: read by a person, worked on by nobody.

    Survives being found late: what it holds lies there for 14 days.
    """

    queue: Queue

    def __init__(self, scope: Construct, name: str, *, queue_name: str | None = None) -> None:
        super().__init__(scope, name)
        self.queue = Queue(
            self,
            "Queue",
            queue_name=queue_name,
            retention_period=Duration.days(DEAD_LETTER_DAYS),
            encryption=QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
        )
        accept_finding(
            self.queue,
            "AwsSolutions-SQS3",
            reason="It is where a service of AWS notes what it gave up: a dead-letter queue that only cdk-nag misses",
        )
        holds_derived_data(self)


def queue_arn(scope: Construct, queue_name: str) -> str:
    """Return the ARN of a queue of this account in the region of `scope`."""
    return f"arn:{Aws.PARTITION}:sqs:{Stack.of(scope).region}:{Aws.ACCOUNT_ID}:{queue_name}"
