"""Backups made, restored and judged as the drive does it every week: for the drills and, by the same calls, on AWS.

The validator is the deployed one: AWS Backup's event starts it (embedded_cloud/restore_jobs.py sends that on the
embedded cloud), it runs with its own role, and its verdict is read from the restore job.
"""

import json
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

from drills.drill import CouldNotRun
from drills.frame.plan import Design
from embedded_cloud.restore_jobs import OF_A_TEST

if TYPE_CHECKING:
    from drills.frame.running import Drive

TABLES = ("drive", "subscribers")
BUCKETS = ("files", "golden")
"""What the restore tests restore (stacks/patterns/restore_test.py)."""

PATIENCE = 180.0
"""Seconds for a restore and for its verdict, on the embedded cloud."""
PAUSE = 0.2
EVIDENCE_WITHIN = 30.0
ATTEMPTS = 3
"""As often Lambda tries what a schedule starts (AWS Lambda Developer Guide, "Asynchronous invocation")."""


class Place(Protocol):
    """Where it happens: the running drive of a drill, or an account."""

    @property
    def design(self) -> Design:
        """The drive's."""

    @property
    def account(self) -> str:
        """The account's number."""

    def client(self, service: str, region: str | None = None) -> Any:
        """Return a client of a region."""

    def bucket(self, role: str, region: str | None = None) -> str:
        """Return a bucket's name."""


@dataclass(frozen=True)
class Source:
    """A table or a bucket that is backed up."""

    kind: Literal["table", "bucket"]
    role: str
    region: str
    name: str
    arn: str

    def __str__(self) -> str:
        return f"{self.kind} {self.role} in {self.region}"


@dataclass(frozen=True)
class Restored:
    """What came of a restore: its name, how long it took, and what the validator says of it."""

    source: Source
    name: str
    seconds: float
    verdict: str
    message: str

    @property
    def good(self) -> bool:
        """Whether the validator found it as it was written down."""
        return self.verdict == "SUCCESSFUL"


def sources(place: Place, region: str) -> list[Source]:
    """Return everything of a region whose restore is tested."""
    prefix = f"arn:aws:dynamodb:{region}:{place.account}:table"
    named = {role: place.design.name(role) for role in TABLES}
    tables = [Source("table", role, region, name, f"{prefix}/{name}") for role, name in named.items()]
    names = {role: place.bucket(role, region) for role in BUCKETS}
    return tables + [Source("bucket", role, region, name, f"arn:aws:s3:::{name}") for role, name in names.items()]


def write_expectations(place: Place, region: str) -> None:
    """Have the deployed function write down what a restore will have to contain. Raises CouldNotRun."""
    function = f"{place.design.name('restore-expectations')}:live"
    for _ in range(ATTEMPTS):
        answer = place.client("lambda", region).invoke(FunctionName=function, Payload=b"{}")
        if "FunctionError" not in answer:
            return
    message = f"{function} failed {ATTEMPTS} times: {answer['Payload'].read()[:500]!r}"
    raise CouldNotRun(message)


def back_up(place: Place, source: Source, *, patience: float = PATIENCE) -> str:
    """Back a source up into the region's vault and return the recovery point. Raises CouldNotRun."""
    backup = place.client("backup", source.region)
    job = backup.start_backup_job(
        BackupVaultName=place.design.name("vault"), ResourceArn=source.arn, IamRoleArn=role_of(place, source)
    )["BackupJobId"]
    ended = _wait(lambda: backup.describe_backup_job(BackupJobId=job), "State", f"the backup of {source}", patience)
    return str(ended["RecoveryPointArn"])


def restore(place: Place, source: Source, point: str, name: str, *, patience: float = PATIENCE) -> dict[str, Any]:
    """Restore a recovery point into a new table or bucket; return the ended job. Raises CouldNotRun."""
    backup = place.client("backup", source.region)
    job = backup.start_restore_job(
        RecoveryPointArn=point,
        Metadata=metadata_of(source, name),
        IamRoleArn=role_of(place, source),
        ResourceType="DynamoDB" if source.kind == "table" else "S3",
    )["RestoreJobId"]
    return _wait(lambda: backup.describe_restore_job(RestoreJobId=job), "Status", f"the restore of {source}", patience)


