"""What is said when tables refuse, copies are late, or backups fail."""

from collections.abc import Sequence

from aws_cdk import Duration
from aws_cdk.aws_cloudwatch import Metric
from constructs import Construct

from seawall_constructs import copy_alarms, table_alarms
from seawall_constructs.copy_alarms import CopiesFailed, CopiesLate, copies_of
from stacks.names import Names
from stacks.patterns.alarms import on_call
from stacks.promises import COPY_SECONDS
from stacks.storage import REPLICATION_RULE


class TableAlarms(table_alarms.TableAlarms):
    """The alarms of one table; `copied_to` where it is copied with a delay."""

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
        super().__init__(
            scope,
            name,
            on_call=on_call(scope, names, name),
            table_name=names.name(table),
            indexes=indexes,
            copied_to=copied_to,
            alarm_prefix=names.name(f"table-{table}"),
            title=table,
        )


class CopyAlarms(Construct):
    """The alarms of both ways in which files are copied, each in the region that S3 measures it in."""

    def __init__(self, scope: Construct, name: str, *, names: Names, region: str, peer: str) -> None:
        super().__init__(scope, name)
        told = on_call(self, names)
        CopiesFailed(
            self,
            "Failed",
            on_call=told,
            alarm_name=names.name("copies-failed"),
            means=f"Files of this region could not be copied to {peer}: they lie in one region only.",
            copies=rule(names, region, peer),
        )
        CopiesLate(
            self,
            "Late",
            on_call=told,
            alarm_name=names.name("copies-late"),
            means=f"Files of {peer} take more than {COPY_SECONDS // 60} minutes to get here.",
            copies=rule(names, peer, region),
            after=Duration.seconds(COPY_SECONDS),
        )


def copy_seconds(names: Names, source: str, destination: str) -> Metric:
    """Return by how many seconds the copies are behind; the metric lives in the region `destination`."""
    return copy_alarms.copy_seconds(rule(names, source, destination))


def rule(names: Names, source: str, destination: str) -> dict[str, str]:
    """Return the dimensions of S3's replication metrics of the files of `source`."""
    return copies_of(names.bucket("files", source), names.bucket("replica", destination), rule_id=REPLICATION_RULE)
