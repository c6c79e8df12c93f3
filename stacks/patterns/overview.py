"""The page that whoever was woken up looks at first."""

from collections.abc import Sequence

from aws_cdk.aws_cloudwatch import (
    AlarmStatusWidget,
    Dashboard,
    GraphWidget,
    IAlarm,
    IMetric,
    PeriodOverride,
    TextWidget,
)
from constructs import Construct

from seawall_constructs.measure import measure
from stacks.names import Names
from stacks.patterns.alarms import RUNBOOKS
from stacks.patterns.front_door import STAGE
from stacks.queues import QUEUES

WHOLE = 24
HALF = 12


class Overview(Construct):
    """One dashboard for one region: what is promised, what is waiting, what fails, how far behind the copies are.

    Survives being read at night: alarms first, then the promises, then the reasons.
    """

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        names: Names,
        region: str,
        alarms: Sequence[IAlarm],
        burning: Sequence[IMetric],
        functions: Sequence[str],
        copies: IMetric,
    ) -> None:
        super().__init__(scope, name)
        api = {"ApiName": names.name("api"), "Stage": STAGE}
        dashboard = Dashboard(
            self,
            "Dashboard",
            # Dashboards share one list across the regions of an account.
            dashboard_name=names.in_region("drive", region),
            period_override=PeriodOverride.INHERIT,
        )
        dashboard.add_widgets(
            TextWidget(
                markdown=f"# The drive in {region}\nWhat to do about an alarm: `{RUNBOOKS}`", width=WHOLE, height=2
            )
        )
        dashboard.add_widgets(AlarmStatusWidget(title="Alarms", alarms=list(alarms), width=WHOLE, height=8))
        dashboard.add_widgets(
            _graph("How fast the budgets burn (1: just kept)", burning),
            _graph("How many seconds the copies of the other region are behind", [copies]),
        )
        dashboard.add_widgets(
            _graph(
                "Requests and server errors per minute",
                [measure("AWS/ApiGateway", metric, "Sum", of=api) for metric in ("Count", "5XXError", "4XXError")],
            ),
            _graph(
                "Latency, ms",
                [
                    measure("AWS/ApiGateway", "Latency", statistic, unit=statistic, of=api)
                    for statistic in ("p50", "p99")
                ],
            ),
        )
        dashboard.add_widgets(
            _graph("Age of the oldest message, s", _of_queues(names, "ApproximateAgeOfOldestMessage")),
            _graph("Messages waiting", _of_queues(names, "ApproximateNumberOfMessagesVisible")),
        )
        dashboard.add_widgets(
            _graph("Calls at a time", _of_functions(names, functions, "ConcurrentExecutions", "Maximum")),
            _graph("Failed calls per minute", _of_functions(names, functions, "Errors", "Sum")),
        )


def _graph(title: str, metrics: Sequence[IMetric]) -> GraphWidget:
    return GraphWidget(title=title, left=list(metrics), width=HALF, height=6)


def _of_queues(names: Names, metric: str) -> list[IMetric]:
    return [
        measure("AWS/SQS", metric, "Maximum", unit=queue.role, QueueName=names.name(queue.role)) for queue in QUEUES
    ]


def _of_functions(names: Names, functions: Sequence[str], metric: str, statistic: str) -> list[IMetric]:
    return [measure("AWS/Lambda", metric, statistic, unit=role, FunctionName=names.name(role)) for role in functions]
