"""The drive's alarms: under its names, to the topics that Foundation made, with the runbooks of docs/."""

from aws_cdk.aws_cloudwatch import ComparisonOperator, IMetric, TreatMissingData
from constructs import Construct

from seawall_constructs import alarms
from seawall_constructs.alarms import OnCall, Urgency
from stacks.names import Names

RUNBOOKS = "docs/runbooks.md"


def on_call(scope: Construct, names: Names, name: str = "") -> OnCall:
    """Return who is told of alarms in the region of `scope`; `name` where one scope asks more than once."""
    return OnCall.named(scope, names.prefix, runbooks=f"{RUNBOOKS}#", name=name)


class RunbookAlarm(alarms.RunbookAlarm):
    """An alarm named after its role, whose runbook is of the same name unless alarms of one kind are answered alike."""

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        names: Names,
        role: str,
        means: str,
        metric: IMetric,
        threshold: float,
        urgency: Urgency,
        missing: TreatMissingData,
        periods: int = 1,
        runbook: str | None = None,
        comparison: ComparisonOperator = ComparisonOperator.GREATER_THAN_THRESHOLD,
    ) -> None:
        super().__init__(
            scope,
            name,
            on_call=on_call(scope, names, name),
            alarm_name=names.name(role),
            means=means,
            runbook=runbook or role,
            metric=metric,
            threshold=threshold,
            urgency=urgency,
            missing=missing,
            periods=periods,
            comparison=comparison,
        )
