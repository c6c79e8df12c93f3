"""An album that waits to be bundled, and a look at everything a build may leave behind."""

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import boto3
import pytest
from moto.sqs.models import sqs_backends

from services.bundler import inbox, work
from services.drive import jobs, manifests, messages, orders
from services.drive.files import composite
from services.drive.jobs import Job
from services.drive.manifests import Entry
from services.drive.pace import Queue
from tests.services.conftest import ACCOUNT, REGIONS, Cloud

HERE, PEER = REGIONS
USER = "u" * 32
SONGS = {"01 one.mp3": b"one", "02 two.mp3": b"two" * 1000, "cover.jpg": b""}


@dataclass
class Album:
    """Files in a bucket, their manifest, and the state of their bundle."""

    cloud: Cloud
    files: Mapping[str, bytes]
    region: str = HERE
    entries: list[Entry] = field(default_factory=list)
    content: str = ""

    def __post_init__(self) -> None:
        self.entries = [self._put(name, data) for name, data in self.files.items()]
        self.content = manifests.write(self.entries)

    def order(self, key: str = "key") -> orders.Order:
        """Order the bundle and queue its job, as the API and the outbox do."""
        order, _ = orders.accept(USER, orders.Kind.BUNDLE, self.content, key, {})
        job, is_new = jobs.ensure(order)
        if is_new:
            messages.send_order(job.message())
        return order

    def send_again(self) -> None:
        messages.send_order(self.job().message())

    def job(self) -> Job:
        job = jobs.read(self.content)
        assert job
        return job

    def objects(self) -> list[str]:
        """Keys of this region's bundles, without status objects."""
        listed = _s3().list_objects_v2(Bucket=f"bundles-{HERE}").get("Contents", [])
        return [found["Key"] for found in listed if not found["Key"].startswith("status/")]

    def uploads(self) -> Any:
        """Multipart uploads that were neither completed nor aborted."""
        return _s3().list_multipart_uploads(Bucket=f"bundles-{HERE}").get("Uploads", [])

    def unpacked(self) -> dict[str, bytes]:
        """What is in the published bundle."""
        key = self.job().key
        assert key
        archive = zipfile.ZipFile(io.BytesIO(_s3().get_object(Bucket=f"bundles-{HERE}", Key=key)["Body"].read()))
        return {name: archive.read(name) for name in archive.namelist()}

    def status(self) -> dict[str, Any]:
        body = _s3().get_object(Bucket=f"bundles-{HERE}", Key=f"status/{self.content}.json")["Body"].read()
        return dict(json.loads(body))

    def lose(self, entry: Entry) -> None:
        """Delete a file's version for good."""
        s3: Any = boto3.client("s3", region_name=entry.region)
        s3.delete_object(Bucket=entry.bucket, Key=entry.key, VersionId=entry.version)

    def _put(self, name: str, data: bytes) -> Entry:
        bucket, key = f"files-{self.region}", f"{self.region}/{USER}/{hashlib.sha256(name.encode()).hexdigest()}"
        version = boto3.client("s3", region_name=self.region).put_object(Bucket=bucket, Key=key, Body=data)["VersionId"]
        return Entry(name, self.region, bucket, key, version, len(data), composite([hashlib.sha256(data).hexdigest()]))


@pytest.fixture
def album(cloud: Cloud) -> Album:
    return Album(cloud, SONGS)


def work_once(queue: Queue = Queue.BUNDLE, worker: str = "worker") -> bool:
    """Receive one message and do what it hints at; return whether a bundle was published."""
    received = inbox.receive(queue, wait=0)
    assert received, "the queue is empty"
    return work.handle(received, worker, lambda: None)


def show_again() -> None:
    """Let every message be visible again, as if its time had passed."""
    for message in sqs_backends[ACCOUNT][HERE].queues["bundle"]._messages:
        message.change_visibility(0)


def waiting(cloud: Cloud, queue: str) -> int:
    """Return how many messages a queue holds, visible or not."""
    names: list[Any] = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    sqs = boto3.client("sqs", region_name=HERE)
    return sum(
        int(value)
        for value in sqs.get_queue_attributes(QueueUrl=cloud.queue_url(queue), AttributeNames=names)[
            "Attributes"
        ].values()
    )


def _s3() -> Any:
    return boto3.client("s3", region_name=HERE)
