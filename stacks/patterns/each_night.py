"""A function that runs once a night."""

from aws_cdk import Duration, TimeZone
from aws_cdk.aws_lambda_destinations import SqsDestination
from aws_cdk.aws_scheduler import Schedule, ScheduleExpression
from aws_cdk.aws_scheduler_targets import LambdaInvoke
from aws_cdk.aws_sqs import IQueue
from constructs import Construct

from stacks.names import Names
from stacks.patterns.caller import caller
from stacks.patterns.regional_stack import RegionalStack
from stacks.patterns.service_function import ServiceFunction

LATEST = Duration.hours(6)
"""A start is tried for this long: a run at eight in the morning is better than none."""

TRIES_AFTER_THE_FIRST = 2
"""The most that Lambda repeats an asynchronous call."""


class EachNight(Construct):
    """Starts a service at `hour` (UTC); a night without a run is noted in `failures`, where an alarm sees it."""

    def __init__(
        self,
        scope: RegionalStack,
        name: str,
        *,
        names: Names,
        role: str,
        hour: int,
        service: ServiceFunction,
        failures: IQueue,
    ) -> None:
        super().__init__(scope, name)
        service.alias.configure_async_invoke(
            max_event_age=LATEST, retry_attempts=TRIES_AFTER_THE_FIRST, on_failure=SqsDestination(failures)
        )
        Schedule(
            self,
            "Schedule",
            schedule_name=names.name(role),
            schedule=ScheduleExpression.cron(hour=str(hour), minute="0", time_zone=TimeZone.ETC_UTC),
            target=LambdaInvoke(
                service.alias, max_event_age=LATEST, dead_letter_queue=failures, role=caller(self, names, role)
            ),
        )
