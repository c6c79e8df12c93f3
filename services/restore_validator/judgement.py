"""One restore test from its job to its verdict: SUCCESSFUL or FAILED, never neither.

AWS Backup takes the verdict through PutRestoreValidationResult; a validation that hears nothing stays open until its
window closes and then counts as timed out, which looks like nobody cared.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import MetricUnit
from botocore.exceptions import ClientError

from services.drive import aws, clock
from services.drive.environment import here
from services.restore_validator import checks
from services.restore_validator.expectations import newest_before
from services.restore_validator.measures import UNKNOWN, measure, measure_verdict
from services.restore_validator.sources import Deadline, OutOfTimeError

logger = Logger(service="restore_validator")

KINDS = {"DynamoDB": "table", "S3": "bucket"}
SHOWN_FINDINGS = 3
"""The verdict's message names the first findings; the log has all of them."""
LONGEST_MESSAGE = 1000
"""AWS documents no limit for the message; a verdict must not fail because of its length."""


def judge(job_id: str, deadline: Deadline) -> bool | None:
    """Check the restore of a job and tell AWS Backup. Return the verdict, or None where there was nothing to judge.

    A job that has its verdict already, that is still running, or that no restore test made is left alone. Raises only
    when AWS Backup itself cannot be told: the invocation is then repeated, and the hourly watch comes after it.
    """
    try:
        job: Mapping[str, Any] = aws.client("backup").describe_restore_job(RestoreJobId=job_id)
    except Exception as error:  # a job that cannot be read is not one that was found well
        logger.exception("restore job not readable", job=job_id)
        tell(job_id, [f"the restore job could not be read: {type(error).__name__}"])
        measure_verdict(UNKNOWN, good=False)
        return False
    if not is_open(job):
        return None
    found = _findings(job, deadline)
    try:
        tell(job_id, found)
    except aws.client("backup").exceptions.InvalidRequestException:
        if job["Status"] == "COMPLETED":
            raise
        logger.info("a restore that failed takes no verdict", job=job_id)
    _measure(job, good=not found)
    return not found


def is_open(job: Mapping[str, Any]) -> bool:
    """Return whether a job belongs to a restore test, has ended, and waits for its verdict."""
    of_a_test = bool(job.get("CreatedBy", {}).get("RestoreTestingPlanArn"))
    ended = job["Status"] in {"COMPLETED", "FAILED", "ABORTED"}
    return of_a_test and ended and job.get("ValidationStatus") in {None, "VALIDATING"}


def tell(job_id: str, found: list[str]) -> None:
    """Give AWS Backup the verdict: FAILED with the findings, SUCCESSFUL without any."""
    shown = "; ".join(found[:SHOWN_FINDINGS])
    more = f"; and {len(found) - SHOWN_FINDINGS} more" if len(found) > SHOWN_FINDINGS else ""
    logger.info("restore judged", job=job_id, findings=found)
    aws.client("backup").put_restore_validation_result(
        RestoreJobId=job_id,
        ValidationStatus="FAILED" if found else "SUCCESSFUL",
        ValidationStatusMessage=(shown + more)[:LONGEST_MESSAGE] if found else "as written down before the backup",
    )


def source_name(job: Mapping[str, Any]) -> str:
    """Return the name of the table or bucket that was backed up."""
    return str(job.get("SourceResourceArn", "")).rsplit("/", 1)[-1].rsplit(":", 1)[-1]


def _findings(job: Mapping[str, Any], deadline: Deadline) -> list[str]:
    if job["Status"] != "COMPLETED":
        return [f"the restore itself ended as {job['Status']}: {job.get('StatusMessage', 'no reason given')}"]
    try:
        return _compare(job, deadline)
    except OutOfTimeError:
        return ["the check was not through when its time was over"]
    except Exception as error:  # whatever broke the check, the backup was not shown to be good
        logger.exception("restore check broke", job=job["RestoreJobId"])
        return [f"the check itself broke: {type(error).__name__}: {error}"]


def _compare(job: Mapping[str, Any], deadline: Deadline) -> list[str]:
    kind = KINDS.get(job["ResourceType"])
    if kind is None:
        return [f"there is no check for {job['ResourceType']}"]
    moment = _moment_restored(job)
    expected = newest_before(kind, source_name(job), int(moment * 1000))
    if expected is None:
        return [f"nothing was written down about {source_name(job)} before the moment that was restored"]
    restored = job["CreatedResourceArn"].rsplit("/", 1)[-1].rsplit(":", 1)[-1]
    return checks.findings(restored, expected, moment, deadline)


def _moment_restored(job: Mapping[str, Any]) -> float:
    """Return the moment (seconds UTC) that the restore shows.

    A continuous backup of a bucket is one recovery point that goes on growing: its creation may be weeks ago. Then the
    moment is what the restore was started with.
    """
    try:
        metadata = aws.client("backup").get_restore_job_metadata(RestoreJobId=job["RestoreJobId"])["Metadata"]
        if chosen := metadata.get("RestoreTime"):
            return datetime.fromisoformat(chosen).timestamp()
    except (ClientError, ValueError):
        # Then the check is against older expectations than it could be, which is stricter, not weaker.
        logger.warning("the moment restored is not known", exc_info=True)
    return float(job["RecoveryPointCreationDate"].timestamp())


def _measure(job: Mapping[str, Any], *, good: bool) -> None:
    if "CompletionDate" in job:
        seconds = (job["CompletionDate"] - job["CreationDate"]).total_seconds()
        measure("RestoreDurationSeconds", MetricUnit.Seconds, seconds, source_name(job))
    measure_verdict(source_name(job), good=good)
    if good:
        body = json.dumps({"at": clock.milliseconds(), "job": job["RestoreJobId"]})
        key = good_key(KINDS[job["ResourceType"]], source_name(job))
        aws.client("s3").put_object(Bucket=here.expectations_bucket, Key=key, Body=body.encode())
        measure("DaysSinceGoodRestore", MetricUnit.Count, 0, source_name(job))


def good_key(kind: str, name: str) -> str:
    """Return where it is written down when a source was last restored well: {at (ms), job}."""
    return f"good/{kind}/{name}.json"
