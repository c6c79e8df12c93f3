"""A table and a bucket with their restored copies, and of AWS Backup, which moto lacks, what the validator needs."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from moto import mock_aws

from services.drive import aws, clock

START = 1_764_000_000.0
REGION = "us-west-2"
PLAN = f"arn:aws:backup:{REGION}:123456789012:restore-testing-plan:weekly"

CLIENTS: dict[Any, Any] = {}
"""Making a client takes longer than most tests; they are the same for every moto."""


class Backup:
    """AWS Backup behind a real client: parameters are checked by botocore, only the answers are made here."""

    def __init__(self) -> None:
        self.jobs: dict[str, dict[str, Any]] = {}
        self.verdicts: dict[str, tuple[str, str]] = {}
        self.metadata: dict[str, str] = {}
        self.client = boto3.client("backup", region_name=REGION)
        self.client.meta.events.register("before-call.backup", self._answer)

    def restored(self, job_id: str, kind: str, source: str, created: str, **other: Any) -> dict[str, Any]:
        now = datetime.fromtimestamp(clock.now(), UTC)
        prefix = f"arn:aws:dynamodb:{REGION}:123456789012:table/" if kind == "DynamoDB" else "arn:aws:s3:::"
        self.jobs[job_id] = {
            "RestoreJobId": job_id,
            "Status": "COMPLETED",
            "ResourceType": kind,
            "SourceResourceArn": prefix + source,
            "CreatedResourceArn": prefix + created,
            "RecoveryPointCreationDate": now,
            "CreationDate": now - timedelta(seconds=420),
            "CompletionDate": now,
            "CreatedBy": {"RestoreTestingPlanArn": PLAN},
            "ValidationStatus": "VALIDATING",
        } | other
        return {"detail": {"restoreJobId": job_id, "status": "COMPLETED"}}

    def _answer(self, model: Any, params: Any, **_: Any) -> tuple[Any, dict[str, Any]]:
        job_id = params["url_path"].split("/")[2] if params["url_path"].count("/") > 1 else ""
        if model.name == "ListRestoreJobs":
            return SimpleNamespace(status_code=200), {"RestoreJobs": list(self.jobs.values())}
        if model.name == "GetRestoreJobMetadata":
            return SimpleNamespace(status_code=200), {"Metadata": self.metadata}
        if job_id not in self.jobs:
            error = {"Error": {"Code": "ResourceNotFoundException", "Message": "no such job"}}
            return SimpleNamespace(status_code=400), error
        if model.name == "PutRestoreValidationResult":
            sent = json.loads(params["body"])
            self.verdicts[job_id] = (sent["ValidationStatus"], sent["ValidationStatusMessage"])
            self.jobs[job_id]["ValidationStatus"] = sent["ValidationStatus"]
            return SimpleNamespace(status_code=204), {}
        return SimpleNamespace(status_code=200), self.jobs[job_id]


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    moment = [START]
    monkeypatch.setattr(clock, "now", lambda: moment[0])
    return moment


@pytest.fixture
def backup(monkeypatch: pytest.MonkeyPatch) -> Iterator[Backup]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_REGION", REGION)
    monkeypatch.setenv("EXPECTATIONS_BUCKET", "expectations")
    monkeypatch.setenv("REPLICA_BUCKET", "replica")
    monkeypatch.setenv("RESTORE_TABLES", "drive,subscribers")
    monkeypatch.setenv("SUBSCRIBERS_TABLE", "subscribers")
    monkeypatch.setenv("RESTORE_BUCKETS", "files")
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "Drive")
    with mock_aws():
        monkeypatch.setattr(aws, "_clients", CLIENTS)
        made = Backup()
        real = aws.client
        monkeypatch.setattr(
            aws, "client", lambda name, *rest, **more: made.client if name == "backup" else real(name, *rest, **more)
        )
        for bucket in ("expectations", "files", "replica", "restored-files"):
            place = {"LocationConstraint": REGION}
            real("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration=place)  # type: ignore[arg-type]
        for bucket in ("files", "replica"):
            real("s3").put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        for table in ("drive", "restored-drive", "subscribers", "restored-subscribers"):
            real("dynamodb").create_table(
                TableName=table,
                BillingMode="PAY_PER_REQUEST",
                KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
                AttributeDefinitions=[
                    {"AttributeName": "pk", "AttributeType": "S"},
                    {"AttributeName": "sk", "AttributeType": "S"},
                ],
            )
        yield made
