"""What the bucket holds. A key is an object's key."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from runtime import aws

BEATS = "heartbeats/"
"""Where the heartbeats lie; a lifecycle rule lets them expire after a few days. Yours are all other objects."""

PAGE = 1000

LOOKED_AT = 1024 * 1024
"""Bytes of each object that its fingerprint is made of, and its size: a whole one may be terabytes."""


@dataclass(frozen=True)
class Beat:
    """A heartbeat: where it lies, and what it says."""

    key: str
    text: str


def is_beat(key: str) -> bool:
    """Return whether a heartbeat lies under a key."""
    return key.startswith(BEATS)


def newest_beats(store: str, count: int) -> list[Beat]:
    """Return the newest heartbeats, the newest one first."""
    pages = _client().get_paginator("list_objects_v2").paginate(Bucket=store, Prefix=BEATS)
    keys = [found["Key"] for page in pages for found in page.get("Contents", [])]
    return [
        Beat(key, _client().get_object(Bucket=store, Key=key)["Body"].read().decode())
        for key in sorted(keys, reverse=True)[:count]
    ]


def write_beat(store: str, at: float, text: str) -> None:
    """Write a heartbeat."""
    moment = datetime.fromtimestamp(at, UTC).isoformat(timespec="microseconds")
    _client().put_object(Bucket=store, Key=f"{BEATS}{moment}.json", Body=text.encode(), ContentType="application/json")


def keys_after(store: str, start: str) -> list[str]:
    """Return up to a thousand keys after `start`, or the first ones; none at the end."""
    answer = _client().list_objects_v2(Bucket=store, MaxKeys=PAGE, **({"StartAfter": start} if start else {}))
    return [found["Key"] for found in answer.get("Contents", [])]


def fingerprint(store: str, key: str) -> str | None:
    """Return size and SHA-256 of an object's beginning; None where there is none."""
    try:
        answer = _client().get_object(Bucket=store, Key=key)
    except _client().exceptions.NoSuchKey:
        return None
    with answer["Body"] as body:
        return f"{answer['ContentLength']}:{hashlib.sha256(body.read(LOOKED_AT)).hexdigest()}"


def copy(source: str, target: str, key: str) -> None:
    """Bring an object back from another bucket, whatever its size. Raises KeyError where that has none."""
    if fingerprint(source, key) is None:
        raise KeyError(key)
    _client().copy({"Bucket": source, "Key": key}, target, key)


def _client() -> Any:
    return aws.client("s3")
