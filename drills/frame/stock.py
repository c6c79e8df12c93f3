"""Fills the shelves before a drill, and empties the drive after it.

What a load asks for is written as the services write it (services/drive/manifests.py, orders.py), in batches: through
the API, three thousand contents would take longer than the drill. Contents share the bytes of a few files and differ in
the names of these inside the bundle, so that each is a bundle of its own.
"""

import hashlib
import json
import time
import zlib
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from itertools import islice
from random import Random
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.types import TypeSerializer

from drills.traffic.arrivals import Wanted

if TYPE_CHECKING:
    from drills.frame.running import Drive
    from services.drive.manifests import Entry

BATCH = 25
"""Items that BatchWriteItem takes at most."""
WRITERS = 4
KEYS = 1000
"""Objects that DeleteObjects takes at most."""

Item = dict[str, Any]


@dataclass(frozen=True)
class Files:
    """The bytes behind every content: `count` files of `size` bytes in each."""

    count: int = 3
    size: int = 64 * 1024
    poison: frozenset[str] = frozenset()
    """Contents that no build can finish: one of their files says another checksum than its bytes have."""


def stock(drive: "Drive", wanted: Wanted, files: Files, *, seed: int = 1, region: str | None = None) -> int:
    """Put into the drive what a load asks for, and return how many contents that is. The bytes lie in `region`."""
    from services.drive.manifests import Entry

    region = region or drive.design.primary
    entries = list(_upload(drive, files, region, seed))
    damaged = [Entry(**asdict(entry) | {"sha256": hashlib.sha256(b"").hexdigest()}) for entry in entries]
    contents = sorted(wanted.for_sale | {content for _, content in wanted.owned})
    items = _content_items(contents, entries, damaged, files.poison)
    write_items(drive, region, "drive", items)
    write_items(drive, region, "drive", _pointers(drive, wanted))
    return len(contents)


def _upload(drive: "Drive", files: Files, region: str, seed: int) -> "Iterator[Entry]":
    from services.drive.files import composite
    from services.drive.manifests import Entry

    chance = Random(seed)  # noqa: S311  bytes that look like a picture's
    bucket = drive.bucket("files", region)
    for number in range(files.count):
        content = chance.randbytes(files.size)
        digest = hashlib.sha256(content).hexdigest()
        key = f"{region}/drill/{seed}/{number:04}"
        version = drive.client("s3", region).put_object(Bucket=bucket, Key=key, Body=content)["VersionId"]
        yield Entry(f"{number:02}", region, bucket, key, version, files.size, composite([digest]))


def _content_items(
    contents: Iterable[str], entries: "list[Entry]", damaged: "list[Entry]", poison: frozenset[str]
) -> Iterator[Item]:
    from services.drive.manifests import Entry, hash_of

    for content in contents:
        chosen = damaged if content in poison else entries
        own = [Entry(**asdict(entry) | {"name": f"{content}/{entry.name}.jpg"}) for entry in chosen]
        manifest = hash_of(own)
        part = json.dumps([asdict(entry) for entry in own], ensure_ascii=False, separators=(",", ":")).encode()
        total = sum(entry.size for entry in own)
        head = {"pk": f"MANIFEST#{manifest}", "sk": "MANIFEST", "parts": 1, "files": len(own), "bytes": total}
        yield {"pk": f"MANIFEST#{manifest}", "sk": "PART#0000", "entries": zlib.compress(part)}
        yield head
        yield {"pk": f"CONTENT#{content}", "sk": "CONTENT", "title": content, "manifest": manifest}


def _pointers(drive: "Drive", wanted: Wanted) -> Iterator[Item]:
    users = {user: drive.identity.user_id(user) for user in wanted.users}
    now = int(time.time() * 1000)
    for user, content in sorted(wanted.owned):
        yield {"pk": f"USER#{users[user]}", "sk": f"ITEM#{content}", "order": "stock", "granted_at": now}


def write_items(drive: "Drive", region: str, table: str, items: Iterable[Item]) -> int:
    """Write items into a table, over whatever is there, and return how many."""
    serializer = TypeSerializer()

    def put(item: Item) -> Any:
        return {"PutRequest": {"Item": {name: serializer.serialize(value) for name, value in item.items()}}}

    return _in_batches(drive, region, table, (put(item) for item in items))


def empty(drive: "Drive") -> None:
    """Forget everything that drills did, in both regions: items, messages, objects. Regions must be up."""
    for region in drive.design.data_regions:
        for table in ("drive", "jobs", "pace", "switch"):
            _empty_table(drive, region, table)
        _empty_queues(drive, region)
        for role in ("files", "replica", "bundles"):
            _empty_bucket(drive, region, drive.bucket(role, region))


def _empty_table(drive: "Drive", region: str, table: str) -> None:
    dynamodb, name = drive.client("dynamodb", region), drive.design.name(table)
    keys = [key["AttributeName"] for key in dynamodb.describe_table(TableName=name)["Table"]["KeySchema"]]
    pages = dynamodb.get_paginator("scan").paginate(TableName=name)
    requests = (
        {"DeleteRequest": {"Key": {key: item[key] for key in keys}}} for page in pages for item in page["Items"]
    )
    _in_batches(drive, region, table, list(requests))


def _empty_queues(drive: "Drive", region: str) -> None:
    sqs = drive.client("sqs", region)
    for url in sqs.list_queues(QueueNamePrefix=f"{drive.design.prefix}-").get("QueueUrls", []):
        sqs.purge_queue(QueueUrl=url)


def _empty_bucket(drive: "Drive", region: str, bucket: str) -> None:
    s3 = drive.client("s3", region)
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket, MaxKeys=KEYS):
        found = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        versions = [{"Key": version["Key"], "VersionId": version["VersionId"]} for version in found]
        if versions:
            # The replica is locked in governance mode: a drill is the one who may.
            s3.delete_objects(
                Bucket=bucket, Delete={"Objects": versions, "Quiet": True}, BypassGovernanceRetention=True
            )


def _in_batches(drive: "Drive", region: str, table: str, requests: Iterable[Any]) -> int:
    dynamodb, name = drive.client("dynamodb", region), drive.design.name(table)

    def write(batch: list[Any]) -> int:
        rest: Any = {name: batch}
        while rest:
            rest = dynamodb.batch_write_item(RequestItems=rest).get("UnprocessedItems")
        return len(batch)

    with ThreadPoolExecutor(WRITERS) as writers:
        return sum(writers.map(write, _batched(requests)))


def _batched(requests: Iterable[Any]) -> Iterator[list[Any]]:
    iterator = iter(requests)
    while batch := list(islice(iterator, BATCH)):
        yield batch
