"""What is said when too few workers build bundles."""

from aws_cdk.aws_cloudwatch import ComparisonOperator, TreatMissingData
from constructs import Construct

from seawall_constructs.alarms import Urgency
from seawall_constructs.measure import measure
from stacks.names import Names
from stacks.patterns.alarms import RunbookAlarm

MINUTES = 10
"""Longer than a task that was lost takes to be replaced."""


class BundlerAlarms(Construct):
    """The alarm of the workers: fewer than `least` are running.

    Survives the loss of a zone unnoticed by clients, and not by us: what is left serves the peak, and is too few for
    another loss.
    """

    def __init__(self, scope: Construct, name: str, *, names: Names, least: int) -> None:
        super().__init__(scope, name)
        bundler = names.name("bundler")
        RunbookAlarm(
            self,
            "TooFew",
            names=names,
            role="bundler-too-few",
            means="Fewer workers build bundles than are to run at all times.",
            # Container Insights counts tasks; ECS itself does not.
            metric=measure(
                "ECS/ContainerInsights", "RunningTaskCount", "Minimum", ClusterName=bundler, ServiceName=bundler
            ),
            threshold=least,
            comparison=ComparisonOperator.LESS_THAN_THRESHOLD,
            periods=MINUTES,
            urgency=Urgency.PAGE,
            # A standby may run none. Where the last one is gone, the age of the bundle queue wakes somebody up.
            missing=TreatMissingData.NOT_BREACHING,
        )
