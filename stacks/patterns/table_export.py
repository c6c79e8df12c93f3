"""A table's content, written to a bucket every night."""

from aws_cdk import Duration
from aws_cdk.aws_s3 import LifecycleRule
from aws_cdk.aws_sqs import IQueue
from constructs import Construct

from seawall_constructs.data_kind import holds_derived_data
from seawall_constructs.findings import accept_finding
from stacks.capacity import RESERVED
from stacks.names import Names
from stacks.patterns.access import to_keys, to_objects, to_table
from stacks.patterns.drive_bucket import DriveBucket
from stacks.patterns.each_night import EachNight
from stacks.patterns.regional_stack import RegionalStack
from stacks.patterns.service_function import ServiceFunction

EXPORT = "offsite-export"
"""Role of the bucket and of the function that starts the export."""

HOUR = 2
"""UTC: the day before is over nearly everywhere that users of Europe and America are."""

KEPT = Duration.days(7)
"""An export that could not be copied on its day can be copied for a week."""

TIMEOUT = Duration.seconds(30)
"""It makes one call; the export itself goes on without it."""


class TableExport(Construct):
    """Exports a table's point-in-time recovery, which costs the table nothing.

    Survives a failed night: it is tried for six hours, then noted in `failures`, and the next night exports all again.
    """

    def __init__(self, scope: RegionalStack, name: str, *, names: Names, table: str, failures: IQueue) -> None:
        super().__init__(scope, name)
        region = scope.region
        bucket = DriveBucket(
            scope,
            "Exports",
            names=names,
            role=EXPORT,
            key="files",
            versions=False,
            events=True,
            lifecycle=LifecycleRule(id="exports", expiration=KEPT),
        )
        holds_derived_data(bucket)
        accept_finding(
            bucket,
            "SEA_BUCKET_WITHOUT_VERSIONS",
            "SEA_SINGLE_REGION_BUCKET",
            reason="What lies here is on its way out, and is exported again every night from a table in two regions",
        )
        service = ServiceFunction(
            scope,
            "StartExport",
            names=names,
            role=EXPORT,
            description="Starts the nightly export of the drive's table for the offsite copy",
            handler="services.offsite.export.handle",
            timeout=TIMEOUT,
            reserved=RESERVED[EXPORT],
            environment={
                "DRIVE_TABLE_ARN": names.table_arn(table, region),
                "EXPORT_BUCKET": names.bucket(EXPORT, region),
            },
            allow=[
                to_table(names, region, table, "ExportTableToPointInTime"),
                to_objects(names, region, EXPORT, "PutObject", "PutObjectAcl", "AbortMultipartUpload"),
                to_keys(names, region, ["files"], "Decrypt", "GenerateDataKey"),
            ],
        )
        EachNight(scope, "Night", names=names, role=EXPORT, hour=HOUR, service=service, failures=failures)
