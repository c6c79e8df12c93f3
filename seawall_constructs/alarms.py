"""Alarms that somebody hears, and that say what to do."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from aws_cdk import Aws, Stack, Token
from aws_cdk.aws_cloudwatch import Alarm, ComparisonOperator, IMetric, TreatMissingData
from aws_cdk.aws_cloudwatch_actions import SnsAction
from aws_cdk.aws_sns import ITopic, Topic
from constructs import Construct

RUNBOOKS = "README.md#runbook-"
"""Where runbooks lie unless it is said: what comes before their names."""


class Urgency(StrEnum):
    """Who is told: a page wakes somebody up, a ticket waits for the morning."""

    PAGE = "page"
    TICKET = "ticket"


@dataclass(frozen=True, kw_only=True)
class OnCall:
    """Who is told of alarms, and where they read what to do."""

    page: ITopic
    ticket: ITopic
    runbooks: str = RUNBOOKS
    """What comes before a runbook's name in its address."""

    @classmethod
    def named(cls, scope: Construct, topic_name: str, *, runbooks: str = RUNBOOKS, name: str = "") -> Self:
        """Return the topics `<topic_name>-page` and `-ticket` of the region of `scope`, which another stack makes.

        Two constructs are made in `scope`; `name` sets them apart where it asks more than once.
        """
        region = Stack.of(scope).region
        page, ticket = (
            Topic.from_topic_arn(
                scope,
                f"{name}{urgency.capitalize()}Topic",
                f"arn:{Aws.PARTITION}:sns:{region}:{Aws.ACCOUNT_ID}:{topic_name}-{urgency}",
            )
            for urgency in (Urgency.PAGE, Urgency.TICKET)
        )
        return cls(page=page, ticket=ticket, runbooks=runbooks)

    def topic(self, urgency: Urgency) -> ITopic:
        """Return where messages of this urgency go."""
        return self.page if urgency is Urgency.PAGE else self.ticket

    def runbook(self, name: str) -> str:
        """Return the sentence that ends each alarm's description."""
        return f"Runbook: {self.runbooks}{name}"


class RunbookAlarm(Alarm):
    """An alarm with an action and a runbook.

    Survives being read at night: its description says what is wrong in `means`, and where to read what to do.
    Survives silence: what missing data means is chosen by the caller each time.
    """

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        on_call: OnCall,
        means: str,
        runbook: str,
        metric: IMetric,
        threshold: float,
        urgency: Urgency,
        missing: TreatMissingData,
        periods: int = 1,
        comparison: ComparisonOperator = ComparisonOperator.GREATER_THAN_THRESHOLD,
        alarm_name: str | None = None,
    ) -> None:
        """Sound after `periods` in a row beyond the threshold, and say so again when it is over."""
        super().__init__(
            scope,
            name,
            alarm_name=alarm_name,
            alarm_description=f"{means} {on_call.runbook(runbook)}",
            metric=metric,
            threshold=threshold,
            evaluation_periods=periods,
            datapoints_to_alarm=periods,
            comparison_operator=comparison,
            treat_missing_data=missing,
        )
        topic = on_call.topic(urgency)
        self.add_alarm_action(SnsAction(topic))
        self.add_ok_action(SnsAction(topic))


def named_after(name: str, ending: str) -> str | None:
    """Return an alarm's name after that of what it watches, or None where CloudFormation makes that one up."""
    return None if Token.is_unresolved(name) else f"{name}-{ending}"


def called(name: str, otherwise: str) -> str:
    """Return what people read: a name, or `otherwise` where CloudFormation makes it up."""
    return otherwise if Token.is_unresolved(name) else name
