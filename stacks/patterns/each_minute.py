"""A function of the drive that runs every minute, and whose next run does what the last one could not."""

from seawall_constructs import started_by_time
from stacks.names import Names
from stacks.patterns.boundary import boundary
from stacks.patterns.regional_stack import RegionalStack
from stacks.patterns.service_function import ServiceFunction


class EachMinute(started_by_time.EachMinute):
    """Starts a service each minute, under the name of its role."""

    def __init__(self, scope: RegionalStack, name: str, *, names: Names, role: str, service: ServiceFunction) -> None:
        super().__init__(
            scope,
            name,
            function=service,
            schedule_name=names.name(role),
            role_name=names.in_region(f"{role}-caller", scope.region),
            permissions_boundary=boundary(scope, names, f"{name}Boundary"),
        )
