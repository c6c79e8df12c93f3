"""Functions that events start, and that nobody waits for."""

from aws_cdk.aws_cloudwatch import TreatMissingData
from aws_cdk.aws_events import EventPattern, Rule, Schedule
from aws_cdk.aws_events_targets import LambdaFunction
from aws_cdk.aws_lambda_destinations import SqsDestination
from constructs import Construct

from seawall_constructs.alarms import OnCall, RunbookAlarm, Urgency
from seawall_constructs.measure import measure
from seawall_constructs.work_queue import FailureQueue
from seawall_constructs.worker_function import WorkerFunction

MISSED_MINUTES = 5


def start_on_event(
    function: WorkerFunction,
    name: str,
    *,
    on_call: OnCall,
    means: str,
    runbook: str,
    pattern: EventPattern | None = None,
    schedule: Schedule | None = None,
    missed_name: str | None = None,
) -> Rule:
    """Have events that match `pattern`, or times of `schedule`, start `function`, and return the rule.

    An event that it never took, or failed at three times, is kept in a queue (`missed_name`), and a ticket tells of it.
    """
    missed = FailureQueue(function, "Missed", queue_name=missed_name).queue
    MissedAlarm(
        function,
        "MissedEvents",
        on_call=on_call,
        means=means,
        runbook=runbook,
        queue_name=missed_name or missed.queue_name,
        alarm_name=missed_name,
    )
    function.alias.configure_async_invoke(on_failure=SqsDestination(missed))
    target = LambdaFunction(function.alias, dead_letter_queue=missed)
    return Rule(function, name, event_pattern=pattern, schedule=schedule, targets=[target])


class MissedAlarm(RunbookAlarm):
    """The alarm of a queue that keeps the events that a function failed at.

    Survives a function that breaks now and then: somebody looks at the first event that is left.
    """

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        on_call: OnCall,
        means: str,
        runbook: str,
        queue_name: str,
        alarm_name: str | None = None,
    ) -> None:
        super().__init__(
            scope,
            name,
            on_call=on_call,
            alarm_name=alarm_name,
            runbook=runbook,
            means=means,
            metric=measure("AWS/SQS", "ApproximateNumberOfMessagesVisible", "Maximum", QueueName=queue_name),
            threshold=0,
            periods=MISSED_MINUTES,
            urgency=Urgency.TICKET,
            # SQS is silent about a queue that nothing happened to for six hours.
            missing=TreatMissingData.NOT_BREACHING,
        )
