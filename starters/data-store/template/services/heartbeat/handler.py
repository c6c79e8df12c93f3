"""Each hour: writes down what a backup has to contain, and says how long ago a restore was last found good.

Environment: SERVICE; STORE, the table, bucket or database of this region; BEATS, empty where it gets none;
VAULT; RESTORE_TESTING_PLAN, the ARN of the plan whose restores count.
"""

import os
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from runtime import aws
from runtime.metrics import measure
from store.watching import beat

REMEMBERED = timedelta(days=30)
"""AWS Backup forgets its jobs after that."""


def handle(_event: Mapping[str, Any], _context: Any) -> None:
    """Raise what goes wrong: the call is repeated, and in the end lies in the queue of what was missed."""
    measure("DaysSinceGoodRestore", (_now() - last_good_restore()) / timedelta(days=1))
    if os.environ["BEATS"]:
        beat(os.environ["STORE"])


def last_good_restore() -> datetime:
    """Return when a restore was last found good; before the first one, when the vault was made."""
    found: list[datetime] = [job["CompletionDate"] for job in _tests() if job.get("ValidationStatus") == "SUCCESSFUL"]
    if not found:
        vault = aws.client("backup").describe_backup_vault(BackupVaultName=os.environ["VAULT"])
        found.append(vault["CreationDate"])
    return max(found)


def _tests() -> Iterator[Mapping[str, Any]]:
    asked: dict[str, Any] = {"ByStatus": "COMPLETED", "ByCompleteAfter": _now() - REMEMBERED}
    # A cloud without restore testing (the embedded one) has no plan to name.
    if plan := os.environ.get("RESTORE_TESTING_PLAN"):
        asked["ByRestoreTestingPlanArn"] = plan
    for page in aws.client("backup").get_paginator("list_restore_jobs").paginate(**asked):
        yield from page["RestoreJobs"]


def _now() -> datetime:
    return datetime.now(UTC)
