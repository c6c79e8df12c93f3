"""Alarms that somebody hears, and that say what to do."""

from enum import StrEnum

from aws_cdk import Duration, Stack
from aws_cdk.aws_cloudwatch import Alarm, ComparisonOperator, IMetric, TreatMissingData
from aws_cdk.aws_cloudwatch_actions import SnsAction
from aws_cdk.aws_sns import Topic
from constructs import Construct

from stacks.names import Names

RUNBOOKS = "docs/runbooks.md"


class Urgency(StrEnum):
    """Who is told: a page wakes somebody up, a ticket waits for the morning. Also the role of the topic."""

    PAGE = "page"
    TICKET = "ticket"


class RunbookAlarm(Alarm):
    """An alarm with an action and a runbook.

    Survives being read at night: its description says what is wrong in `means`, and where to read what to do
    (`docs/runbooks.md`, under its role, or under `runbook` where alarms of one kind are answered alike).
    Survives silence: what missing data means is chosen by the caller each time.
    """

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
            alarm_name=names.name(role),
            alarm_description=f"{means} Runbook: {RUNBOOKS}#{runbook or role}",
            metric=metric,
            threshold=threshold,
            evaluation_periods=periods,
            datapoints_to_alarm=periods,
            comparison_operator=comparison,
            treat_missing_data=missing,
        )
        topic = Topic.from_topic_arn(self, "Topic", names.topic_arn(urgency, Stack.of(self).region))
        self.add_alarm_action(SnsAction(topic))
        self.add_ok_action(SnsAction(topic))


MINUTE = Duration.minutes(1)
