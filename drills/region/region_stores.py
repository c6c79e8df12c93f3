"""What the regions hold of each other: how much the surviving one lacks, and whether both agree in the end.

Markers measure the RPO: numbered writes into each store of the region that will be lost, a few each second; the oldest
confirmed one that is not in the other region says since when writes are missing there.
"""

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from drills.frame.ledger import Put
from drills.stores.holdings import Kept
from services.drive.files import BEATS
from services.drive.limits import ORDER_SHARDS

if TYPE_CHECKING:
    from drills.frame.running import Drive

TABLES = ("drive", "jobs")
FILES = "files"
STORES = (*TABLES, FILES)
MARK = "DRILL#MARK"
FOLDER = "drill-marks/"
INTERVAL = 0.25
"""Seconds between two markers in each store: the resolution of an RPO."""
LOOKS = 8
"""So often an item in which two regions differ is read again: heartbeats go on while tables are compared."""
PAUSE = 0.5

Key = tuple[str, str]


@dataclass
class Markers:
    """Writes into the stores of one region, with the moment at which each was confirmed (seconds since 1970)."""

    drive: "Drive"
    region: str
    confirmed: dict[str, list[float]] = field(default_factory=lambda: {store: [] for store in STORES})
    _ended: threading.Event = field(default_factory=threading.Event)

    @classmethod
    @contextmanager
    def written(cls, drive: "Drive", region: str) -> Iterator["Markers"]:
        """Write markers until the end, or until the region does not answer any more."""
        markers = cls(drive, region)
        writes = markers._writes()
        threads = [threading.Thread(target=markers._write_on, args=pair, daemon=True) for pair in writes.items()]
        for thread in threads:
            thread.start()
        try:
            yield markers
        finally:
            markers._ended.set()
            for thread in threads:
                thread.join()

    def missing_since(self, survivor: str) -> dict[str, float | None]:
        """Return for each store when the oldest marker was confirmed that `survivor` lacks; None where it has all."""
        return {store: self._oldest_missing(store, self._arrived(store, survivor)) for store in STORES}

    def _oldest_missing(self, store: str, arrived: set[int]) -> float | None:
        missing = (at for number, at in enumerate(self.confirmed[store]) if number not in arrived)
        return next(missing, None)

    def _arrived(self, store: str, survivor: str) -> set[int]:
        if store == FILES:
            pages = self.drive.client("s3", survivor).get_paginator("list_objects_v2")
            found = pages.paginate(Bucket=self.drive.bucket("replica", survivor), Prefix=FOLDER)
            return {int(one["Key"].removeprefix(FOLDER)) for page in found for one in page.get("Contents", [])}
        pages = self.drive.client("dynamodb", survivor).get_paginator("query")
        marks = {":marks": {"S": MARK}}
        found = pages.paginate(
            TableName=self.drive.design.name(store),
            KeyConditionExpression="pk = :marks",
            ExpressionAttributeValues=marks,
        )
        return {int(item["sk"]["S"]) for page in found for item in page["Items"]}

    def _write_on(self, store: str, write: Callable[[int], object]) -> None:
        confirmed = self.confirmed[store]
        due = time.time()
        while not self._ended.is_set():
            try:
                write(len(confirmed))
            except (BotoCoreError, ClientError):
                return  # the region is lost: what was not confirmed was never promised
            confirmed.append(time.time())
            due = max(due + INTERVAL, time.time())
            self._ended.wait(due - time.time())

    def _writes(self) -> Mapping[str, Callable[[int], object]]:
        import boto3

        cloud = self.drive.cloud
        environment = cloud.environment(self.region)
        session = boto3.session.Session(
            environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"], region_name=self.region
        )
        # One attempt: a marker that was written twice would say when the second one was confirmed.
        once = Config(connect_timeout=1, read_timeout=5, retries={"total_max_attempts": 1})
        dynamodb: Any = session.client("dynamodb", endpoint_url=cloud.endpoint(self.region), config=once)
        s3: Any = session.client("s3", endpoint_url=cloud.endpoint(self.region), config=once)

        def into(table: str) -> Callable[[int], object]:
            name = self.drive.design.name(table)
            return lambda number: dynamodb.put_item(
                TableName=name, Item={"pk": {"S": MARK}, "sk": {"S": f"{number:06}"}}
            )

        def object_of(number: int) -> object:
            return s3.put_object(
                Bucket=self.drive.bucket(FILES, self.region), Key=f"{FOLDER}{number:06}", Body=b"drill"
            )

        return {**{table: into(table) for table in TABLES}, FILES: object_of}


