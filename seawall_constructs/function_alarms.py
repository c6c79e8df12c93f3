"""What is said when a function fails, is refused, or comes near its timeout."""

from aws_cdk import Duration
from aws_cdk.aws_cloudwatch import TreatMissingData
from constructs import Construct

from seawall_constructs.alarms import OnCall, RunbookAlarm, Urgency, called, named_after
from seawall_constructs.measure import FIVE_MINUTES, combine, measure

FAILED_PERCENT = 1
FEWEST_FAILURES = 5
"""In five minutes: fewer are retried by whoever called, and one failure of two calls would be half of them."""

NEAR_TIMEOUT = 0.8
SUSTAINED = 3


class FunctionAlarms(Construct):
    """The alarms of one function. Runbooks: `function-failing`, `function-refused`, `function-slow`.

    Survives a function that fails now and then: somebody is told when it fails often, is refused, or becomes slow.
    """

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        on_call: OnCall,
        function_name: str,
        timeout: Duration,
        title: str | None = None,
    ) -> None:
        """Watch a function by name; `title` is what people call it, if not by its name."""
        super().__init__(scope, name)
        title = title or called(function_name, "the function")
        seconds = timeout.to_seconds()
        of = {"FunctionName": function_name}
        RunbookAlarm(
            self,
            "Failing",
            on_call=on_call,
            alarm_name=named_after(function_name, "failing"),
            runbook="function-failing",
            means=f"More than {FAILED_PERCENT} % of the calls of {title} fail.",
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
            on_call=on_call,
            alarm_name=named_after(function_name, "refused"),
            runbook="function-refused",
            means=f"Calls of {title} are refused: all of its concurrency is busy.",
            metric=measure("AWS/Lambda", "Throttles", "Sum", period=FIVE_MINUTES, of=of),
            threshold=0,
            urgency=Urgency.TICKET,
            missing=TreatMissingData.NOT_BREACHING,
        )
        RunbookAlarm(
            self,
            "Slow",
            on_call=on_call,
            alarm_name=named_after(function_name, "slow"),
            runbook="function-slow",
            means=f"One call of {title} in a hundred takes more than {NEAR_TIMEOUT:.0%} of its {seconds:g} s.",
            metric=measure("AWS/Lambda", "Duration", "p99", period=FIVE_MINUTES, unit="ms", of=of),
            threshold=NEAR_TIMEOUT * seconds * 1000,
            periods=SUSTAINED,
            urgency=Urgency.TICKET,
            missing=TreatMissingData.NOT_BREACHING,
        )
