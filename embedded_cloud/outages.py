"""Takes regions away, refuses control planes and single actions: the faults of the drills.

A region that is down (simulation): its listener is closed; whoever reaches it through another region's listener waits
and is cut off without an answer; its functions' processes are killed; its pollers, streams, schedules and invocations
stand still until it comes back. What was stored stays, as it does when a region loses its power and gets it back.
"""

import contextlib
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from embedded_cloud import pinned

EVERYWHERE = "*"
LONGEST_START_SECONDS = 10.0

# What goes on when control planes are lost: reading and writing data, messages, invocations, levers, signals, secrets.
# S3's object actions are in `is_data_plane`. Names are those of IAM actions: that is what ministack finds.
DATA_PLANE = {
    "s3": {"ListBucket", "ListBucketVersions", "ListBucketMultipartUploads"},
    "dynamodb": {
        *("GetItem", "PutItem", "UpdateItem", "DeleteItem", "Query", "Scan", "BatchGetItem", "BatchWriteItem"),
        *("TransactGetItems", "TransactWriteItems", "ConditionCheckItem", "GetRecords", "GetShardIterator"),
    },
    "sqs": {
        *("SendMessage", "SendMessageBatch", "ReceiveMessage", "DeleteMessage", "DeleteMessageBatch", "GetQueueUrl"),
        *("ChangeMessageVisibility", "ChangeMessageVisibilityBatch", "GetQueueAttributes"),
    },
    "sns": {"Publish", "PublishBatch"},
    "lambda": {"InvokeFunction", "InvokeFunctionUrl", "InvokeAsync"},
    "appconfig": {"StartConfigurationSession", "GetLatestConfiguration"},
    "cloudwatch": {"PutMetricData", "GetMetricData", "GetMetricStatistics"},
    "logs": {"CreateLogStream", "PutLogEvents", "GetLogEvents", "FilterLogEvents"},
    "kms": {
        *("Encrypt", "Decrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext", "ReEncryptFrom", "ReEncryptTo"),
        *("Sign", "Verify", "GenerateMac", "VerifyMac"),
    },
    "sts": {"AssumeRole", "AssumeRoleWithWebIdentity", "GetCallerIdentity", "GetSessionToken"},
    "events": {"PutEvents"},
    "states": {"StartExecution", "StartSyncExecution", "DescribeExecution", "SendTaskSuccess", "SendTaskFailure"},
    "secretsmanager": {"GetSecretValue", "BatchGetSecretValue"},
    "ssm": {"GetParameter", "GetParameters", "GetParametersByPath"},
    "ses": {"SendEmail", "SendRawEmail"},
    "execute-api": {"Invoke", "ManageConnections"},
    "xray": {"PutTraceSegments", "PutTelemetryRecords"},
    "cloudfront-keyvaluestore": {"GetKey", "PutKey", "DeleteKey", "ListKeys"},
}
_S3_OBJECT_DATA = {"AbortMultipartUpload", "ListMultipartUploadParts"}


def is_data_plane(action: str) -> bool:
    """Whether an IAM action (`service:Operation`) works on data rather than on the resources that hold it."""
    service, _, operation = action.partition(":")
    if operation in DATA_PLANE.get(service, ()):
        return True
    return service == "s3" and (operation in _S3_OBJECT_DATA or ("Object" in operation and "Bucket" not in operation))


@dataclass
class Refusal:
    """Calls that fail with 503: an action (shell-style pattern) in a region, for a number of times or until allowed."""

    action: str
    region: str
    times: int | None = None
    refused: int = 0

    def matches(self, action: str, region: str) -> bool:
        if self.times is not None and self.refused >= self.times:
            return False
        return self.region in (region, EVERYWHERE) and fnmatchcase(action, self.action)