def metadata_of(source: Source, name: str) -> dict[str, str]:
    """Return what AWS Backup is told about a restore into a new table or bucket."""
    if source.kind == "table":
        return {"targetTableName": name, "encryptionType": "Default"}
    return {"DestinationBucketName": name, "NewBucket": "true", "Encrypted": "false"}


def try_restore(drive: "Drive", source: Source, point: str, spoil: Callable[[str], None] | None = None) -> Restored:
    """Restore for a test and return the deployed validator's verdict.

    With `spoil`, the restored copy (its name is given) is damaged before the validator looks at it.
    """
    name = f"{OF_A_TEST}{uuid.uuid4().hex[:12]}"
    if spoil is None:
        job = restore(drive, source, point, name)
    else:
        with validator_held_back(drive, source.region):
            job = restore(drive, source, point, name)
            spoil(name)
        event = {"detail": {"restoreJobId": job["RestoreJobId"], "status": job["Status"]}}
        validator = f"{drive.design.name('restore-validator')}:live"
        drive.client("lambda", source.region).invoke(FunctionName=validator, Payload=json.dumps(event).encode())
    judged = _verdict(drive, source, job["RestoreJobId"])
    took = (judged["CompletionDate"] - judged["CreationDate"]).total_seconds()
    return Restored(source, name, took, judged["ValidationStatus"], judged.get("ValidationStatusMessage", ""))


@contextmanager
def validator_held_back(drive: "Drive", region: str) -> Iterator[None]:
    """Keep the rule that starts the validator from firing."""
    rules = [rule for rule in drive.deployed.stack("Backups", region).resources("AWS::Events::Rule")
             if "aws.backup" in rule.properties.get("EventPattern", {}).get("source", [])]  # fmt: skip
    events = drive.client("events", region)
    names = [str(rule.physical).rsplit("/", 1)[-1].rsplit("|", 1)[-1] for rule in rules]
    for name in names:
        events.disable_rule(Name=name)
    try:
        yield
    finally:
        for name in names:
            events.enable_rule(Name=name)


def evidence(drive: "Drive", one: Restored, since: float) -> bool:
    """Return whether the validator wrote down that a source was restored well, since a moment (seconds UTC).

    It does so after its verdict, so that there is something to wait for.
    """
    s3, bucket = drive.client("s3", one.source.region), drive.bucket("expectations", one.source.region)
    deadline = time.monotonic() + (EVIDENCE_WITHIN if one.good else 0)
    while True:
        try:
            found = s3.get_object(Bucket=bucket, Key=f"good/{one.source.kind}/{one.source.name}.json")
            if json.loads(found["Body"].read())["at"] / 1000 >= since:
                return True
        except s3.exceptions.NoSuchKey:
            pass
        if time.monotonic() > deadline:
            return False
        time.sleep(PAUSE)


def remove(place: Place, source: Source, name: str) -> None:
    """Delete what was restored."""
    if source.kind == "table":
        place.client("dynamodb", source.region).delete_table(TableName=name)
        return
    s3 = place.client("s3", source.region)
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=name):
        for version in [*page.get("Versions", []), *page.get("DeleteMarkers", [])]:
            s3.delete_object(Bucket=name, Key=version["Key"], VersionId=version["VersionId"])
    s3.delete_bucket(Bucket=name)


def role_of(place: Place, source: Source) -> str:
    """Return the role that a region's backups and restores are made with."""
    return f"arn:aws:iam::{place.account}:role/{place.design.name('backup')}-{source.region}"


def _wait(look: Callable[[], dict[str, Any]], state: str, what: str, patience: float) -> dict[str, Any]:
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        job = look()
        if job[state] == "COMPLETED":
            return job
        if job[state] in {"FAILED", "ABORTED"}:
            message = f"{what} ended as {job[state]}: {job.get('StatusMessage', 'no reason given')}"
            raise CouldNotRun(message)
        time.sleep(PAUSE)
    message = f"{what} was not through after {patience:g} s"
    raise CouldNotRun(message)


def _verdict(drive: "Drive", source: Source, job: str) -> dict[str, Any]:
    """Wait for the validator's verdict; one that never comes is a verdict too."""
    backup = drive.client("backup", source.region)
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        found: dict[str, Any] = backup.describe_restore_job(RestoreJobId=job)
        if found.get("ValidationStatus") in {"SUCCESSFUL", "FAILED"}:
            return found
        time.sleep(PAUSE)
    return found | {"ValidationStatus": "TIMED_OUT", "ValidationStatusMessage": "the validator said nothing"}
