"""The offsite copy at work: a store at another provider, the copiers as processes, the nightly export, and the rebuild.

With the stack Offsite in the assembly its queue, bucket and role are used; without it the drill makes a queue, a rule
and a bucket of the same names, and the copier runs as root.
"""

import base64
import gzip
import json
import os
import secrets
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drills.stores.lost_items import items
from embedded_cloud.embedded import EmbeddedCloud
from embedded_cloud.emulator import ROOT_KEY

if TYPE_CHECKING:
    from drills.frame.running import Drive
    from services.offsite.chain import Chain
    from services.offsite.store import Store

REPOSITORY = Path(__file__).parents[2]
BUCKET = "offsite"
KEY_BYTES = 32
STACK = "Offsite"
STORE_REGION = "us-east-1"
"""Stores without regions expect it in signatures (services/drive/aws.py)."""
MANIFEST = "manifest-files.json"
EXPORT_PARTS = 2
"""Data files of one export: a real one has many."""
PATIENCE = 180.0
PAUSE = 0.2
ENDS_WITHIN = 60.0
"""Seconds: a copier ends after its long poll."""


@dataclass(frozen=True)
class Elsewhere:
    """Another provider's store, and the adopter's key to what lies in it."""

    cloud: EmbeddedCloud
    key: bytes

    @property
    def endpoint(self) -> str:
        """Its address."""
        return self.cloud.endpoint(STORE_REGION)

    @property
    def s3(self) -> Any:
        """A client of it."""
        return self.cloud.client("s3", STORE_REGION)

    def store(self) -> "Store":
        """Return it as `services.offsite` sees it."""
        from services.drive.aws import store_elsewhere
        from services.offsite.store import Store

        return Store(store_elsewhere(self.endpoint, ROOT_KEY, ROOT_KEY), BUCKET, self.key)


@contextmanager
def store_elsewhere(folder: Path) -> Iterator[Elsewhere]:
    """Yield an empty store at another provider: a second emulator, which shares nothing with the drive's."""
    with EmbeddedCloud.started(folder, regions=(STORE_REGION,), time_scale=1) as cloud:
        cloud.client("s3", STORE_REGION).create_bucket(Bucket=BUCKET)
        yield Elsewhere(cloud, secrets.token_bytes(KEY_BYTES))


def prepare(drive: "Drive", elsewhere: Elsewhere) -> dict[str, str]:
    """Give the drive the store's secrets, and what the stack would make; return the environment of a copier."""
    region, design = drive.design.standby, drive.design
    credentials = json.dumps({"access_key": ROOT_KEY, "secret_key": ROOT_KEY})
    names = {"offsite-credentials": credentials, "offsite-key": base64.b64encode(elsewhere.key).decode()}
    for role, content in names.items():
        _write_secret(drive.client("secretsmanager", region), design.name(role), content)
    if STACK in drive.deployed.stacks:
        [definition] = drive.deployed.stacks[STACK].resources("AWS::ECS::TaskDefinition")
        [container] = definition.properties["ContainerDefinitions"]
        told = {entry["Name"]: str(entry["Value"]) for entry in container["Environment"]}
        told |= drive.cloud.task_environment(definition.properties["TaskRoleArn"], region)
    else:
        told = _make(drive, region) | drive.cloud.environment(region)
    return told | {"OFFSITE_ENDPOINT": elsewhere.endpoint}


def _write_secret(secrets_manager: Any, name: str, content: str) -> None:
    try:
        secrets_manager.create_secret(Name=name, SecretString=content)
    except secrets_manager.exceptions.ResourceExistsException:  # another drill's, on the same drive
        secrets_manager.put_secret_value(SecretId=name, SecretString=content)


def _make(drive: "Drive", region: str) -> dict[str, str]:
    """Make what stacks/offsite.py would: the queue, the rule that fills it, and the bucket of exports."""
    design, s3 = drive.design, drive.client("s3", region)
    exports = drive.bucket("offsite-export", region)
    with suppress(s3.exceptions.BucketAlreadyOwnedByYou):
        s3.create_bucket(Bucket=exports, CreateBucketConfiguration={"LocationConstraint": region})
    s3.put_bucket_notification_configuration(Bucket=exports, NotificationConfiguration={"EventBridgeConfiguration": {}})
    url = drive.client("sqs", region).create_queue(QueueName=design.name("offsite"))["QueueUrl"]
    buckets = [drive.bucket("files", region), drive.bucket("replica", region), exports]
    pattern = {"source": ["aws.s3"], "detail-type": ["Object Created"], "detail": {"bucket": {"name": buckets}}}
    rule, queue = design.name("offsite-new-objects"), f"arn:aws:sqs:{region}:{drive.account}:{design.name('offsite')}"
    drive.client("events", region).put_rule(Name=rule, EventPattern=json.dumps(pattern))
    drive.client("events", region).put_targets(Rule=rule, Targets=[{"Id": "queue", "Arn": queue}])
    return {
        "OFFSITE_QUEUE_URL": url,
        "OFFSITE_BUCKET": BUCKET,
        "EXPORT_BUCKET": exports,
        "OFFSITE_CREDENTIALS_SECRET": design.name("offsite-credentials"),
        "OFFSITE_KEY_SECRET": design.name("offsite-key"),
    }


