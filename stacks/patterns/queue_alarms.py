"""What is said when a queue falls behind, or gives messages up."""

from aws_cdk.aws_cloudwatch import TreatMissingData
from constructs import Construct

from stacks.names import Names
from stacks.patterns.alarms import RunbookAlarm, Urgency
from stacks.patterns.measure import measure
from stacks.queues import QueueNumbers

SUSTAINED = 3
"""Minutes in a row: a single slow batch is nobody's business."""

GIVEN_UP_MINUTES = 5
MANY_GIVEN_UP = 100
"""One message may be poison; a hundred are a fault of ours."""


class QueueAlarms(Construct):
    """The alarms of one queue and its dead-letter queue.

    Survives a greedy user: where messages carry their user, the ticket is about what everybody else waits.
    Survives a queue that hides its poison: messages received three times leave the age; the dead letters are counted.
    """

    def __init__(self, scope: Construct, name: str, *, names: Names, numbers: QueueNumbers, grouped: bool) -> None:
        super().__init__(scope, name)
        self._names = names
        self._numbers = numbers
        ages = "ApproximateAgeOfOldestMessage"
        self._age("Late", f"{ages}InQuietGroups" if grouped else ages, numbers.ticket_age, Urgency.TICKET)
        # The quiet groups' age hides who is noisy, and nobody should sleep through that either.
        self._age("VeryLate", ages, numbers.page_age, Urgency.PAGE)
        self._given_up("GivenUp", 0, Urgency.TICKET)
        self._given_up("ManyGivenUp", MANY_GIVEN_UP, Urgency.PAGE)

    def _age(self, name: str, metric: str, limit: int, urgency: Urgency) -> None:
        queue = self._numbers.role
        RunbookAlarm(
            self,
            name,
            names=self._names,
            role=f"{queue}-late-{urgency}",
            runbook="queue-late",
            means=f"The oldest message of {queue} has waited for more than {limit} s.",
            metric=measure("AWS/SQS", metric, "Maximum", unit="age, s", QueueName=self._names.name(queue)),
            threshold=limit,
            periods=SUSTAINED,
            urgency=urgency,
            # SQS is silent about a queue that nothing happened to for six hours.
            missing=TreatMissingData.NOT_BREACHING,
        )

    def _given_up(self, name: str, most: int, urgency: Urgency) -> None:
        role = self._numbers.dead_letter_role
        RunbookAlarm(
            self,
            name,
            names=self._names,
            role=f"{role}-{urgency}",
            runbook="dead-letters",
            means=f"More than {most} messages of {self._numbers.role} were tried in vain.",
            metric=measure(
                "AWS/SQS", "ApproximateNumberOfMessagesVisible", "Maximum", QueueName=self._names.name(role)
            ),
            threshold=most,
            periods=GIVEN_UP_MINUTES,
            urgency=urgency,
            missing=TreatMissingData.NOT_BREACHING,
        )
