"""A queue whose messages are worked on, tried again, and in the end put aside for a person."""

from aws_cdk import Duration, Stack
from aws_cdk.aws_sqs import DeadLetterQueue, Queue, QueueEncryption, RedriveAllowPolicy, RedrivePermission
from constructs import Construct

from services.drive.limits import LONG_POLL
from stacks.names import Names
from stacks.patterns.data_kind import holds_derived_data
from stacks.patterns.exception import accept_finding
from stacks.queues import DEAD_LETTER_DAYS, QueueNumbers


class WorkQueue(Construct):
    """A standard queue with its dead-letter queue.

    Survives a surge: it takes what comes, and consumers take from it what they can.
    Survives a poison message: after its tries it lies in `dead_letters` for 14 days.
    Survives a greedy user: messages carry their user as group id, and SQS serves quiet groups first.
    """

    numbers: QueueNumbers
    queue: Queue
    dead_letters: Queue

    def __init__(self, scope: Construct, name: str, *, names: Names, numbers: QueueNumbers) -> None:
        super().__init__(scope, name)
        self.numbers = numbers
        self.dead_letters = Queue(
            self,
            "DeadLetters",
            queue_name=names.name(numbers.dead_letter_role),
            retention_period=Duration.days(DEAD_LETTER_DAYS),
            encryption=QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            # By name: the source is made after this queue, and both referring to each other would be a cycle.
            redrive_allow_policy=RedriveAllowPolicy(
                redrive_permission=RedrivePermission.BY_QUEUE,
                source_queues=[
                    Queue.from_queue_arn(self, "Source", names.queue_arn(numbers.role, Stack.of(self).region))
                ],
            ),
        )
        self.queue = Queue(
            self,
            "Queue",
            queue_name=names.name(numbers.role),
            visibility_timeout=Duration.seconds(numbers.visibility_seconds),
            retention_period=Duration.days(numbers.retention_days),
            receive_message_wait_time=Duration.seconds(LONG_POLL),
            encryption=QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            dead_letter_queue=DeadLetterQueue(queue=self.dead_letters, max_receive_count=numbers.tries),
        )
        holds_derived_data(self)


class FailureQueue(Construct):
    """Where a service of AWS notes what it gave up: read by a person, worked on by nobody.

    Survives being found late: what it holds lies there for 14 days.
    """

    queue: Queue

    def __init__(self, scope: Construct, name: str, *, names: Names, role: str) -> None:
        super().__init__(scope, name)
        self.queue = Queue(
            self,
            "Queue",
            queue_name=names.name(role),
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