def open_orders(drive: "Drive", region: str, home: str) -> int:
    """Return how many open orders `region` knows whose home is `home`."""
    dynamodb, table = drive.client("dynamodb", region), drive.design.name("drive")
    pages = (
        dynamodb.get_paginator("query").paginate(
            TableName=table,
            IndexName="open-orders",
            Select="COUNT",
            KeyConditionExpression="#open = :shard",
            ExpressionAttributeNames={"#open": "open"},
            ExpressionAttributeValues={":shard": {"S": f"{home}#{shard}"}},
        )
        for shard in range(ORDER_SHARDS)
    )
    return sum(page["Count"] for shard in pages for page in shard)


def order_ids(drive: "Drive", region: str) -> set[str]:
    """Return the ids of all orders that a region knows."""
    pages = (
        drive.client("dynamodb", region)
        .get_paginator("scan")
        .paginate(
            TableName=drive.design.name("drive"),
            FilterExpression="sk = :order",
            ExpressionAttributeValues={":order": {"S": "ORDER"}},
            ProjectionExpression="pk",
        )
    )
    return {item["pk"]["S"].removeprefix("ORDER#") for page in pages for item in page["Items"]}


def last_delivery(drive: "Drive", region: str, *, accepted_before: float) -> float | None:
    """Return when, after this moment, the last order was delivered that had been accepted before it; None: none was."""
    limit = {"N": str(int(accepted_before * 1000))}
    pages = (
        drive.client("dynamodb", region)
        .get_paginator("scan")
        .paginate(
            TableName=drive.design.name("drive"),
            FilterExpression="sk = :order AND accepted_at < :limit AND delivered_at > :limit",
            ExpressionAttributeValues={":order": {"S": "ORDER"}, ":limit": limit},
        )
    )
    return max((int(item["delivered_at"]["N"]) / 1000 for page in pages for item in page["Items"]), default=None)


def puts(drive: "Drive", region: str, kept: Iterable[Kept]) -> list[Put]:
    """Return where each file's bytes lie, as `region` knows it; nothing for a file whose version it does not know.

    What a client sent again to the other region is dropped once the first object is known to be safe, so the place that
    a client was given last does not tell where its file is.
    """
    pages = (
        drive.client("dynamodb", region)
        .get_paginator("scan")
        .paginate(
            TableName=drive.design.name("drive"),
            FilterExpression="begins_with(sk, :version)",
            ExpressionAttributeValues={":version": {"S": "VERSION#"}},
        )
    )
    recorded = {item["sk"]["S"]: item for page in pages for item in page["Items"]}
    found = ((one, recorded.get(f"VERSION#{one.file}#{one.version.replace('-', '#')}")) for one in kept)
    return [Put(item["bucket"]["S"], item["key"]["S"], one.sha256) for one, item in found if item]


def differing_items(drive: "Drive", table: str) -> list[str]:
    """Return the keys of the items that two regions do not hold alike, however often one looks."""
    first, second = (_items(drive, region, table) for region in drive.design.data_regions)
    suspects = [key for key in first.keys() | second.keys() if first.get(key) != second.get(key)]
    for _ in range(LOOKS):
        suspects = [key for key in suspects if not _is_alike(drive, table, key)]
        if not suspects:
            break
        time.sleep(PAUSE)
    return sorted(" ".join(key) for key in suspects)


def _items(drive: "Drive", region: str, table: str) -> dict[Key, Any]:
    pages = drive.client("dynamodb", region).get_paginator("scan").paginate(TableName=drive.design.name(table))
    return {(item["pk"]["S"], item["sk"]["S"]): item for page in pages for item in page["Items"]}


def _is_alike(drive: "Drive", table: str, key: Key) -> bool:
    wanted = {"pk": {"S": key[0]}, "sk": {"S": key[1]}}
    first, second = (
        drive.client("dynamodb", region).get_item(TableName=drive.design.name(table), Key=wanted).get("Item")
        for region in drive.design.data_regions
    )
    return bool(first == second)


def missing_copies(drive: "Drive") -> list[str]:
    """Return the versions in a files bucket of which the other region's replica bucket has no copy, or another one."""
    first, second = drive.design.data_regions
    for _ in range(LOOKS):
        missing = [*_uncopied(drive, first, second), *_uncopied(drive, second, first)]
        if not missing:
            break
        time.sleep(PAUSE)  # heartbeats are written, and copied, all the time
    return missing


def _uncopied(drive: "Drive", region: str, peer: str) -> list[str]:
    originals, copies = _versions(drive, region, FILES), _versions(drive, peer, "replica")
    return [f"{region}: {key}" for (key, _version), _etag in sorted(originals.items() - copies.items())]


def _versions(drive: "Drive", region: str, role: str) -> dict[tuple[str, str], str]:
    pages = drive.client("s3", region).get_paginator("list_object_versions").paginate(Bucket=drive.bucket(role, region))
    return {
        (version["Key"], version["VersionId"]): version["ETag"]
        for page in pages
        for version in page.get("Versions", [])
        if not version["Key"].startswith(BEATS)
    }