@contextmanager
def copier(told: Mapping[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a copier, as its container does; end it as the service scheduler does."""
    environment = {"PATH": os.environ.get("PATH", os.defpath), **told}
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "services.offsite", "run"],
            cwd=REPOSITORY,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(ENDS_WITHIN)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def export(drive: "Drive") -> int:
    """Write the table's nightly export as DynamoDB does, data before manifests; return how many items it has.

    Simulation: the emulator takes ExportTableToPointInTime and writes nothing. The format is that of the DynamoDB
    Developer Guide, "DynamoDB table export output format".
    """
    region = drive.design.standby
    s3, bucket = drive.client("s3", region), drive.bucket("offsite-export", region)
    folder = f"catalogue/{datetime.now(UTC):%Y-%m-%d}/AWSDynamoDB/{uuid.uuid4().hex}"
    stored = list(items(drive.client("dynamodb", region), drive.design.name("drive")))
    listed = []
    for number in range(EXPORT_PARTS):
        part = stored[number::EXPORT_PARTS]
        lines = b"".join(json.dumps({"Item": item}).encode() + b"\n" for item in map(_plain, part))
        key = f"{folder}/data/{number:08}.json.gz"
        s3.put_object(Bucket=bucket, Key=key, Body=gzip.compress(lines))
        listed.append({"itemCount": len(part), "dataFileS3Key": key})
    manifest = "".join(json.dumps(entry) + "\n" for entry in listed)
    s3.put_object(Bucket=bucket, Key=f"{folder}/{MANIFEST}", Body=manifest.encode())
    return len(stored)


def _plain(value: Any) -> Any:
    """Return an item as JSON has it: binary values in base64."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, Mapping):
        return {name: _plain(inner) for name, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list) else value


def wait_for(
    elsewhere: Elsewhere, keys: AbstractSet[str], process: subprocess.Popen[bytes], *, patience: float = PATIENCE
) -> "Chain":
    """Wait until the chain names these keys and a whole export, but not for ever; return the chain as it is then."""
    from services.offsite import chain

    deadline = time.monotonic() + patience
    while True:
        read = chain.read(elsewhere.store())
        there = {entry.key for entry in read.entries}
        whole = keys <= there and any(key.endswith(MANIFEST) for key in there)
        if whole or process.poll() is not None or time.monotonic() > deadline:
            return read
        time.sleep(PAUSE)


@dataclass(frozen=True)
class Rebuilt:
    """What `python -m services.offsite restore` said and how it ended."""

    code: int
    report: Mapping[str, Any]
    errors: str


def rebuild(elsewhere: Elsewhere, folder: Path, to: Sequence[str], *, key: bytes | None = None, link: int = 0,
            environment: Mapping[str, str] | None = None) -> Rebuilt:  # fmt: skip
    """Restore from the store alone, with the command that a person would use; `to`: its options for the target."""
    key_file = folder / f"key-{uuid.uuid4().hex[:8]}"
    key_file.touch(mode=0o600)
    key_file.write_text(base64.b64encode(key or elsewhere.key).decode())
    credentials = {"OFFSITE_ACCESS_KEY": ROOT_KEY, "OFFSITE_SECRET_KEY": ROOT_KEY, "AWS_REGION": STORE_REGION}
    command = [sys.executable, "-m", "services.offsite", "restore", "--endpoint", elsewhere.endpoint]
    command += ["--bucket", BUCKET, "--key-file", str(key_file), "--expect-link", str(link), *to]
    ended = subprocess.run(
        command,
        cwd=REPOSITORY,
        env={"PATH": os.environ.get("PATH", os.defpath), **credentials, **(environment or {})},
        capture_output=True,
        text=True,
        check=False,
    )
    key_file.unlink()
    # The last thing printed is the report; before it come the functions' log lines.
    start = ended.stdout.find("{\n")
    return Rebuilt(ended.returncode, json.loads(ended.stdout[start:]) if start >= 0 else {}, ended.stderr)
