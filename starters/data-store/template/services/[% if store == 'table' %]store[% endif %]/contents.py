"""What the table holds. A key is written as JSON: `["partition key", "sort key"]`."""

import base64
import hashlib
import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from runtime import aws

BEATS = "heartbeat"
"""The partition of the heartbeats; yours are all others."""

KEPT_SECONDS = 4 * 86400
"""A backup needs the heartbeats of its last hours only."""

PAGE = 1000

SETS = {"SS", "NS", "BS"}
"""What DynamoDB calls the types whose values have no order."""


@dataclass(frozen=True)
class Beat:
    """A heartbeat: where it lies, and what it says."""

    key: str
    text: str


def is_beat(key: str) -> bool:
    """Return whether a heartbeat lies under a key."""
    return bool(json.loads(key)[0] == BEATS)


def newest_beats(store: str, count: int) -> list[Beat]:
    """Return the newest heartbeats, the newest one first."""
    answer = _client().query(
        TableName=store,
        KeyConditionExpression="pk = :beats",
        ExpressionAttributeValues={":beats": {"S": BEATS}},
        ScanIndexForward=False,
        Limit=count,
    )
    return [Beat(_key(item), item["text"]["S"]) for item in answer["Items"]]


def write_beat(store: str, at: float, text: str) -> None:
    """Write a heartbeat of this region that expires by itself."""
    moment = datetime.fromtimestamp(at, UTC).isoformat(timespec="microseconds")
    item = {
        "pk": {"S": BEATS},
        "sk": {"S": f"{moment}#{os.environ['AWS_REGION']}"},
        "text": {"S": text},
        "expires_at": {"N": str(int(at) + KEPT_SECONDS)},
    }
    _client().put_item(TableName=store, Item=item)


def keys_after(store: str, start: str) -> list[str]:
    """Return up to a thousand keys after `start` in the table's own order, or its first ones; none at the end."""
    onwards = {"ExclusiveStartKey": _place(start)} if start else {}
    answer = _client().scan(TableName=store, Limit=PAGE, ProjectionExpression="pk, sk", **onwards)
    return [_key(item) for item in answer["Items"]]


def fingerprint(store: str, key: str) -> str | None:
    """Return the SHA-256 of an item, the same for the same attributes; None where there is none."""
    item = _client().get_item(TableName=store, Key=_place(key), ConsistentRead=True).get("Item")
    return hashlib.sha256(_text(item).encode()).hexdigest() if item else None


def copy(source: str, target: str, key: str) -> None:
    """Bring an item back from another table. Raises KeyError where that has none."""
    item = _client().get_item(TableName=source, Key=_place(key), ConsistentRead=True).get("Item")
    if item is None:
        raise KeyError(key)
    _client().put_item(TableName=target, Item=item)


def _client() -> Any:
    return aws.client("dynamodb")


def _key(item: dict[str, Any]) -> str:
    return json.dumps([item["pk"]["S"], item["sk"]["S"]])


def _place(key: str) -> dict[str, Any]:
    partition, sort = json.loads(key)
    return {"pk": {"S": partition}, "sk": {"S": sort}}


def _text(item: dict[str, Any]) -> str:
    """Return an item in DynamoDB's typed form as text; a set has no order of its own."""

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: sorted(plain(inner)) if name in SETS else plain(inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [plain(inner) for inner in value]
        return base64.b64encode(value).decode() if isinstance(value, bytes) else value

    return json.dumps(plain(item), sort_keys=True)
