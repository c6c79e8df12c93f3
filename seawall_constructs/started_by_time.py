"""Functions that a clock starts."""

from aws_cdk import Duration
from aws_cdk.aws_iam import IManagedPolicy, Role, ServicePrincipal
from aws_cdk.aws_lambda_destinations import SqsDestination
from aws_cdk.aws_scheduler import Schedule, ScheduleExpression
from aws_cdk.aws_scheduler_targets import LambdaInvoke
from aws_cdk.aws_sqs import IQueue
from constructs import Construct

from seawall_constructs.findings import accept_finding
from seawall_constructs.measure import MINUTE
from seawall_constructs.worker_function import WorkerFunction

LATEST = Duration.hours(6)
"""A start is tried for this long: a run in the morning is better than none that night."""

TRIES_AFTER_THE_FIRST = 2
"""The most that Lambda repeats an asynchronous call."""


class EachMinute(Construct):
    """Starts a function each minute; a start that comes too late is dropped, one that fails is not repeated.

    Survives a failed run: the next one comes within a minute, and nothing but the time is handed to it.
    """

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        function: WorkerFunction,
        schedule_name: str | None = None,
        role_name: str | None = None,
        permissions_boundary: IManagedPolicy | None = None,
    ) -> None:
        super().__init__(scope, name)
        function.alias.configure_async_invoke(max_event_age=MINUTE, retry_attempts=0)
        accept_finding(
            function.function,
            "SEA_ASYNC_FUNCTION_WITHOUT_FAILURE_PATH",
            reason="The event is only the time; what a run did not do, the next minute's run finds undone and does",
        )
        role = _caller(self, role_name, permissions_boundary)
        Schedule(
            self,
            "Schedule",
            schedule_name=schedule_name,
            schedule=ScheduleExpression.rate(MINUTE),
            target=LambdaInvoke(function.alias, max_event_age=MINUTE, retry_attempts=0, role=role),
        )


class OnSchedule(Construct):
    """Starts a function at its time; a run that never came, or failed, is noted in `failures`, for an alarm to see.

    Survives a function that cannot be started: it is tried for six hours, and after a failure twice more.
    """

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        function: WorkerFunction,
        schedule: ScheduleExpression,
        failures: IQueue,
        latest: Duration = LATEST,
        schedule_name: str | None = None,
        role_name: str | None = None,
        permissions_boundary: IManagedPolicy | None = None,
    ) -> None:
        super().__init__(scope, name)
        function.alias.configure_async_invoke(
            max_event_age=latest, retry_attempts=TRIES_AFTER_THE_FIRST, on_failure=SqsDestination(failures)
        )
        role = _caller(self, role_name, permissions_boundary)
        Schedule(
            self,
            "Schedule",
            schedule_name=schedule_name,
            schedule=schedule,
            target=LambdaInvoke(function.alias, max_event_age=latest, dead_letter_queue=failures, role=role),
        )


def _caller(scope: Construct, role_name: str | None, permissions_boundary: IManagedPolicy | None) -> Role:
    """The scheduler's role; what it may start is granted by the schedule's target."""
    return Role(
        scope,
        "Caller",
        role_name=role_name,
        assumed_by=ServicePrincipal("scheduler.amazonaws.com"),
        permissions_boundary=permissions_boundary,
    )
