"""What is said when tables refuse, copies are late, or backups fail."""

from collections.abc import Mapping, Sequence

from aws_cdk.aws_cloudwatch import IMetric, Metric, TreatMissingData
from aws_cdk.aws_events import EventField, EventPattern, Rule, RuleTargetInput
from aws_cdk.aws_events_targets import SnsTopic
from aws_cdk.aws_sns import Topic
from constructs import Construct

from stacks.names import Names
from stacks.patterns.alarms import RUNBOOKS, RunbookAlarm, Urgency
from stacks.patterns.exception import accept_finding
from stacks.patterns.measure import FIVE_MINUTES, measure, total
from stacks.promises import COPY_SECONDS
from stacks.storage import REPLICATION_RULE

SUSTAINED = 3

CALLS = ("GetItem", "BatchGetItem", "Query", "PutItem", "UpdateItem")
"""What the services ask of tables. DynamoDB counts its own faults for each call apart."""

FEW_FAULTS = 10
"""In five minutes: the SDK repeats such a call, and nobody notices."""

COPIED_MILLISECONDS = 60_000
"""A copied item takes about a second; a minute means that the other region falls behind."""


class TableAlarms(Construct):
    """The alarms of one table; `copied_to` where it is copied with a delay.

    Survives a hot key: refused reads and writes are noticed, those of its indexes as well.
    """

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        names: Names,
        table: str,
        indexes: Sequence[str] = (),
        copied_to: str | None = None,
    ) -> None:
        super().__init__(scope, name)
        self._names = names
        self._table = table
        of = {"TableName": names.name(table)}
        self._throttled(of, indexes)
        self._failing(of)
        if copied_to:
            self._late(of, copied_to)

    def _throttled(self, of: Mapping[str, str], indexes: Sequence[str]) -> None:
        places = [of, *({**of, "GlobalSecondaryIndexName": index} for index in indexes)]
        throttled: dict[str, IMetric] = {
            f"{kind}{number}": measure(
                "AWS/DynamoDB", f"{kind.title()}ThrottleEvents", "Sum", of=place, period=FIVE_MINUTES
            )
            for number, place in enumerate(places)
            for kind in ("read", "write")
        }
        RunbookAlarm(
            self,
            "Throttled",
            names=self._names,
            role=f"table-{self._table}-throttled",
            runbook="table-throttled",
            means=f"The table {self._table} refuses requests: a key is too hot, or the surge too steep.",
            metric=total(throttled, period=FIVE_MINUTES, label="refused"),
            threshold=0,
            periods=2,
            urgency=Urgency.TICKET,
            missing=TreatMissingData.NOT_BREACHING,
        )

    def _failing(self, of: Mapping[str, str]) -> None:
        faults: dict[str, IMetric] = {
            call[0].lower() + call[1:]: measure(
                "AWS/DynamoDB", "SystemErrors", "Sum", of=of, period=FIVE_MINUTES, Operation=call
            )
            for call in CALLS
        }
        RunbookAlarm(
            self,
            "Failing",
            names=self._names,
            role=f"table-{self._table}-failing",
            runbook="table-failing",
            means=f"DynamoDB fails requests of the table {self._table} in this region.",
            metric=total(faults, period=FIVE_MINUTES, label="faults"),
            threshold=FEW_FAULTS,
            urgency=Urgency.PAGE,
            missing=TreatMissingData.NOT_BREACHING,
        )

    def _late(self, of: Mapping[str, str], peer: str) -> None:
        RunbookAlarm(
            self,
            "Late",
            names=self._names,
            role=f"table-{self._table}-late",
            runbook="table-late",
            means=f"Items of {self._table} take more than {COPIED_MILLISECONDS // 1000} s to reach {peer}.",
            metric=measure("AWS/DynamoDB", "ReplicationLatency", "Average", unit="ms", ReceivingRegion=peer, of=of),
            threshold=COPIED_MILLISECONDS,
            periods=5,
            urgency=Urgency.TICKET,
            missing=TreatMissingData.NOT_BREACHING,
        )


class CopyAlarms(Construct):
    """The alarms of both ways in which files are copied, each in the region that S3 measures it in.

    Amazon S3 User Guide, "Using S3 Replication metrics": latency at the destination, failures at the source.
    """

    def __init__(self, scope: Construct, name: str, *, names: Names, region: str, peer: str) -> None:
        super().__init__(scope, name)
        RunbookAlarm(
            self,
            "Failed",
            names=names,
            role="copies-failed",
            means=f"Files of this region could not be copied to {peer}: they lie in one region only.",
            metric=measure(
                "AWS/S3", "OperationsFailedReplication", "Sum", period=FIVE_MINUTES, of=rule(names, region, peer)
            ),
            threshold=0,
            urgency=Urgency.TICKET,
            # It has a value only while something is copied.
            missing=TreatMissingData.NOT_BREACHING,
        )
        RunbookAlarm(
            self,
            "Late",
            names=names,
            role="copies-late",
            means=f"Files of {peer} take more than {COPY_SECONDS // 60} minutes to get here.",
            metric=copy_seconds(names, peer, region),
            threshold=COPY_SECONDS,
            periods=SUSTAINED,
            urgency=Urgency.PAGE,
            missing=TreatMissingData.NOT_BREACHING,
        )


def copy_seconds(names: Names, source: str, destination: str) -> Metric:
    """Return by how many seconds the copies are behind; the metric lives in the region `destination`."""
    return measure("AWS/S3", "ReplicationLatency", "Maximum", unit="s", of=rule(names, source, destination))


def rule(names: Names, source: str, destination: str) -> dict[str, str]:
    """Return the dimensions of S3's replication metrics of the files of `source`."""
    return {
        "SourceBucket": names.bucket("files", source),
        "DestinationBucket": names.bucket("replica", destination),
        "RuleId": REPLICATION_RULE,
    }


class BackupAlarms(Construct):
    """A ticket for each backup, copy or restore that failed.

    From its events: they name what failed, and AWS Backup's metrics say only how many did.
    """

    def __init__(self, scope: Construct, name: str, *, names: Names, region: str) -> None:
        super().__init__(scope, name)
        topic = Topic.from_topic_arn(self, "Topic", names.topic_arn(Urgency.TICKET, region))
        for kind, field in (("Backup", "state"), ("Copy", "state"), ("Restore", "status")):
            failed = Rule(
                self,
                kind,
                rule_name=names.name(f"{kind.lower()}-failed"),
                description=f"A ticket for each failed {kind.lower()} job. Runbook: {RUNBOOKS}#backup-failed",
                event_pattern=EventPattern(
                    source=["aws.backup"],
                    detail_type=[f"{kind} Job State Change"],
                    detail={field: ["FAILED", "ABORTED", "EXPIRED"]},
                ),
            )
            what = f"{kind} job {EventField.from_path(f'$.detail.{kind.lower()}JobId')}"
            state = EventField.from_path(f"$.detail.{field}")
            text = f"{what} in {region}: {state}. Runbook: {RUNBOOKS}#backup-failed"
            failed.add_target(SnsTopic(topic, message=RuleTargetInput.from_text(text)))
            accept_finding(
                failed,
                "SEA_EVENT_RULE_WITHOUT_DEAD_LETTER",
                reason="EventBridge tries for a day; the job stays in AWS Backup's list, "
                "and the audit tells what has no new backup",
            )
