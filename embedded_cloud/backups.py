"""Backs up and restores in the embedded cloud, as `aws backup` would: on demand, and as a restore test.

    point = back_up(cloud, "eu-west-1", table_arn, vault="orders")
    job = restore(cloud, "eu-west-1", point, "awsbackup-restore-test-1")
    verdict(cloud, "eu-west-1", job)

Simulation: restore_jobs.py.
"""

import time
from typing import Any

from embedded_cloud.embedded import ACCOUNT, EmbeddedCloud
from embedded_cloud.recovery_points import TARGETS

WAIT_SECONDS = 60.0
PAUSE_SECONDS = 0.1


class RestoreFailed(RuntimeError):
    """A restore job failed, or nobody judged it in time; the message says which and why."""


def back_up(cloud: EmbeddedCloud, region: str, arn: str, *, vault: str) -> str:
    """Back up a table, a bucket or a database cluster; return the ARN of the recovery point.

    Raises botocore's ClientError when there is no such vault, or nothing to back up.
    """
    role = f"arn:aws:iam::{ACCOUNT}:role/backup"
    client = cloud.client("backup", region)
    started = client.start_backup_job(BackupVaultName=vault, ResourceArn=arn, IamRoleArn=role)
    return str(started["RecoveryPointArn"])


def restore(cloud: EmbeddedCloud, region: str, point: str, name: str, *, wait_seconds: float = WAIT_SECONDS) -> Any:
    """Restore a recovery point under a new name and return the job, completed. Raises RestoreFailed.

    A name that begins with "awsbackup-restore-test-" is restored as AWS Backup's restore testing does it: the event
    says so, and somebody is expected to judge.
    """
    client = cloud.client("backup", region)
    metadata = dict.fromkeys(TARGETS.values(), name)
    job = client.start_restore_job(RecoveryPointArn=point, Metadata=metadata)["RestoreJobId"]
    deadline = time.monotonic() + wait_seconds
    while (found := client.describe_restore_job(RestoreJobId=job))["Status"] in {"PENDING", "RUNNING"}:
        if time.monotonic() > deadline:
            raise RestoreFailed(f"{name} was not restored within {wait_seconds:g} s")
        time.sleep(PAUSE_SECONDS)
    if found["Status"] != "COMPLETED":
        raise RestoreFailed(f"{name} was not restored: {found.get('StatusMessage', found['Status'])}")
    return found


def verdict(cloud: EmbeddedCloud, region: str, job: Any, *, wait_seconds: float = WAIT_SECONDS) -> tuple[str, str]:
    """Wait until a restored test is judged; return "SUCCESSFUL" or "FAILED", and why. Raises RestoreFailed."""
    client = cloud.client("backup", region)
    deadline = time.monotonic() + wait_seconds
    while time.monotonic() < deadline:
        found = client.describe_restore_job(RestoreJobId=job["RestoreJobId"])
        status = found.get("ValidationStatus")
        if status in {"SUCCESSFUL", "FAILED"}:
            return status, found.get("ValidationStatusMessage", "")
        time.sleep(PAUSE_SECONDS)
    raise RestoreFailed(f"nobody judged {job['CreatedResourceArn']} within {wait_seconds:g} s")
