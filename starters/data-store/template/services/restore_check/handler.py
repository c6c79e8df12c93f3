"""Looks into what was restored from a backup as a test, and tells AWS Backup: SUCCESSFUL or FAILED.

AWS Backup's event "Restore Job State Change" starts it. Only the job's id is taken from there; all else is asked of AWS
Backup, so that an old or a repeated event changes nothing. A check that breaks, or runs out of time, says FAILED: a
backup that was not shown to be good is not one.

Environment: SERVICE; STORE, the table, bucket or database of this region that is in use; RESTORE_TESTING_PLAN, the ARN
of the plan whose restores are judged.
"""

import logging
import os
import time
from collections.abc import Mapping
from typing import Any

from restore_check.deadline import Deadline, OutOfTimeError
from runtime import aws
from runtime.metrics import UNKNOWN, measure
from store.watching import findings

logger = logging.getLogger(__name__)
logger.setLevel(logging.INFO)

OLDEST_DAYS = 8
"""One of the backups of the last seven days is restored, and may take a day."""

SHOWN = 3
"""The verdict names so many findings; the log has all of them."""

LONGEST_MESSAGE = 1000

GOOD = "as it was when it was backed up"


def handle(event: Mapping[str, Any], context: Any) -> None:
    """Raise only where AWS Backup cannot be asked or told: the call is repeated, and in the end kept in a queue."""
    job_id = event["detail"]["restoreJobId"]
    try:
        job: Mapping[str, Any] = aws.client("backup").describe_restore_job(RestoreJobId=job_id)
    except Exception:
        measure("RestoreFailed", 1, UNKNOWN)
        raise
    if not _waits_for_verdict(job):
        return
    found = judge(job, Deadline.of(context))
    logger.info("restore %s: %s", job_id, found or "good")
    # AWS Backup takes no verdict on a restore that failed by itself.
    if job["Status"] == "COMPLETED":
        _tell(job_id, found)
    measure("RestoreFailed", 1 if found else 0)
    if "CompletionDate" in job:
        measure("RestoreDurationSeconds", (job["CompletionDate"] - job["CreationDate"]).total_seconds())


def judge(job: Mapping[str, Any], deadline: Deadline) -> list[str]:
    """Return one sentence for each thing that is wrong with what a restore job made; none means that it is good."""
    if job["Status"] != "COMPLETED":
        return [f"the restore ended as {job['Status']}: {job.get('StatusMessage', 'no reason given')}"]
    try:
        moment = job["RecoveryPointCreationDate"].timestamp()
        days = (time.time() - moment) / 86400
        if days > OLDEST_DAYS:
            return [f"the backup is {days:.0f} days old, and there was to be one each day"]
        return findings(_name(job["CreatedResourceArn"]), os.environ["STORE"], moment, deadline)
    except OutOfTimeError:
        return ["the check was not through when its time was over"]
    except Exception as error:  # whatever broke the check, the backup was not shown to be good
        logger.exception("the check broke")
        return [f"the check itself broke: {type(error).__name__}: {error}"]


def _waits_for_verdict(job: Mapping[str, Any]) -> bool:
    """Whether a job is one of our restore test, has ended, and has no verdict yet.

    Somebody's own restore has no plan; a cloud without restore testing (the embedded one) does not say which is ours.
    """
    plan = job.get("CreatedBy", {}).get("RestoreTestingPlanArn")
    of_a_test = plan is not None and plan == os.environ.get("RESTORE_TESTING_PLAN", plan)
    ended = job["Status"] in {"COMPLETED", "FAILED", "ABORTED"}
    return of_a_test and ended and job.get("ValidationStatus") in {None, "VALIDATING"}


def _name(arn: str) -> str:
    return arn.rsplit(":", 1)[-1].rsplit("/", 1)[-1]


def _tell(job_id: str, found: list[str]) -> None:
    more = [f"and {len(found) - SHOWN} more"] if len(found) > SHOWN else []
    aws.client("backup").put_restore_validation_result(
        RestoreJobId=job_id,
        ValidationStatus="FAILED" if found else "SUCCESSFUL",
        ValidationStatusMessage="; ".join([*found[:SHOWN], *more])[:LONGEST_MESSAGE] or GOOD,
    )
