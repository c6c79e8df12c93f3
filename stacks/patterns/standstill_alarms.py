"""What is said when orders do not even get into a queue."""

from aws_cdk.aws_cloudwatch import ComparisonOperator, TreatMissingData
from constructs import Construct

from seawall_constructs.alarms import Urgency
from seawall_constructs.measure import FIVE_MINUTES, measure
from services.drive.limits import RESEND_AFTER
from stacks.names import Names
from stacks.patterns.alarms import RunbookAlarm

SUSTAINED = 3
GIVEN_UP_MINUTES = 5


class StandstillAlarms(Construct):
    """The alarms of the outbox and the reconciler, whose standstill no queue shows.

    Survives a quiet failure: what should run each minute, and does not, is an alarm.
    """

    def __init__(self, scope: Construct, name: str, *, names: Names) -> None:
        super().__init__(scope, name)
        RunbookAlarm(
            self,
            "OutboxLate",
            names=names,
            role="outbox-late",
            means=f"New orders are sent to their queues more than {RESEND_AFTER} s late.",
            metric=measure("AWS/Lambda", "IteratorAge", "Maximum", unit="ms", FunctionName=names.name("outbox")),
            threshold=RESEND_AFTER * 1000,
            periods=SUSTAINED,
            urgency=Urgency.PAGE,
            # Nothing is ordered.
            missing=TreatMissingData.NOT_BREACHING,
        )
        RunbookAlarm(
            self,
            "OutboxGivenUp",
            names=names,
            role="outbox-failures",
            means="The outbox gave changes of the table up; the reconciler sends their orders.",
            metric=measure(
                "AWS/SQS", "ApproximateNumberOfMessagesVisible", "Maximum", QueueName=names.name("outbox-failures")
            ),
            threshold=0,
            periods=GIVEN_UP_MINUTES,
            urgency=Urgency.TICKET,
            missing=TreatMissingData.NOT_BREACHING,
        )
        RunbookAlarm(
            self,
            "ReconcilerSilent",
            names=names,
            role="reconciler-silent",
            means="The reconciler, which sends lost orders again each minute, has not run for five.",
            metric=measure(
                "AWS/Lambda", "Invocations", "Sum", period=FIVE_MINUTES, FunctionName=names.name("reconciler")
            ),
            threshold=1,
            comparison=ComparisonOperator.LESS_THAN_THRESHOLD,
            urgency=Urgency.PAGE,
            missing=TreatMissingData.BREACHING,
        )
