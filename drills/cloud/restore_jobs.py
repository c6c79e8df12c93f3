"""AWS Backup's backup and restore jobs, of tables and buckets: what is backed up here can be restored.

Ministack completes a backup job and keeps nothing, and has no restore jobs. Simulation: a table's backup is DynamoDB's
own, a real snapshot; a bucket's is the list of the versions that are current, which a restore copies. A restore into a
name that restore testing uses counts as one of a restore test: its event starts the validator, whose verdict is kept.

Not simulated: vaults, their locks and copies, what the backup role may do, and the time that AWS Backup takes.
"""

import asyncio
import json
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from drills.cloud import pinned
from drills.cloud.emulator import ROOT_KEY

Answer = tuple[int, dict[str, str], bytes]
Job = dict[str, Any]
Versions = dict[str, str]

KINDS = {"dynamodb": "DynamoDB", "s3": "S3"}
OF_A_TEST = "awsbackup-restore-test-"
"""How the names begin under which AWS Backup restores for a test (AWS Backup Developer Guide, "Restore testing")."""
PLAN = "arn:aws:backup:{region}:{account}:restore-testing-plan:drill"


@dataclass(frozen=True)
class RecoveryPoint:
    """What a restore starts from; `versions` of a bucket: key and version id."""

    kind: str
    source_arn: str
    made_at: float
    versions: Versions


