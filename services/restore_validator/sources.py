"""Reading tables and buckets whole, a page at a time, and giving up before the function is killed."""

import hashlib
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from services.drive import aws
from services.drive.environment import here
from services.drive.files import BEATS
from services.drive.limits import RESTORE_SPARE

READ_BYTES = 1024 * 1024
"""Objects are read in pieces of this size, so that memory stays flat."""

SCAN_READ_TIMEOUT = 5
"""Seconds; a page of a scan is a megabyte, and nobody waits for it."""


class OutOfTimeError(Exception):
    """The check could not be finished before its function ends."""


@dataclass(frozen=True)
class Deadline:
    """When a check must be over, in seconds of `time.monotonic`."""

    ends_at: float

    @classmethod
    def of(cls, context: Any) -> "Deadline":
        """Return the deadline of a Lambda invocation, leaving time to say how it went."""
        return cls(time.monotonic() + context.get_remaining_time_in_millis() / 1000 - RESTORE_SPARE)

    def check(self) -> None:
        """Raise OutOfTimeError when no time is left."""
        if time.monotonic() > self.ends_at:
            raise OutOfTimeError


def configured() -> list[tuple[Literal["table", "bucket"], str]]:
    """Return the sources whose restores are tested in this region, as RESTORE_TABLES and RESTORE_BUCKETS name them."""
    tables = [name for name in (here.restore_tables or "").split(",") if name]
    buckets = [name for name in (here.restore_buckets or "").split(",") if name]
    return [("table", name) for name in tables] + [("bucket", name) for name in buckets]


EXPIRY = "expires_at"
"""The attribute by which DynamoDB lets items expire, in every table that has such items."""


def items(table: str, deadline: Deadline) -> Iterator[Mapping[str, Any]]:
    """Yield every item that does not expire, in DynamoDB's typed form."""
    for page in (
        aws.client("dynamodb", read_timeout=SCAN_READ_TIMEOUT)
        .get_paginator("scan")
        .paginate(TableName=table, ConsistentRead=False)
    ):
        deadline.check()
        yield from (item for item in page["Items"] if EXPIRY not in item)


def item(table: str, key: str, sort_key: str) -> Mapping[str, Any] | None:
    """Return one item in DynamoDB's typed form, None where there is none."""
    place = {"pk": {"S": key}, "sk": {"S": sort_key}}
    return aws.client("dynamodb").get_item(TableName=table, Key=place, ConsistentRead=True).get("Item")


def objects(bucket: str, deadline: Deadline) -> Iterator[Mapping[str, Any]]:
    """Yield every current object as {Key, Size, …}, but the regions' heartbeats: those are overwritten each minute."""
    for page in aws.client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket):
        deadline.check()
        yield from (found for found in page.get("Contents", []) if not found["Key"].startswith(BEATS))


def sha256_of(bucket: str, key: str, offset: int, length: int) -> str:
    """Return the SHA-256 of `length` bytes of an object from `offset`."""
    digest = hashlib.sha256()
    if length:
        span = f"bytes={offset}-{offset + length - 1}"
        body = aws.client("s3").get_object(Bucket=bucket, Key=key, Range=span)["Body"]
        for piece in body.iter_chunks(READ_BYTES):
            digest.update(piece)
    return digest.hexdigest()


def is_there(holds: Mapping[str, str]) -> bool:
    """Return whether the object that an item refers to exists, in exactly that version."""
    client = aws.client("s3", holds["region"])
    version = {"VersionId": holds["s3_version"]} if holds.get("s3_version") else {}
    try:
        client.head_object(Bucket=holds["bucket"], Key=holds["key"], **version)  # type: ignore[arg-type]
    except client.exceptions.ClientError as error:
        if error.response["Error"]["Code"] in {"404", "NoSuchKey", "NoSuchVersion", "NoSuchBucket", "405"}:
            return False
        raise
    return True
