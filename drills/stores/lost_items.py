"""A table whose items a fault of ours deleted: restored beside itself, compared, and put right.

Only what is missing is put back, and only where nothing stands: what was written since the backup is newer and stays.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Item = Mapping[str, Any]
"""In DynamoDB's typed form."""

EXPIRY = "expires_at"
"""Items that expire by themselves are not missing when they have (services/restore_validator/sources.py)."""
BEATS = "HEARTBEAT#"
"""The regions' heartbeats are written anew each minute."""


@dataclass(frozen=True)
class Difference:
    """What a table lacks that its restored copy has, and what it holds otherwise: changed since, or damaged."""

    missing: list[Item]
    changed: list[Item]


def compare(dynamodb: Any, table: str, restored: str) -> Difference:
    """Hold a restored copy against its table. Items that expire, and heartbeats, are left out."""
    present = {_key(item): item for item in items(dynamodb, table)}
    before = [item for item in items(dynamodb, restored) if is_kept(item)]
    missing = [item for item in before if _key(item) not in present]
    changed = [item for item in before if _key(item) in present and present[_key(item)] != item]
    return Difference(missing, changed)


def compare_items(before: Iterable[Item], now: Iterable[Item]) -> list[Item]:
    """Return those items of `before` that are not there now exactly as they were."""
    present = {_key(item): item for item in now}
    return [item for item in before if present.get(_key(item)) != item]


def put_back(dynamodb: Any, table: str, missing: Iterable[Item]) -> int:
    """Put items where there are none, through the data plane alone; return how many were put."""
    put = 0
    for item in missing:
        try:
            dynamodb.put_item(TableName=table, Item=item, ConditionExpression="attribute_not_exists(pk)")
        except dynamodb.exceptions.ConditionalCheckFailedException:
            continue  # somebody was faster, with something newer
        put += 1
    return put


def delete(dynamodb: Any, table: str, victims: Iterable[Item]) -> int:
    """Delete items, as the fault of ours does; return how many."""
    count = 0
    for item in victims:
        dynamodb.delete_item(TableName=table, Key={name: item[name] for name in ("pk", "sk")})
        count += 1
    return count


def items(dynamodb: Any, table: str) -> Iterator[Item]:
    """Yield every item of a table."""
    for page in dynamodb.get_paginator("scan").paginate(TableName=table, ConsistentRead=True):
        yield from page["Items"]


def is_kept(item: Item) -> bool:
    """Return whether an item stays until somebody deletes it."""
    return EXPIRY not in item and not item["pk"]["S"].startswith(BEATS)


def _key(item: Item) -> tuple[str, str]:
    return item["pk"]["S"], item["sk"]["S"]
