"""AWS Backup's backup and restore jobs, of tables, buckets and database clusters: what is backed up can be restored.

Ministack completes a backup job and keeps nothing, and has no restore jobs. Simulation: recovery_points.py says what is
kept of each kind. A restore into a name that restore testing uses counts as one of a restore test: its event starts the
validator, whose verdict is kept.

Not simulated: vaults' locks and copies, what the backup role may do, and the time that AWS Backup takes.
"""

import asyncio
import json
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

from embedded_cloud import pinned
from embedded_cloud.recovery_points import TARGETS, Place, RecoveryPoint, Stores, created_arn

Answer = tuple[int, dict[str, str], bytes]
Job = dict[str, Any]

OF_A_TEST = "awsbackup-restore-test-"
"""How the names begin under which AWS Backup restores for a test (AWS Backup Developer Guide, "Restore testing")."""
PLAN = "arn:aws:backup:{region}:{account}:restore-testing-plan:drill"


class RestoreJobs:
    """Put into ministack by `install`. Jobs and recovery points live as long as the process."""

    def __init__(self, endpoints: Mapping[str, str]) -> None:
        self._stores = Stores(endpoints)
        self._points: dict[str, RecoveryPoint] = {}
        self._jobs: dict[tuple[str, str], Job] = {}
        self._responses: Any = None

    def install(self) -> None:
        """Answers what ministack's AWS Backup has no route for, and gives its backup jobs something to restore."""
        self._responses = pinned.module("core.responses")
        pinned.present("services.backup", "_jobs", "_err", "_ok")
        pinned.original("services.eventbridge", "_put_events", "data allow_aws_source")
        self._stores.install()
        parameters = "method path headers body_bytes query_params"
        pinned.replace("services.backup", "handle_request", parameters, self._answering)

    def _answering(self, original: Callable[..., Any]) -> Callable[..., Any]:
        async def answer(method: str, path: str, headers: Any, body_bytes: bytes, query_params: Any) -> Answer:
            place = self._responses.get_account_id(), self._responses.get_region()
            asked = unquote(path).strip("/").split("/")
            own = self._ours(method, asked, body_bytes, query_params, place)
            if own is not None:
                return own
            answered: Answer = await original(method, path, headers, body_bytes, query_params)
            if (method, asked) == ("PUT", ["backup-jobs"]):
                return await asyncio.to_thread(self._backed_up, answered, json.loads(body_bytes), place)
            return answered

        return answer

    def _ours(self, method: str, asked: list[str], body: bytes, query: dict[str, Any], place: Place) -> Answer | None:
        match method, *asked:
            case "PUT", "restore-jobs":
                return self._start(json.loads(body), place)
            case "GET", "restore-jobs":
                return self._list(query, place[1])
            case "GET", "restore-jobs", job:
                return self._found(place[1], job, shown)
            case "GET", "restore-jobs", job, "metadata":
                return self._found(place[1], job, lambda found: {"Metadata": found["Metadata"]})
            case "PUT", "restore-jobs", job, "validations":
                return self._judged(place[1], job, json.loads(body))
            case "GET", "backup-vaults", vault, "recovery-points", *point if self._points:
                return self._kept_in(vault, "/".join(point), query, place)
            case "GET", "resources", *resource, "recovery-points" if self._points:
                return self._kept_of("/".join(resource), place)
        return None

    def _backed_up(self, answered: Answer, asked: Mapping[str, Any], place: Place) -> Answer:
        status, headers, body = answered
        if status != 200:
            return answered
        started = json.loads(body)
        try:
            made = self._stores.kept(
                asked["ResourceArn"], started["RecoveryPointArn"], asked.get("BackupVaultName", ""), place
            )
        except Exception as error:  # noqa: BLE001 - whatever went wrong, AWS Backup says so
            return refused("InvalidParameterValueException", f"{asked['ResourceArn']} cannot be backed up: {error}")
        if made is None:
            return answered
        self._points[made.arn] = made
        with self._responses.request_scope(*place):
            pinned.module("services.backup")._jobs[started["BackupJobId"]]["RecoveryPointArn"] = made.arn
        return status, headers, json.dumps(started | {"RecoveryPointArn": made.arn}).encode()

    def _kept_in(self, vault: str, point: str, asked: Mapping[str, Any], place: Place) -> Answer:
        if point.endswith("/restore-metadata"):
            return self._known(point.removesuffix("/restore-metadata"), restore_metadata)
        if point:
            return self._known(point, lambda found: found.shown(place[0]))
        wanted = first_values(asked)
        found = [one for one in self._points.values() if (one.vault, one.region) == (vault, place[1])]
        return self._listed([one for one in found if is_wanted(one, wanted)], place)

    def _kept_of(self, resource: str, place: Place) -> Answer:
        of_it = [one for one in self._points.values() if (one.source_arn, one.region) == (resource, place[1])]
        return self._listed(of_it, place)

    def _known(self, arn: str, use: Callable[[RecoveryPoint], Mapping[str, Any]]) -> Answer:
        point = self._points.get(arn)
        if point is None:
            return refused("ResourceNotFoundException", f"no recovery point {arn}")
        return answered_with(use(point))

    def _listed(self, points: Iterable[RecoveryPoint], place: Place) -> Answer:
        latest_first = sorted(points, key=lambda point: -point.made_at)
        return answered_with({"RecoveryPoints": [point.shown(place[0]) for point in latest_first]})

    def _start(self, asked: Mapping[str, Any], place: Place) -> Answer:
        account, region = place
        point = self._points.get(asked["RecoveryPointArn"])
        if point is None:
            return refused("ResourceNotFoundException", f"no recovery point {asked['RecoveryPointArn']}")
        metadata = dict(asked["Metadata"])
        target = metadata.get(TARGETS[point.kind])
        if not target:
            return refused("InvalidParameterValueException", f"the metadata lack {TARGETS[point.kind]}")
        tested = {"RestoreTestingPlanArn": PLAN.format(region=region, account=account)}
        job = {
            "AccountId": account,
            "RestoreJobId": str(uuid.uuid4()),
            "RecoveryPointArn": point.arn,
            "SourceResourceArn": point.source_arn,
            "RecoveryPointCreationDate": point.made_at,
            "CreationDate": time.time(),
            "CreatedBy": tested if target.startswith(OF_A_TEST) else {},
            "CreatedResourceArn": created_arn(point.kind, target, place),
            "IamRoleArn": asked.get("IamRoleArn", ""),
            "ResourceType": point.kind,
            "Status": "RUNNING",
            "Metadata": metadata,
        }
        self._jobs[region, job["RestoreJobId"]] = job
        threading.Thread(target=self._restore, args=(job, point, target, place), daemon=True).start()
        return answered_with({"RestoreJobId": job["RestoreJobId"]})

    def _restore(self, job: Job, point: RecoveryPoint, target: str, place: Place) -> None:
        try:
            self._stores.restore(point, target, place)
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

    def _list(self, asked: Mapping[str, Any], region: str) -> Answer:
        wanted = first_values(asked)
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