@dataclass
class Outages:
    """Which regions are down and which calls are refused. Read by every thread of the emulator."""

    down: set[str] = field(default_factory=set)
    # How long somebody who asks for a lost region at another region's address waits before the connection is cut:
    # longer than a sensible connect timeout, shorter than a function's time.
    hang_seconds: float = 8.0
    control_planes_refused_in: set[str] = field(default_factory=set)
    refusals: list[Refusal] = field(default_factory=list)
    control_plane_calls_refused: int = 0
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _starting: Counter[str] = field(default_factory=Counter)

    def take_down(self, region: str) -> None:
        """From now on the region's work stands still; kills what runs in it."""
        with self._changed:
            self.down.add(region)
        kill_functions(region)
        deadline = time.monotonic() + LONGEST_START_SECONDS
        # A process that was being started meanwhile is found as soon as it exists.
        while self._starting[region] and time.monotonic() < deadline:
            time.sleep(0.02)
            kill_functions(region)

    @contextlib.contextmanager
    def starting(self, region: str) -> Iterator[None]:
        """Around the start of a function's process: waits while its region is down."""
        with self._changed:
            self._changed.wait_for(lambda: region not in self.down)
            self._starting[region] += 1
        try:
            yield
        finally:
            with self._changed:
                self._starting[region] -= 1

    def bring_up(self, region: str) -> None:
        """Wakes everything that waited for the region."""
        with self._changed:
            self.down.discard(region)
            self._changed.notify_all()
        pinned.module("services.lambda_svc")._esm_wake.set()

    def wait_for(self, region: str) -> None:
        """Blocks the calling thread while the region is down."""
        if region in self.down:
            with self._changed:
                self._changed.wait_for(lambda: region not in self.down)

    def anything_refused(self) -> bool:
        return bool(self.refusals or self.control_planes_refused_in)

    def refuses(self, action: str, region: str) -> bool:
        """Whether this call fails with 503 by a switch of a drill; counts it when it does."""
        for refusal in self.refusals:
            if refusal.matches(action, region):
                refusal.refused += 1
                return True
        if not self.control_planes_refused_in.isdisjoint((region, EVERYWHERE)) and not is_data_plane(action):
            self.control_plane_calls_refused += 1
            return True
        return False


def kill_functions(region: str) -> int:
    """Kills the processes of a region's functions in the middle of what they do; returns how many."""
    runtime = pinned.module("core.lambda_runtime")
    with runtime._lock:
        pools = [pool for key, pool in runtime._workers.items() if key.split(":")[1] == region]
        processes = [(worker, worker._proc) for pool in pools for worker in pool]
    workers = [worker for worker, process in processes if process is not None]
    for _worker, process in processes:
        if process is not None:
            process.kill()
    # They stay in their pools: ministack starts a new process for a worker that has none.
    runtime.kill_workers(workers)
    return len(workers)


def install(outages: Outages) -> None:
    """Makes ministack's pollers, invocations and calls look at `outages` first."""

    def frozen_mappings(original: Callable[..., Any]) -> Callable[..., Any]:
        def mappings() -> Iterator[tuple[str, str, Any]]:
            return (mapping for mapping in original() if mapping[1] not in outages.down)

        return mappings

    def frozen_invocations(original: Callable[..., Any]) -> Callable[..., Any]:
        def execute(func: dict[str, Any], event: Any) -> Any:
            outages.wait_for((func.get("config") or func).get("FunctionArn", ":::").split(":")[3])
            return original(func, event)

        return execute

    def lost_origins(original: Callable[..., Any]) -> Callable[..., Any]:
        unreachable = pinned.module("services.cloudfront").OriginUnreachable

        async def fetch(origin: dict[str, Any], *request: Any) -> Any:
            # A regional domain names its region: bucket.s3.eu-west-1.amazonaws.com, id.execute-api.eu-west-1.…
            if not outages.down.isdisjoint(origin["domain_name"].split(".")):
                raise unreachable(f"{origin['domain_name']} is in a region that is down")
            return await original(origin, *request)

        return fetch

    pinned.present("services.cloudfront", "OriginUnreachable")
    parameters = "origin method uri query_string headers body viewer_is_https client_ip viewer_xff dist_arn"
    pinned.replace("services.cloudfront", "_fetch_from_origin", parameters, lost_origins)
    pinned.present("core.lambda_runtime", "_workers", "_lock", "kill_workers")
    pinned.present("services.lambda_svc", "_esm_wake")
    pinned.replace("services.lambda_svc", "_iter_all_esms", "", frozen_mappings)
    pinned.replace("services.lambda_svc", "_execute_function", "func event", frozen_invocations)
