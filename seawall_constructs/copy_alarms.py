"""What is said when the objects of a bucket are copied late, or not at all."""

from collections.abc import Mapping

from aws_cdk import Duration
from aws_cdk.aws_cloudwatch import Metric, TreatMissingData
from constructs import Construct

from seawall_constructs.alarms import OnCall, RunbookAlarm, Urgency
from seawall_constructs.measure import FIVE_MINUTES, measure

SUSTAINED = 3

PROMISED = Duration.minutes(15)
"""What S3's replication time control promises for 99.9 % of new objects (Amazon S3 User Guide)."""


class CopiesFailed(RunbookAlarm):
    """A ticket when objects could not be copied: they lie in one region only. In the region of the source."""

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        on_call: OnCall,
        copies: Mapping[str, str],
        means: str,
        alarm_name: str | None = None,
    ) -> None:
        """Watch `copies_of(…)`. Runbook: `copies-failed`."""
        super().__init__(
            scope,
            name,
            on_call=on_call,
            alarm_name=alarm_name,
            runbook="copies-failed",
            means=means,
            metric=measure("AWS/S3", "OperationsFailedReplication", "Sum", period=FIVE_MINUTES, of=copies),
            threshold=0,
            urgency=Urgency.TICKET,
            # It has a value only while something is copied.
            missing=TreatMissingData.NOT_BREACHING,
        )


class CopiesLate(RunbookAlarm):
    """A page when copies are too far behind. In the region of the destination, which measures it."""

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        on_call: OnCall,
        copies: Mapping[str, str],
        means: str,
        after: Duration = PROMISED,
        alarm_name: str | None = None,
    ) -> None:
        """Watch `copies_of(…)`, by default for the 15 minutes that S3 promises. Runbook: `copies-late`."""
        super().__init__(
            scope,
            name,
            on_call=on_call,
            alarm_name=alarm_name,
            runbook="copies-late",
            means=means,
            metric=copy_seconds(copies),
            threshold=after.to_seconds(),
            periods=SUSTAINED,
            urgency=Urgency.PAGE,
            missing=TreatMissingData.NOT_BREACHING,
        )


def copies_of(source: str, destination: str, *, rule_id: str = "copies") -> dict[str, str]:
    """Return the dimensions of S3's replication metrics between two buckets, by their names.

    Amazon S3 User Guide, "Using S3 Replication metrics": latency at the destination, failures at the source.
    """
    return {"SourceBucket": source, "DestinationBucket": destination, "RuleId": rule_id}


def copy_seconds(copies: Mapping[str, str]) -> Metric:
    """Return by how many seconds the copies are behind; the metric lives in the region of the destination."""
    return measure("AWS/S3", "ReplicationLatency", "Maximum", unit="s", of=copies)
