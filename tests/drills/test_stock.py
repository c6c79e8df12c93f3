"""What a drill puts on the shelves is what the drive's own code finds there."""

import hashlib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pytest

from drills.frame.stock import Files, empty, stock
from drills.frame.users import Identity
from drills.traffic.arrivals import Wanted
from services.drive import aws, manifests, orders
from services.drive.files import composite

REGION = "eu-west-1"
PREFIX = "shelves"


class Drive:
    """As much of drills.frame.running.Drive as is stocked and emptied."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint, self.identity = endpoint, Identity.new()
        self.design = SimpleNamespace(primary=REGION, data_regions=(REGION,), prefix=PREFIX, name=self.name)
        for table in ("drive", "jobs", "pace", "switch"):
            keys = ("pk",) if table == "switch" else ("pk", "sk")
            self.client("dynamodb").create_table(
                TableName=self.name(table),
                KeySchema=[
                    {"AttributeName": key, "KeyType": kind} for key, kind in zip(keys, ("HASH", "RANGE"), strict=False)
                ],
                AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
                BillingMode="PAY_PER_REQUEST",
            )
        for role in ("files", "replica", "bundles"):
            bucket = self.bucket(role)
            self.client("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
            self.client("s3").put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        self.queue = self.client("sqs").create_queue(QueueName=self.name("bundle"))["QueueUrl"]

    def name(self, role: str) -> str:
        return f"{PREFIX}-{role}"

    def bucket(self, role: str, region: str = REGION) -> str:
        return f"{PREFIX}-{role}-{region}"

    def client(self, service: str, region: str = REGION) -> Any:
        make: Any = boto3.client
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        return make(service, endpoint_url=self.endpoint, region_name=region, **keys)


@pytest.fixture(scope="module")
def shelves(endpoint: str) -> Drive:
    return Drive(endpoint)


@pytest.fixture
def drive(shelves: Drive, monkeypatch: pytest.MonkeyPatch) -> Any:
    told = {
        "AWS_ENDPOINT_URL": shelves.endpoint,
        "AWS_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "DRIVE_TABLE": shelves.name("drive"),
    }
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    aws.forget()
    yield shelves
    aws.forget()


WANTED = Wanted(
    frozenset({"user-1", "user-2"}),
    frozenset({"single-0"}),
    frozenset({("user-1", "album"), ("user-2", "album"), ("user-2", "own-1")}),
)


def test_the_drive_finds_what_was_put_on_the_shelves(drive: Any) -> None:
    assert stock(drive, WANTED, Files(count=3, size=1000)) == 3
    hashes = set()
    for name in ("album", "own-1", "single-0"):
        content = manifests.read_content(name)
        assert content
        entries = manifests.read(content.manifest)
        assert len(entries) == 3
        hashes.add(content.manifest)
    assert len(hashes) == 3
    for user, bought, owned in (("user-1", "album", True), ("user-2", "own-1", True), ("user-1", "own-1", False)):
        assert orders.owns(drive.identity.user_id(user), bought) == owned


def test_a_manifest_says_the_checksum_of_the_bytes_and_a_poisoned_one_does_not(drive: Any, tmp_path: Path) -> None:
    stock(drive, WANTED, Files(count=1, size=1000, poison=frozenset({"own-1"})))
    said = {}
    for name in ("album", "own-1"):
        content = manifests.read_content(name)
        assert content
        (entry,) = manifests.read(content.manifest)
        body = drive.client("s3").get_object(Bucket=entry.bucket, Key=entry.key, VersionId=entry.version)["Body"].read()
        (tmp_path / name).write_bytes(body)
        said[name] = entry.sha256 == composite([hashlib.sha256(body).hexdigest()])
    assert said == {"album": True, "own-1": False}


def test_an_emptied_drive_holds_nothing(drive: Any) -> None:
    stock(drive, WANTED, Files(count=2, size=10))
    drive.client("sqs").send_message(QueueUrl=drive.queue, MessageBody="{}")
    drive.client("s3").delete_object(Bucket=drive.bucket("files"), Key="a file that is deleted")
    empty(drive)
    assert drive.client("dynamodb").scan(TableName=drive.name("drive"))["Count"] == 0
    left = drive.client("s3").list_object_versions(Bucket=drive.bucket("files"))
    assert not left.get("Versions")
    assert not left.get("DeleteMarkers")
    assert not drive.client("sqs").receive_message(QueueUrl=drive.queue).get("Messages")
