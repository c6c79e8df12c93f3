"""`make restore`: makes a new table, bucket or database out of a backup. The one in use stays as it is.

Needs the credentials of somebody who may restore; README.md#runbook-restore says what comes before and after.
"""

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from runtime import aws
from store import restoring

READY = {"COMPLETED", "AVAILABLE"}
"""The states of a backup that can be restored; a continuous one is never completed."""


@dataclass(frozen=True)
class Backup:
    """A backup in the vault."""

    arn: str
    made: datetime


class CannotRestoreError(Exception):
    """Why nothing was restored."""


def newest_backup(service: str, region: str, before: datetime) -> Backup:
    """Return the newest backup made before a moment. Raises CannotRestoreError when there is none."""
    vault = f"{service}-vault"
    pages = aws.client("backup", region).get_paginator("list_recovery_points_by_backup_vault")
    found = [
        Backup(point["RecoveryPointArn"], point["CreationDate"])
        for page in pages.paginate(BackupVaultName=vault, ByCreatedBefore=before)
        for point in page["RecoveryPoints"]
        if point["Status"] in READY
    ]
    if not found:
        raise CannotRestoreError(f"{vault} in {region} holds no backup from before {before:%Y-%m-%d %H:%M} UTC")
    return max(found, key=lambda backup: backup.made)


def restore(
    service: str, region: str, backup: str, to: str, *, tell: Callable[[str], None] = print, pause: float = 10
) -> None:
    """Restore a backup, by its ARN, into something new called `to`, and protect that. It may take hours.

    Raises CannotRestoreError when AWS Backup gives up.
    """
    client = aws.client("backup", region)
    caller = aws.client("sts", region).get_caller_identity()
    partition, account = caller["Arn"].split(":")[1], caller["Account"]
    job = client.start_restore_job(
        RecoveryPointArn=backup,
        Metadata=restoring.metadata(service, region, to),
        IamRoleArn=f"arn:{partition}:iam::{account}:role/{service}-backup-{region}",
        ResourceType=restoring.KIND,
    )["RestoreJobId"]
    tell(f"Restore job {job} makes {to} in {region}.")
    said = ""
    while (found := client.describe_restore_job(RestoreJobId=job))["Status"] in {"PENDING", "RUNNING"}:
        if (done := found.get("PercentDone", "")) != said:
            said = done
            tell(f"  {done}")
        time.sleep(pause)
    if found["Status"] != "COMPLETED":
        why = found.get("StatusMessage", "no reason given")
        raise CannotRestoreError(f"job {job} ended as {found['Status']}: {why}")
    restoring.protect(service, region, to)
    tell(f"{to} is there. {restoring.NEXT}")


def main() -> int:
    """Restore what the command line says; return the exit code."""
    parser = argparse.ArgumentParser(prog="make restore", description=__doc__)
    parser.add_argument("--service", required=True)
    parser.add_argument("--region", required=True, help="where the backup is, and what is restored will be")
    parser.add_argument("--before", help="the newest backup from before then, UTC, such as 2026-01-31T14:00")
    parser.add_argument("--backup", help="a certain backup, by the ARN of its recovery point; otherwise the newest")
    parser.add_argument("--to", help="the name of what is restored; otherwise the service's name and the time")
    given = parser.parse_args()
    now = datetime.now(UTC)
    try:
        backup = given.backup
        if not backup:
            before = datetime.fromisoformat(given.before).replace(tzinfo=UTC) if given.before else now
            newest = newest_backup(given.service, given.region, before)
            print(f"The backup is of {newest.made:%Y-%m-%d %H:%M} UTC.")
            backup = newest.arn
        restore(given.service, given.region, backup, given.to or f"{given.service}-{now:%Y%m%d-%H%M}")
    except (CannotRestoreError, ValueError) as error:
        print(f"make restore: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
