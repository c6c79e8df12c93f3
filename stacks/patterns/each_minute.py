"""A function that runs every minute, and whose next run does what the last one could not."""

from aws_cdk import Duration
from aws_cdk.aws_scheduler import Schedule, ScheduleExpression
from aws_cdk.aws_scheduler_targets import LambdaInvoke
from constructs import Construct

from stacks.names import Names
from stacks.patterns.caller import caller
from stacks.patterns.exception import accept_finding
from stacks.patterns.regional_stack import RegionalStack
from stacks.patterns.service_function import ServiceFunction

MINUTE = Duration.minutes(1)


class EachMinute(Construct):
    """Starts a service each minute; a start that comes too late is dropped, one that fails is not repeated.

    Survives a failed run: the next one comes within a minute, and nothing but the time is handed to it.
    """

    def __init__(self, scope: RegionalStack, name: str, *, names: Names, role: str, service: ServiceFunction) -> None:
        super().__init__(scope, name)
        service.alias.configure_async_invoke(max_event_age=MINUTE, retry_attempts=0)
        accept_finding(
            service.function,
            "SEA_ASYNC_FUNCTION_WITHOUT_FAILURE_PATH",
            reason="The event is only the time; what a run did not do, the next minute's run finds undone and does",
        )
        Schedule(
            self,
            "Schedule",
            schedule_name=names.name(role),
            schedule=ScheduleExpression.rate(MINUTE),
            target=LambdaInvoke(service.alias, max_event_age=MINUTE, retry_attempts=0, role=caller(self, names, role)),
        )
