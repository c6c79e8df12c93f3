"""Orders: what somebody asked for and has not lost, whatever happens to the messages about it.

    accepted ──► done        `open` names the region that has it to do, until it is done

Every change is one conditional write. A write that was made, but whose answer was lost, is repeated by the SDK and then
meets its own result: that counts as made. Times are milliseconds.
"""

import hashlib
import json
import os
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.exceptions import ClientError
from orders import clock
from orders.aws import client, region
from orders.limits import KEEP_DONE, LEASE, TRIES

_pack, _unpack = TypeSerializer().serialize, TypeDeserializer().deserialize
Item = dict[str, Any]


class DifferentRequest(Exception):
    """The idempotency key was used before, for another request."""


class UnknownOrder(Exception):
    """There is no such order (yet): in the other region the record may still be under way."""


class TakenOrder(Exception):
    """Another worker has a lease on the order; it may yet die, so the message has to come again."""


@dataclass(frozen=True, kw_only=True)
class OpenOrder:
    """What the index of open orders holds: never what was asked for, which may be large."""

    id: str
    home: str
    """The region that does it, or did."""
    accepted_at: int
    seen_at: int
    """When its message was last sent or received."""
    tries: int


@dataclass(frozen=True, kw_only=True)
class Order(OpenOrder):
    """One order as it was read."""

    request: dict[str, Any]
    lease: str | None
    """Whoever works on it; a new name each time."""
    leased_until: int
    result: dict[str, Any] | None
    done_at: int | None

    @property
    def state(self) -> str:
        """`done`; `failed` when it was tried in vain and waits for a person; `open` otherwise."""
        if self.done_at is not None:
            return "done"
        is_free = self.leased_until < clock.milliseconds()
        return "failed" if self.tries >= TRIES and is_free else "open"


def order_id(key: str) -> str:
    """Return the id that an idempotency key leads to, in every region: so a repeated request meets the same record.

    All callers share one set of keys; a UUID of the caller's own is one.
    """
    return hashlib.sha256(key.encode()).hexdigest()[:32]


