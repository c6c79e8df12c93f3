"""A function of the drive that runs once a night."""

from aws_cdk import TimeZone
from aws_cdk.aws_scheduler import ScheduleExpression
from aws_cdk.aws_sqs import IQueue

from seawall_constructs.started_by_time import OnSchedule
from stacks.names import Names
from stacks.patterns.boundary import boundary
from stacks.patterns.regional_stack import RegionalStack
from stacks.patterns.service_function import ServiceFunction


class EachNight(OnSchedule):
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
        super().__init__(
            scope,
            name,
            function=service,
            schedule=ScheduleExpression.cron(hour=str(hour), minute="0", time_zone=TimeZone.ETC_UTC),
            failures=failures,
            schedule_name=names.name(role),
            role_name=names.in_region(f"{role}-caller", scope.region),
            permissions_boundary=boundary(scope, names, f"{name}Boundary"),
        )
