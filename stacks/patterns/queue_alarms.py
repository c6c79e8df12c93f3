"""The alarms of the drive's queues."""

from aws_cdk import Duration
from constructs import Construct

from seawall_constructs import queue_alarms
from stacks.names import Names
from stacks.patterns.alarms import on_call
from stacks.queues import QueueNumbers


class QueueAlarms(queue_alarms.QueueAlarms):
    """The alarms of one queue and its dead-letter queue, at the ages that its numbers say."""

    def __init__(self, scope: Construct, name: str, *, names: Names, numbers: QueueNumbers, grouped: bool) -> None:
        super().__init__(
            scope,
            name,
            on_call=on_call(scope, names, name),
            queue_name=names.name(numbers.role),
            dead_letter_name=names.name(numbers.dead_letter_role),
            ticket_age=Duration.seconds(numbers.ticket_age),
            page_age=Duration.seconds(numbers.page_age),
            grouped=grouped,
            title=numbers.role,
        )
