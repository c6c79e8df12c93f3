"""Beats once a minute, so that the other region knows how much of this one it has.

Environment: AWS_REGION, PEER_REGION, FILES_BUCKET, REPLICA_BUCKET, DRIVE_TABLE.
"""

import json
from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit, single_metric

from services.drive import aws, clock, records
from services.drive.environment import here
from services.switch.gauge import beat_item, beat_object, measure


def handle(_event: Mapping[str, Any], _context: Any) -> None:
    """Write this region's beat and publish how old the peer's is (ReplicaFilesAge, ReplicaRecordsAge, seconds)."""
    _publish()  # first: whatever keeps this region from writing must not hide how far the other one is behind
    at = clock.milliseconds()
    body = json.dumps({"at": at}).encode()
    aws.client("s3").put_object(Bucket=here.files_bucket, Key=beat_object(here.aws_region), Body=body)
    records.put(here.drive_table, {**beat_item(here.aws_region), "at": at})


def _publish() -> None:
    gauge = measure(here.peer_region)
    for name, age in (("ReplicaFilesAge", gauge.files), ("ReplicaRecordsAge", gauge.records)):
        if age is None:
            continue  # the alarm treats missing data as breaching
        with single_metric(name=name, unit=MetricUnit.Seconds, value=age, namespace="Drive") as metric:
            metric.add_dimension(name="Source", value=here.peer_region)
