"""What is said when a function fails, is refused, or comes near its timeout."""

from aws_cdk.aws_cloudwatch import TreatMissingData
from constructs import Construct

from stacks.names import Names
from stacks.patterns.alarms import RunbookAlarm, Urgency
from stacks.patterns.measure import FIVE_MINUTES, combine, measure

FAILED_PERCENT = 1
FEWEST_FAILURES = 5
"""In five minutes: fewer are retried by whoever called, and one failure of two calls would be half of them."""

NEAR_TIMEOUT = 0.8
SUSTAINED = 3


class FunctionAlarms(Construct):
    """The alarms of one function whose timeout is `timeout` seconds."""

    def __init__(self, scope: Construct, name: str, *, names: Names, role: str, timeout: float) -> None:
        super().__init__(scope, name)
        of = {"FunctionName": names.name(role)}
        RunbookAlarm(
            self,
            "Failing",
            names=names,
            role=f"{role}-failing",
            runbook="function-failing",
            means=f"More than {FAILED_PERCENT} % of the calls of {role} fail.",
            metric=combine(
                f"IF(errors >= {FEWEST_FAILURES}, 100 * errors / calls, 0)",
                period=FIVE_MINUTES,
                label="failed, percent",
                errors=measure("AWS/Lambda", "Errors", "Sum", period=FIVE_MINUTES, of=of),
                calls=measure("AWS/Lambda", "Invocations", "Sum", period=FIVE_MINUTES, of=of),
            ),
            threshold=FAILED_PERCENT,
            urgency=Urgency.TICKET,
            missing=TreatMissingData.NOT_BREACHING,
        )
        RunbookAlarm(
            self,
            "Refused",
            names=names,
            role=f"{role}-refused",
            runbook="function-refused",
            means=f"Calls of {role} are refused: all of its concurrency is busy.",
            metric=measure("AWS/Lambda", "Throttles", "Sum", period=FIVE_MINUTES, of=of),
            threshold=0,
            urgency=Urgency.TICKET,
            missing=TreatMissingData.NOT_BREACHING,
        )
        RunbookAlarm(
            self,
            "Slow",
            names=names,
            role=f"{role}-slow",
            runbook="function-slow",
            means=f"One call of {role} in a hundred takes more than {NEAR_TIMEOUT:.0%} of its {timeout:g} s.",
            metric=measure("AWS/Lambda", "Duration", "p99", period=FIVE_MINUTES, unit="ms", of=of),
            threshold=NEAR_TIMEOUT * timeout * 1000,
            periods=SUSTAINED,
            urgency=Urgency.TICKET,
            missing=TreatMissingData.NOT_BREACHING,
        )
