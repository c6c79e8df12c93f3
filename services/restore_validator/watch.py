"""Every hour: judges restores whose event never came, and measures how old the last good restore of each source is.

AWS Backup sends its events as best it can ("Monitoring AWS Backup events using Amazon EventBridge"), and a validator
can be killed before it speaks. A validation that is left open looks like one that nobody needs.

Environment: AWS_REGION, EXPECTATIONS_BUCKET, RESTORE_TABLES, RESTORE_BUCKETS.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit

from services.drive import aws, clock
from services.drive.environment import here
from services.drive.limits import RESTORE_EVENT_LATE, RESTORE_JUDGED_WITHIN
from services.restore_validator import sources
from services.restore_validator.expectations import first_written
from services.restore_validator.judgement import good_key, is_open, judge, source_name, tell
from services.restore_validator.measures import measure, measure_verdict
from services.restore_validator.sources import Deadline

LOOK_BACK = timedelta(days=1)
"""Restore tests' validation windows are shorter than this."""
DAY = 24 * 3600


def handle(_event: Mapping[str, Any], context: Any) -> None:
    """Leave no validation open and publish DaysSinceGoodRestore for every source."""
    for kind, name in sources.configured():
        _measure_age(kind, name)
    deadline = Deadline.of(context)
    now = clock.now()
    for job in _open_jobs(now):
        waiting = now - job["CompletionDate"].timestamp()
        if waiting > RESTORE_JUDGED_WITHIN:
            tell(job["RestoreJobId"], ["nobody was able to check the restore in time"])
            measure_verdict(source_name(job), good=False)
        elif waiting > RESTORE_EVENT_LATE:
            judge(job["RestoreJobId"], deadline)


def _open_jobs(now: float) -> Iterator[Mapping[str, Any]]:
    since = datetime.fromtimestamp(now, UTC) - LOOK_BACK
    listing = aws.client("backup").get_paginator("list_restore_jobs")
    pages = listing.paginate(ByCompleteAfter=since, ByStatus="COMPLETED")
    # The oldest first: their windows close first, and this function may run out of time.
    jobs = sorted((job for page in pages for job in page["RestoreJobs"]), key=lambda job: job["CompletionDate"])
    return (job for job in jobs if is_open(job))


def _measure_age(kind: str, name: str) -> None:
    since = _last_good(kind, name) or first_written(kind, name)
    if since is None:
        return  # nothing was recorded yet; the alarm treats missing data as breaching
    measure("DaysSinceGoodRestore", MetricUnit.Count, clock.age(since) / DAY, name)


def _last_good(kind: str, name: str) -> int | None:
    client = aws.client("s3")
    try:
        body = client.get_object(Bucket=here.expectations_bucket, Key=good_key(kind, name))["Body"].read()
    except client.exceptions.NoSuchKey:
        return None
    return int(json.loads(body)["at"])