def shown(job: Job) -> Job:
    """What DescribeRestoreJob and ListRestoreJobs say of a job."""
    return {name: value for name, value in job.items() if name != "Metadata"}


def restore_metadata(point: RecoveryPoint) -> Mapping[str, Any]:
    """What GetRecoveryPointRestoreMetadata says: which name a restore has to be given."""
    return {"RecoveryPointArn": point.arn, "RestoreMetadata": {TARGETS[point.kind]: ""}, "ResourceType": point.kind}


def is_wanted(point: RecoveryPoint, wanted: Mapping[str, str]) -> bool:
    """Whether a list with these filters has a recovery point."""
    if wanted.get("resourceArn", point.source_arn) != point.source_arn:
        return False
    if wanted.get("resourceType", point.kind) != point.kind:
        return False
    after, before = (moment(wanted[name]) if name in wanted else None for name in ("createdAfter", "createdBefore"))
    return (after is None or point.made_at > after) and (before is None or point.made_at < before)


def moment(text: str) -> float:
    """The seconds of a timestamp in a query."""
    read = datetime.fromisoformat(text)
    return (read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp()


def first_values(asked: Mapping[str, Any]) -> dict[str, str]:
    """The parameters of a query, each once."""
    return {name: value[0] if isinstance(value, list) else value for name, value in asked.items()}


def answered_with(content: Mapping[str, Any]) -> Answer:
    """An answer in ministack's form."""
    return 200, {"Content-Type": "application/json"}, json.dumps(content).encode()


def refused(code: str, message: str) -> Answer:
    """A refusal in ministack's form."""
    status, headers, body = pinned.module("services.backup")._err(code, message)
    return status, headers, body
