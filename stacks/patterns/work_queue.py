"""The drive's queues, with the numbers of stacks/queues.py."""

from aws_cdk import Duration
from constructs import Construct

from seawall_constructs import work_queue
from stacks.names import Names
from stacks.queues import QueueNumbers


class WorkQueue(work_queue.WorkQueue):
    """A standard queue with its dead-letter queue.

    Survives a greedy user: messages carry their user as group id, and SQS serves quiet groups first.
    """

    numbers: QueueNumbers

    def __init__(self, scope: Construct, name: str, *, names: Names, numbers: QueueNumbers) -> None:
        self.numbers = numbers
        super().__init__(
            scope,
            name,
            queue_name=names.name(numbers.role),
            dead_letter_name=names.name(numbers.dead_letter_role),
            handler_timeout=Duration.seconds(numbers.handler_seconds),
            visibility_timeout=Duration.seconds(numbers.visibility_seconds),
            retention=Duration.days(numbers.retention_days),
            tries=numbers.tries,
        )