def accept(key: str, request: dict[str, Any]) -> tuple[Order, bool]:
    """Record an order before it is confirmed to anybody. Return it, and whether it is new.

    Raises DifferentRequest when the key already stands for another request.
    """
    now = clock.milliseconds()
    item = {"id": order_id(key), "request": json.dumps(request, sort_keys=True), "accepted_at": now, "seen_at": now}
    item |= {"home": region(), "open": region(), "tries": 0}
    try:
        client("dynamodb").put_item(
            TableName=_table(),
            Item=_packed(item),
            ConditionExpression="attribute_not_exists(id)",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
    except ClientError as error:
        first = _met(error)
        _same_request(first, request)
        return _order(first), first == item
    return _order(item), True


def find(key: str, request: dict[str, Any]) -> Order | None:
    """Return the order that this key already led to, if any. Raises DifferentRequest."""
    item = get(order_id(key))
    if item is None:
        return None
    _same_request(item, request)
    return _order(item)


def read(order: str) -> Order | None:
    """Return the order with this id."""
    item = get(order)
    return _order(item) if item and "request" in item else None


def claim(order: str) -> Order | None:
    """Take the order for this worker, for LEASE from now on. None if there is nothing to do here: drop its message.

    Raises UnknownOrder, TakenOrder.
    """
    now, lease = clock.milliseconds(), uuid.uuid4().hex
    values = {"lease": lease, "until": now + _lease(), "now": now, "here": region(), "one": 1}
    update = "SET lease = :lease, leased_until = :until, seen_at = :now ADD tries :one"
    free = "(attribute_not_exists(leased_until) OR leased_until < :now)"
    changed, item = _change(order, update, f"#open = :here AND {free}", values)
    if changed or item.get("lease") == lease:
        return _order(item)
    if not item:
        raise UnknownOrder(order)
    if item.get("open") == region():
        raise TakenOrder(order)
    return None


def keep(order: Order) -> bool:
    """Extend the lease; False when somebody else has taken over."""
    now = clock.milliseconds()
    values = {"lease": order.lease, "until": now + _lease(), "now": now}
    return _change(order.id, "SET leased_until = :until, seen_at = :now", "lease = :lease", values)[0]


def release(order: Order) -> None:
    """Give the order back undone, if it is still this worker's: its message comes again."""
    _change(order.id, "REMOVE lease, leased_until", "lease = :lease", {"lease": order.lease})


def finish(order: Order, result: dict[str, Any]) -> bool:
    """Record the result, once; False when somebody else has taken over, who will."""
    now = clock.milliseconds()
    values = {
        "result": json.dumps(result),
        "now": now,
        "expires": now // 1000 + KEEP_DONE,
        "lease": order.lease,
        "here": region(),
    }
    put = "#result = :result, done_at = :now, done_by = :lease, expires_at = :expires"
    update = f"SET {put} REMOVE #open, lease, leased_until"
    changed, item = _change(order.id, update, "#open = :here AND lease = :lease", values)
    return changed or item.get("done_by") == order.lease


def mark_seen(order: OpenOrder) -> bool:
    """Note that the order's message is about to be sent again; False when somebody else did, or it is done."""
    values = {"now": clock.milliseconds(), "before": order.seen_at, "here": region()}
    return _change(order.id, "SET seen_at = :now", "#open = :here AND seen_at = :before", values)[0]


def adopt(order: OpenOrder) -> bool:
    """Make this region the home of an open order of another; False when it is done, or being worked on."""
    values = {"now": clock.milliseconds(), "home": order.home, "here": region(), "zero": 0}
    update = "SET #open = :here, home = :here, seen_at = :now, tries = :zero REMOVE lease, leased_until"
    free = "(attribute_not_exists(leased_until) OR leased_until < :now)"
    return _change(order.id, update, f"#open = :home AND {free}", values)[0]


def open_orders(home: str) -> Iterator[OpenOrder]:
    """Yield a region's open orders, oldest first. The index follows its table with a delay: change conditionally."""
    request: dict[str, Any] = {
        "TableName": _table(),
        "IndexName": "open-orders",
        "KeyConditionExpression": "#open = :home",
        "ExpressionAttributeNames": {"#open": "open"},
        "ExpressionAttributeValues": {":home": _pack(home)},
        "Limit": 100,
    }
    while True:
        page = client("dynamodb").query(**request)
        yield from (OpenOrder(**_common(_unpacked(item)), home=home) for item in page["Items"])
        if "LastEvaluatedKey" not in page:
            return
        request["ExclusiveStartKey"] = page["LastEvaluatedKey"]


def get(key: str) -> Item | None:
    """Return any item of the table, or None. Strongly consistent within the region."""
    answer = client("dynamodb").get_item(TableName=_table(), Key={"id": _pack(key)}, ConsistentRead=True)
    return _unpacked(answer["Item"]) if "Item" in answer else None


def put(item: Item) -> None:
    """Write an item over whatever is there: for what has one writer, or may be lost."""
    client("dynamodb").put_item(TableName=_table(), Item=_packed(item))


def _change(order: str, update: str, condition: str, values: dict[str, Any]) -> tuple[bool, Item]:
    """Return whether the change was made, and the item as it is now; {} if there is none."""
    names = {name: name[1:] for name in ("#open", "#result") if name in update + condition}
    try:
        answer = client("dynamodb").update_item(
            TableName=_table(),
            Key={"id": _pack(order)},
            UpdateExpression=update,
            ConditionExpression=condition,
            ExpressionAttributeValues={f":{name}": _pack(value) for name, value in values.items()},
            ReturnValues="ALL_NEW",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
            **({"ExpressionAttributeNames": names} if names else {}),
        )
    except ClientError as error:
        return False, _met(error)
    return True, _unpacked(answer["Attributes"])


def _met(error: ClientError) -> Item:
    """Return the item that a condition met; any other error goes on."""
    if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
        raise error
    found: Any = error.response.get("Item", {})
    return _unpacked(found)


def _same_request(item: Item, request: dict[str, Any]) -> None:
    if item["request"] != json.dumps(request, sort_keys=True):
        raise DifferentRequest(item["id"])


def _order(item: Item) -> Order:
    return Order(
        **_common(item),
        home=item["home"],
        request=json.loads(item["request"]),
        lease=item.get("lease"),
        leased_until=int(item.get("leased_until", 0)),
        result=json.loads(item["result"]) if "result" in item else None,
        done_at=int(item["done_at"]) if "done_at" in item else None,
    )


def _common(item: Item) -> dict[str, Any]:
    return {"id": item["id"]} | {name: int(item[name]) for name in ("accepted_at", "seen_at", "tries")}


def _lease() -> int:
    return int(clock.scaled(LEASE) * 1000)


def _table() -> str:
    return os.environ["ORDERS_TABLE"]


def _packed(item: Item) -> Item:
    return {name: _pack(value) for name, value in item.items()}


def _unpacked(item: Item) -> Item:
    return {name: _unpack(value) for name, value in item.items()}
