"""What a restore must contain, written down before the backup is made: a backup cannot vouch for itself.

One object per source and day in EXPECTATIONS_BUCKET: `expectations/<table|bucket>/<name>/<written_at, ms>.json`. A
restore is held against the newest one that is older than its recovery point, so that everything named in it must be
there.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from services.drive import aws
from services.drive.environment import here

STABLE_ATTRIBUTES = {
    "VERSION#": ("path", "size", "sha256", "region", "bucket", "key", "s3_version"),
    "ITEM#": ("order", "granted_at"),
    "ORDER": ("user", "kind", "content", "accepted_at", "request"),
    "CONTENT": ("title", "manifest"),
    "MANIFEST": ("parts", "files", "bytes"),
}
"""What never changes once it is written, by the beginning of the sort key: only that can be compared a day later."""

SUBSCRIBER = "SUBSCRIBER"
SUBSCRIBER_ATTRIBUTES = ("email",)
"""Subscribers have a partition of their own, whose sort keys are ids (services/status/subscribers.py)."""


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One item or one object, and the SHA-256 of its bytes.

    Of an object it is `length` bytes from `offset`: a whole file may be 160 GB. An item's `holds` is the object that it
    refers to: {region, bucket, key, s3_version}.
    """

    key: str
    sha256: str
    sort_key: str = ""
    size: int = 0
    offset: int = 0
    length: int = 0
    holds: dict[str, str] | None = None


@dataclass(frozen=True, kw_only=True)
class Expectations:
    """What was in a source at `written_at` (ms): at least `count` things (None: too many), these among them.

    Items that expire by themselves are in neither: DynamoDB takes them out when it gets to it.
    """

    kind: Literal["table", "bucket"]
    name: str
    written_at: int
    count: int | None
    samples: tuple[Sample, ...]


def stable_fingerprint(item: Mapping[str, Any]) -> str | None:
    """Return the SHA-256 of what never changes in an item (DynamoDB's typed form), None for an item that may change."""
    names = _stable_attributes(item["pk"]["S"], item["sk"]["S"])
    if names is None:
        return None
    stable = {name: item.get(name) for name in names}
    return hashlib.sha256(json.dumps(stable, sort_keys=True).encode()).hexdigest()


def _stable_attributes(partition: str, sort_key: str) -> tuple[str, ...] | None:
    if partition == SUBSCRIBER:
        return SUBSCRIBER_ATTRIBUTES
    for beginning, names in STABLE_ATTRIBUTES.items():
        if sort_key == beginning or (beginning.endswith("#") and sort_key.startswith(beginning)):
            return names
    return None


def may_leave(sample: Sample) -> bool:
    """Return whether an item may be taken out of its table: subscribers unsubscribe, all else that is sampled stays."""
    return sample.key == SUBSCRIBER


def save(expectations: Expectations) -> None:
    """Write expectations down; they are never overwritten, each has its own time."""
    aws.client("s3").put_object(
        Bucket=here.expectations_bucket,
        Key=f"{_folder(expectations.kind, expectations.name)}{expectations.written_at:013}.json",
        Body=json.dumps(asdict(expectations)).encode(),
        ContentType="application/json",
    )


def newest_before(kind: str, name: str, moment: int) -> Expectations | None:
    """Return the newest expectations written before `moment` (ms): those that a backup made then must meet."""
    folder = _folder(kind, name)
    keys = [key for key in _keys(folder) if key < f"{folder}{moment:013}.json"]
    return _load(keys[-1]) if keys else None


def first_written(kind: str, name: str) -> int | None:
    """Return when (ms) a source was first written down: since then a restore of it can be tested."""
    keys = _keys(_folder(kind, name))
    return int(keys[0].rsplit("/", 1)[1].removesuffix(".json")) if keys else None


def _folder(kind: str, name: str) -> str:
    return f"expectations/{kind}/{name}/"


def _keys(folder: str) -> list[str]:
    pages = aws.client("s3").get_paginator("list_objects_v2").paginate(Bucket=here.expectations_bucket, Prefix=folder)
    return [found["Key"] for page in pages for found in page.get("Contents", [])]


def _load(key: str) -> Expectations:
    body = aws.client("s3").get_object(Bucket=here.expectations_bucket, Key=key)["Body"].read()
    written = json.loads(body)
    return Expectations(**(written | {"samples": tuple(Sample(**sample) for sample in written["samples"])}))