class RestoreJobs:
    """Put into ministack by `install`. Jobs and recovery points live as long as the process."""

    def __init__(self, endpoints: Mapping[str, str]) -> None:
        self._endpoints = endpoints
        self._points: dict[str, RecoveryPoint] = {}
        self._jobs: dict[tuple[str, str], Job] = {}
        self._responses: Any = None
        self._clients = threading.Lock()

    def install(self) -> None:
        """Answers what ministack's AWS Backup has no route for, and gives its backup jobs something to restore."""
        self._responses = pinned.module("core.responses")
        pinned.present("services.backup", "_jobs", "_err", "_ok")
        pinned.original("services.eventbridge", "_put_events", "data allow_aws_source")
        parameters = "method path headers body_bytes query_params"
        pinned.replace("services.backup", "handle_request", parameters, self._answering)

    def _answering(self, original: Callable[..., Any]) -> Callable[..., Any]:
        async def answer(method: str, path: str, headers: Any, body_bytes: bytes, query_params: Any) -> Answer:
            place = self._responses.get_account_id(), self._responses.get_region()
            match method, *path.strip("/").split("/"):
                case "PUT", "backup-jobs":
                    answered: Answer = await original(method, path, headers, body_bytes, query_params)
                    return await asyncio.to_thread(self._backed_up, answered, json.loads(body_bytes), place)
                case "PUT", "restore-jobs":
                    return self._start(json.loads(body_bytes), place)
                case "GET", "restore-jobs":
                    return self._list(query_params, place[1])
                case "GET", "restore-jobs", job:
                    return self._found(place[1], job, shown)
                case "GET", "restore-jobs", job, "metadata":
                    return self._found(place[1], job, lambda found: {"Metadata": found["Metadata"]})
                case "PUT", "restore-jobs", job, "validations":
                    return self._judged(place[1], job, json.loads(body_bytes))
            unchanged: Answer = await original(method, path, headers, body_bytes, query_params)
            return unchanged

        return answer

    def _backed_up(self, answered: Answer, asked: Mapping[str, Any], place: tuple[str, str]) -> Answer:
        status, headers, body = answered
        if status != 200:
            return answered
        started = json.loads(body)
        source, region = asked["ResourceArn"], place[1]
        kind = KINDS[source.split(":")[2]]
        arn, versions = started["RecoveryPointArn"], {}
        if kind == "DynamoDB":
            name = f"backup-{uuid.uuid4().hex}"
            made = self._client("dynamodb", region).create_backup(TableName=named(source), BackupName=name)
            arn = made["BackupDetails"]["BackupArn"]
        else:
            versions = self._current(named(source), region)
        self._points[arn] = RecoveryPoint(kind, source, time.time(), versions)
        with self._responses.request_scope(*place):
            pinned.module("services.backup")._jobs[started["BackupJobId"]]["RecoveryPointArn"] = arn
        return status, headers, json.dumps(started | {"RecoveryPointArn": arn}).encode()

    def _current(self, bucket: str, region: str) -> Versions:
        pages = self._client("s3", region).get_paginator("list_object_versions").paginate(Bucket=bucket)
        found = [version for page in pages for version in page.get("Versions", [])]
        return {version["Key"]: version["VersionId"] for version in found if version["IsLatest"]}

    def _start(self, asked: Mapping[str, Any], place: tuple[str, str]) -> Answer:
        account, region = place
        point = self._points.get(asked["RecoveryPointArn"])
        if point is None:
            return refused("ResourceNotFoundException", f"no recovery point {asked['RecoveryPointArn']}")
        metadata = dict(asked["Metadata"])
        target = metadata.get("targetTableName") or metadata["DestinationBucketName"]
        tested = {"RestoreTestingPlanArn": PLAN.format(region=region, account=account)}
        kind = f"dynamodb:{region}:{account}:table/" if point.kind == "DynamoDB" else "s3:::"
        job = {
            "AccountId": account,
            "RestoreJobId": str(uuid.uuid4()),
            "RecoveryPointArn": asked["RecoveryPointArn"],
            "SourceResourceArn": point.source_arn,
            "RecoveryPointCreationDate": point.made_at,
            "CreationDate": time.time(),
            "CreatedBy": tested if target.startswith(OF_A_TEST) else {},
            "CreatedResourceArn": f"arn:aws:{kind}{target}",
            "IamRoleArn": asked.get("IamRoleArn", ""),
            "ResourceType": point.kind,
            "Status": "RUNNING",
            "Metadata": metadata,
        }
        self._jobs[region, job["RestoreJobId"]] = job
        threading.Thread(target=self._restore, args=(job, point, target, place), daemon=True).start()
        return answered_with({"RestoreJobId": job["RestoreJobId"]})

    def _restore(self, job: Job, point: RecoveryPoint, target: str, place: tuple[str, str]) -> None:
        try:
            if point.kind == "DynamoDB":
                self._client("dynamodb", place[1]).restore_table_from_backup(
                    TargetTableName=target, BackupArn=job["RecoveryPointArn"]
                )
            else:
                self._restore_bucket(point, target, place[1])
            ended = {"Status": "COMPLETED", "PercentDone": "100.00%"}
        except Exception as error:  # noqa: BLE001 - whatever went wrong, AWS Backup says so in the job
            ended = {"Status": "FAILED", "StatusMessage": f"{type(error).__name__}: {error}"}
        if job["CreatedBy"] and ended["Status"] == "COMPLETED":
            ended["ValidationStatus"] = "VALIDATING"
        job |= {**ended, "CompletionDate": time.time()}
        detail = {"restoreJobId": job["RestoreJobId"], "status": job["Status"], "resourceType": job["ResourceType"]}
        if plan := job["CreatedBy"].get("RestoreTestingPlanArn"):
            detail["restoreTestingPlanArn"] = plan
        event = {"Source": "aws.backup", "DetailType": "Restore Job State Change", "Detail": json.dumps(detail)}
        with self._responses.request_scope(*place):
            pinned.module("services.eventbridge")._put_events({"Entries": [event]}, allow_aws_source=True)

    def _restore_bucket(self, point: RecoveryPoint, target: str, region: str) -> None:
        s3, source = self._client("s3", region), named(point.source_arn)
        s3.create_bucket(Bucket=target, CreateBucketConfiguration={"LocationConstraint": region})
        s3.put_bucket_versioning(Bucket=target, VersioningConfiguration={"Status": "Enabled"})
        for key, version in point.versions.items():
            s3.copy_object(Bucket=target, Key=key, CopySource={"Bucket": source, "Key": key, "VersionId": version})

    def _list(self, asked: Mapping[str, Any], region: str) -> Answer:
        wanted = {name: value[0] if isinstance(value, list) else value for name, value in asked.items()}
        found = [job for (of_region, _), job in self._jobs.items() if of_region == region]
        if "status" in wanted:
            found = [job for job in found if job["Status"] == wanted["status"]]
        return answered_with({"RestoreJobs": [shown(job) for job in found]})

    def _judged(self, region: str, job: str, verdict: Mapping[str, Any]) -> Answer:
        def judge(found: Job) -> Mapping[str, Any] | None:
            if found.get("ValidationStatus") != "VALIDATING":
                return None
            found.update(
                ValidationStatus=verdict["ValidationStatus"],
                ValidationStatusMessage=verdict.get("ValidationStatusMessage", ""),
            )
            return {}

        return self._found(region, job, judge)

    def _found(self, region: str, job: str, use: Callable[[Job], Mapping[str, Any] | None]) -> Answer:
        found = self._jobs.get((region, job))
        if found is None:
            return refused("ResourceNotFoundException", f"Restore job '{job}' not found.")
        answer = use(found)
        if answer is None:
            return refused("InvalidRequestException", f"Restore job '{job}' awaits no verdict.")
        return answered_with(answer)

    def _client(self, service: str, region: str) -> Any:
        import boto3

        with self._clients:  # not to be made by two threads at once
            return boto3.session.Session(ROOT_KEY, ROOT_KEY, region_name=region).client(
                service, endpoint_url=self._endpoints[region]
            )


def shown(job: Job) -> Job:
    """What DescribeRestoreJob and ListRestoreJobs say of a job."""
    return {name: value for name, value in job.items() if name != "Metadata"}


def named(arn: str) -> str:
    """The name of a table or a bucket."""
    return arn.rsplit(":", 1)[-1].rsplit("/", 1)[-1]


def answered_with(content: Mapping[str, Any]) -> Answer:
    """An answer in ministack's form."""
    return 200, {"Content-Type": "application/json"}, json.dumps(content).encode()


def refused(code: str, message: str) -> Answer:
    """A refusal in ministack's form."""
    status, headers, body = pinned.module("services.backup")._err(code, message)
    return status, headers, body
