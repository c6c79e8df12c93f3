"""A provider with a drive that is copied offsite, and its loss."""

import gzip
import json
from dataclasses import dataclass, field
from typing import Any

import boto3

from services.drive import aws
from services.drive.environment import here
from services.offsite import export
from services.offsite.store import Store, configured
from services.offsite.targets import Cloud
from services.offsite.worker import Worker

REGION = "us-east-2"
OFFSITE_ENDPOINT = "https://s3.amazonaws.com"
OFFSITE_ACCOUNT = "222222222222"
KEY = bytes(range(32))
FILES = 5
LARGE = 17 * 1024 * 1024
"""More than one part of an upload."""

CLIENTS: dict[Any, Any] = {}
"""Making a client takes longer than most tests; they are the same for every moto."""


@dataclass
class Provider:
    """The provider before its loss; `kept` is what the offsite store held when everything else was wiped."""

    now: float = 1_764_000_000.0
    files: dict[str, bytes] = field(default_factory=dict)
    kept: dict[str, bytes] = field(default_factory=dict)


def offsite() -> Any:
    """A client of the offsite account, which shares nothing with the provider's but moto itself."""
    sts = boto3.client("sts", region_name=REGION)
    role = f"arn:aws:iam::{OFFSITE_ACCOUNT}:role/offsite"
    found = sts.assume_role(RoleArn=role, RoleSessionName="offsite")["Credentials"]
    return aws.store_elsewhere(OFFSITE_ENDPOINT, found["AccessKeyId"], found["SecretAccessKey"]), found


def table(name: str) -> None:
    aws.client("dynamodb").create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        AttributeDefinitions=[
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "sk", "AttributeType": "S"},
        ],
    )
    backups = {"PointInTimeRecoveryEnabled": True}
    aws.client("dynamodb").update_continuous_backups(
        TableName=name,
        PointInTimeRecoverySpecification=backups,  # type: ignore[arg-type]
    )


def bucket(name: str) -> None:
    place: Any = {"LocationConstraint": REGION}
    aws.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration=place)
    aws.client("s3").put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})


def store_file(provider: Provider, key: str, path: str, body: bytes) -> None:
    version = aws.client("s3").put_object(Bucket="replica", Key=key, Body=body)["VersionId"]
    upload = key.rsplit("/", 1)[-1]
    item = {"path": path, "region": "us-west-2", "bucket": "files", "key": key, "s3_version": version}
    typed: dict[str, Any] = {name: {"S": value} for name, value in item.items()}
    keys = {"pk": {"S": "USER#u"}, "sk": {"S": f"VERSION#{upload}#1764000000000#{upload}"}}
    aws.client("dynamodb").put_item(TableName="drive", Item=typed | keys)
    aws.client("dynamodb").put_item(TableName="drive", Item={"pk": keys["pk"], "sk": {"S": f"FILE#{upload}"}})
    provider.files[key] = body
    send("replica", key, version)


def send(bucket: str, key: str, version: str) -> None:
    detail = {"bucket": {"name": bucket}, "object": {"key": key, "version-id": version}}
    body = json.dumps({"detail-type": "Object Created", "source": "aws.s3", "detail": detail})
    aws.client("sqs").send_message(QueueUrl=here.offsite_queue_url, MessageBody=body)


def work() -> None:
    worker = Worker(configured())
    while worker.work():
        pass


def export_catalogue() -> None:
    """Export as DynamoDB does: moto writes the data file, the manifest is written here as the documentation has it."""
    export.handle({}, None)
    listing = aws.client("s3").list_objects_v2(Bucket="export").get("Contents", [])
    while not listing:
        listing = aws.client("s3").list_objects_v2(Bucket="export").get("Contents", [])
    (data,) = [found["Key"] for found in listing]
    items = gzip.decompress(aws.client("s3").get_object(Bucket="export", Key=data)["Body"].read()).count(b"\n")
    manifest = json.dumps({"itemCount": items, "dataFileS3Key": data}) + "\n"
    name = f"{data.split('/data/')[0]}/manifest-files.json"
    aws.client("s3").put_object(Bucket="export", Key=name, Body=manifest.encode())
    for key in (data, name):
        send("export", key, aws.client("s3").head_object(Bucket="export", Key=key)["VersionId"])
    work()


def lose_everything(provider: Provider, account: Any, spoil: Any = lambda _: None) -> Store:
    """Wipe the provider; what is left is the offsite bucket, after `spoil` had its way with it."""
    client, _ = offsite()
    pages = client.get_paginator("list_objects_v2").paginate(Bucket="offsite")
    names = [found["Key"] for page in pages for found in page["Contents"]]
    provider.kept = {name: client.get_object(Bucket="offsite", Key=name)["Body"].read() for name in names}
    spoil(provider.kept)
    account()
    assert aws.client("s3").list_buckets()["Buckets"] == []
    client, _ = offsite()
    client.create_bucket(Bucket="offsite")
    for name, body in provider.kept.items():
        client.put_object(Bucket="offsite", Key=name, Body=body)
    return Store(client, "offsite", KEY)


def new_place() -> Cloud:
    bucket("new-files")
    table("new-drive")
    return Cloud("new-files", "new-drive")


def versions() -> list[dict[str, str]]:
    items = aws.client("dynamodb").scan(TableName="new-drive")["Items"]
    plain = [{name: str(next(iter(value.values()))) for name, value in item.items()} for item in items]
    return [item for item in plain if item["sk"].startswith("VERSION#")]
