"""What is said when a queue falls behind, or gives messages up."""

from aws_cdk import Duration
from aws_cdk.aws_cloudwatch import TreatMissingData
from constructs import Construct

from seawall_constructs.alarms import OnCall, RunbookAlarm, Urgency, called, named_after
from seawall_constructs.measure import measure

SUSTAINED = 3
"""Minutes in a row: a single slow batch is nobody's business."""

GIVEN_UP_MINUTES = 5
MANY_GIVEN_UP = 100
"""One message may be poison; a hundred are a fault of ours."""


class QueueAlarms(Construct):
    """The alarms of one queue and its dead-letter queue. Runbooks: `queue-late`, `dead-letters`.

    Survives a greedy user: where messages carry their user, the ticket is about what everybody else waits.
    Survives a queue that hides its poison: messages received three times leave the age; the dead letters are counted.
    """

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        on_call: OnCall,
        queue_name: str,
        dead_letter_name: str,
        ticket_age: Duration,
        page_age: Duration,
        grouped: bool = False,
        title: str | None = None,
    ) -> None:
        """Watch queues by name (`work.queue.queue_name`); `title` is what people call the queue, if not by its name.

        With `grouped` messages the ticket is about the age in groups that are not noisy, which SQS measures apart.
        """
        super().__init__(scope, name)
        self._on_call = on_call
        self._queue = queue_name
        self._title = title or called(queue_name, "the queue")
        ages = "ApproximateAgeOfOldestMessage"
        self._age("Late", f"{ages}InQuietGroups" if grouped else ages, ticket_age, Urgency.TICKET)
        # The quiet groups' age hides who is noisy, and nobody should sleep through that either.
        self._age("VeryLate", ages, page_age, Urgency.PAGE)
        self._given_up("GivenUp", dead_letter_name, 0, Urgency.TICKET)
        self._given_up("ManyGivenUp", dead_letter_name, MANY_GIVEN_UP, Urgency.PAGE)

    def _age(self, name: str, metric: str, limit: Duration, urgency: Urgency) -> None:
        seconds = int(limit.to_seconds())
        RunbookAlarm(
            self,
            name,
            on_call=self._on_call,
            alarm_name=named_after(self._queue, f"late-{urgency}"),
            runbook="queue-late",
            means=f"The oldest message of {self._title} has waited for more than {seconds} s.",
            metric=measure("AWS/SQS", metric, "Maximum", unit="age, s", QueueName=self._queue),
            threshold=seconds,
            periods=SUSTAINED,
            urgency=urgency,
            # SQS is silent about a queue that nothing happened to for six hours.
            missing=TreatMissingData.NOT_BREACHING,
        )

    def _given_up(self, name: str, dead_letters: str, most: int, urgency: Urgency) -> None:
        RunbookAlarm(
            self,
            name,
            on_call=self._on_call,
            alarm_name=named_after(dead_letters, urgency),
            runbook="dead-letters",
            means=f"More than {most} messages of {self._title} were tried in vain.",
            metric=measure("AWS/SQS", "ApproximateNumberOfMessagesVisible", "Maximum", QueueName=dead_letters),
            threshold=most,
            periods=GIVEN_UP_MINUTES,
            urgency=urgency,
            missing=TreatMissingData.NOT_BREACHING,
        )
