"""AWS Backup as far as the functions ask it: moto has no restore jobs."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest import mock

from runtime import aws

PLAN = "arn:aws:backup:eu-west-1:000000000000:restore-testing-plan:ours"


class LambdaContext:
    """What Lambda tells a function: how much time is left."""

    def __init__(self, seconds: float = 900) -> None:
        self._seconds = seconds

    def get_remaining_time_in_millis(self) -> int:
        """As Lambda does."""
        return int(self._seconds * 1000)


class FakeBackup:
    """Restore jobs, and what was said of them."""

    def __init__(self) -> None:
        self.jobs: dict[str, dict[str, Any]] = {}
        self.verdicts: list[tuple[str, str]] = []
        self.vault_made = datetime.now(UTC)

    def add_job(self, created: str, **changes: Any) -> str:
        """Add a job of the restore test that made `created` (an ARN) of a backup of this minute; return its id."""
        now = datetime.now(UTC)
        job_id = f"job-{len(self.jobs)}"
        self.jobs[job_id] = {
            "RestoreJobId": job_id,
            "Status": "COMPLETED",
            "CreatedBy": {"RestoreTestingPlanArn": PLAN},
            "CreatedResourceArn": created,
            "RecoveryPointCreationDate": now,
            "CreationDate": now - timedelta(minutes=10),
            "CompletionDate": now,
            "ValidationStatus": "VALIDATING",
            **changes,
        }
        return job_id

    def describe_restore_job(self, **asked: str) -> dict[str, Any]:
        return self.jobs[asked["RestoreJobId"]]

    def put_restore_validation_result(self, **said: str) -> None:
        self.jobs[said["RestoreJobId"]]["ValidationStatus"] = said["ValidationStatus"]
        self.verdicts.append((said["ValidationStatus"], said["ValidationStatusMessage"]))

    def get_paginator(self, _name: str) -> "FakeBackup":
        return self

    def paginate(self, **asked: Any) -> Iterator[dict[str, Any]]:
        plan = asked.get("ByRestoreTestingPlanArn", PLAN)
        jobs = [job for job in self.jobs.values() if job["CreatedBy"].get("RestoreTestingPlanArn") == plan]
        yield {"RestoreJobs": jobs}

    def describe_backup_vault(self, **_asked: str) -> dict[str, Any]:
        return {"CreationDate": self.vault_made}


@contextmanager
def faked() -> Iterator[FakeBackup]:
    """Put a fake in the place of AWS Backup; all other clients stay what they are."""
    fake, real = FakeBackup(), aws.client
    real.cache_clear()

    def client(service: str, region: str | None = None) -> Any:
        return fake if service == "backup" else real(service, region)

    with mock.patch.object(aws, "client", client):
        yield fake
