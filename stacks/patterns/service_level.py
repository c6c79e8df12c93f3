"""The drive's service level objectives, as stacks/promises.py states them."""

from aws_cdk.aws_cloudwatch import Metric
from constructs import Construct

from seawall_constructs import service_level
from stacks.names import Names
from stacks.patterns.alarms import on_call
from stacks.promises import Objective


class ServiceLevel(service_level.ServiceLevel):
    """One objective: either `value` keeps its limit each minute, or few of the `total` requests are `bad`."""

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        names: Names,
        objective: Objective,
        value: Metric | None = None,
        bad: Metric | None = None,
        total: Metric | None = None,
    ) -> None:
        super().__init__(
            scope,
            name,
            on_call=on_call(scope, names, name),
            slo_name=names.name(objective.role),
            promise=objective.promise,
            percent=objective.percent,
            value=value,
            limit=objective.limit,
            bad=bad,
            total=total,
            title=objective.role,
        )
