"""Starts the nightly export of the `drive` table; its files reach the offsite store like all others.

An export reads the table's point-in-time recovery and costs the table itself nothing.

Environment: AWS_REGION, DRIVE_TABLE_ARN, EXPORT_BUCKET.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from services.drive import aws, clock
from services.drive.environment import here
from services.offsite.copying import CATALOGUE

READ_TIMEOUT = 5
"""Seconds: it is asked of a control plane, which takes longer than a table; three attempts fit into the function."""


def handle(_event: Mapping[str, Any], _context: Any) -> dict[str, str]:
    """Start today's export, once however often it is asked for; return where it goes."""
    day = datetime.fromtimestamp(clock.now(), UTC).strftime("%Y-%m-%d")
    aws.client("dynamodb", read_timeout=READ_TIMEOUT).export_table_to_point_in_time(
        TableArn=here.drive_table_arn,
        S3Bucket=here.export_bucket,
        S3Prefix=f"{CATALOGUE}{day}",
        ExportFormat="DYNAMODB_JSON",
        ClientToken=f"offsite-{day}",
    )
    return {"prefix": f"{CATALOGUE}{day}"}
