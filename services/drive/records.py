"""Items of the tables: plain dictionaries in, plain dictionaries out, and every write can be conditional.

A condition is data: what each attribute must be for the write to happen.

    records.change(table, key, expect={"state": "QUEUED", "lease_owner": ABSENT}, put={"state": "BUILDING"})

A write that was made, but whose answer was lost, is retried by the SDK and then meets its own result. Such a write
counts as made: it would be wrong to believe that somebody else was faster.

Writes of one item in two regions at once raise ReplicatedWriteConflictException in the strongly consistent mode; the
SDK's model marks it as retryable, so that it needs no second layer of retries here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum
from typing import Any, Final

from boto3.dynamodb.types import Binary, TypeDeserializer, TypeSerializer
from botocore.exceptions import ClientError

from services.drive import aws, clock

Item = dict[str, Any]
Key = Mapping[str, str]


class _Absent(Enum):
    ABSENT = "absent"


BATCH = 100
"""So many items BatchGetItem takes at most."""
BATCH_ATTEMPTS = 6
BATCH_PAUSE = 0.2
"""Seconds at most between attempts, at random."""

ABSENT: Final = _Absent.ABSENT
"""As an expectation: the item has no such attribute."""


@dataclass(frozen=True)
class Below:
    """As an expectation: the attribute is there and smaller."""

    limit: float


@dataclass(frozen=True)
class Page:
    """Some items, and where the next page starts: None after the last one."""

    items: list[Item] = field(default_factory=list)
    after: Item | None = None


def key(pk: str, sk: str | None = None) -> Key:
    """Return an item's key; `switch` is the one table that has no sort key."""
    return {"pk": pk} if sk is None else {"pk": pk, "sk": sk}


def get(table: str, item: Key, *, strong: bool = True) -> Item | None:
    """Return the item, or None. Strong, because decisions depend on it; ask for less where none does."""
    answer = aws.client("dynamodb").get_item(TableName=table, Key=_encode(item), ConsistentRead=strong)
    found = answer.get("Item")
    return _decode(found) if found else None


def get_many(table: str, keys: Sequence[Key], *, strong: bool = True) -> list[Item]:
    """Return those of the items that are there, in no particular order."""
    found: list[Item] = []
    for start in range(0, len(keys), BATCH):
        found += _get_batch(table, keys[start : start + BATCH], strong=strong)
    return found


def insert(table: str, item: Item) -> bool:
    """Write an item where there is none; return False, changing nothing, where there is another one."""
    try:
        aws.client("dynamodb").put_item(
            TableName=table,
            Item=_encode(item),
            ConditionExpression="attribute_not_exists(pk)",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
    except ClientError as error:
        return _present(error) == item
    return True


def put(table: str, item: Item) -> None:
    """Write an item over whatever is there: for what is derived and has one writer."""
    aws.client("dynamodb").put_item(TableName=table, Item=_encode(item))


def change(
    table: str,
    item: Key,
    *,
    expect: Mapping[str, Any],
    put: Mapping[str, Any] | None = None,
    remove: Sequence[str] = (),
) -> Item | None:
    """Change an existing item if it is as expected; return it as it is afterwards, None if it was not as expected."""
    put = put or {}
    expression = _Expression()
    condition = expression.condition(expect)
    update = expression.update(put, remove)
    try:
        answer = aws.client("dynamodb").update_item(
            TableName=table,
            Key=_encode(item),
            UpdateExpression=update,
            ConditionExpression=condition,
            ReturnValues="ALL_NEW",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
            **expression.placeholders(),
        )
    except ClientError as error:
        present = _present(error)
        return present if present and is_result_of(present, expect, put, remove) else None
    return _decode(answer["Attributes"])


def delete(table: str, item: Key, *, expect: Mapping[str, Any]) -> bool:
    """Delete an item if it is as expected; return whether it is gone."""
    expression = _Expression()
    condition = expression.condition(expect)
    try:
        aws.client("dynamodb").delete_item(
            TableName=table,
            Key=_encode(item),
            ConditionExpression=condition,
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
            **expression.placeholders(),
        )
    except ClientError as error:
        return _present(error) is None
    return True


def query(
    table: str,
    pk: str,
    *,
    prefix: str = "",
    limit: int = 100,
    after: Item | None = None,
    strong: bool = True,
    newest_first: bool = False,
) -> Page:
    """Return items of one partition whose sort key starts with `prefix`, in the order of their sort keys."""
    values = {":pk": pk} | ({":prefix": prefix} if prefix else {})
    request: dict[str, Any] = {
        "TableName": table,
        "KeyConditionExpression": "pk = :pk" + (" AND begins_with(sk, :prefix)" if prefix else ""),
        "ExpressionAttributeValues": _encode(values),
        "ConsistentRead": strong,
        "ScanIndexForward": not newest_first,
    }
    return _page(request, limit, after)


def query_index(
    table: str,
    index: str,
    attribute: str,
    value: str,
    *,
    before: int | None = None,
    limit: int = 100,
    after: Item | None = None,
) -> Page:
    """Return items whose `attribute` is `value`, oldest `accepted_at` first; with `before` (ms) only older ones.

    An index follows its table with a delay: what it names must be read, or changed conditionally.
    """
    values = {":value": value} | ({":before": before} if before is not None else {})
    request: dict[str, Any] = {
        "TableName": table,
        "IndexName": index,
        "KeyConditionExpression": "#attribute = :value" + (" AND accepted_at < :before" if before is not None else ""),
        "ExpressionAttributeNames": {"#attribute": attribute},
        "ExpressionAttributeValues": _encode(values),
    }
    return _page(request, limit, after)


def meets(item: Item, expect: Mapping[str, Any]) -> bool:
    """Return whether an item is as expected."""
    return all(_is_met(item.get(name, ABSENT), wanted) for name, wanted in expect.items())


def is_result_of(present: Item, expect: Mapping[str, Any], put: Mapping[str, Any], remove: Sequence[str]) -> bool:
    """Return whether an item is what this very change leaves behind (see the module's docstring).

    What was expected of attributes that the change does not touch must still hold: two workers that extend a lease in
    the same moment write the same time, but only one of them is its owner.
    """
    untouched = {name: wanted for name, wanted in expect.items() if name not in put and name not in remove}
    return meets(present, {**untouched, **put, **dict.fromkeys(remove, ABSENT)})


def from_image(image: Mapping[str, Any]) -> Item:
    """Return the item in a stream record's OldImage or NewImage."""
    return _decode(image)


def _get_batch(table: str, keys: Sequence[Key], *, strong: bool) -> list[Item]:
    found: list[Item] = []
    wanted: Any = {table: {"Keys": [_encode(one) for one in keys], "ConsistentRead": strong}}
    for _ in range(BATCH_ATTEMPTS):
        answer = aws.client("dynamodb").batch_get_item(RequestItems=wanted)
        found += [_decode(item) for item in answer["Responses"].get(table, [])]
        wanted = answer.get("UnprocessedKeys")
        if not wanted:
            return found
        # More than 16 MB, or than the table gives now: the SDK does not repeat what comes back unprocessed.
        clock.sleep(clock.jitter(0, BATCH_PAUSE))
    raise ClientError({"Error": {"Code": "ThrottlingException", "Message": "keys stay unprocessed"}}, "BatchGetItem")


def _is_met(value: Any, wanted: Any) -> bool:
    if isinstance(wanted, Below):
        return value is not ABSENT and value < wanted.limit
    return bool(value == wanted)


def _page(request: dict[str, Any], limit: int, after: Item | None) -> Page:
    if after:
        request["ExclusiveStartKey"] = _encode(after)
    answer = aws.client("dynamodb").query(Limit=limit, **request)
    last = answer.get("LastEvaluatedKey")
    return Page([_decode(found) for found in answer["Items"]], _decode(last) if last else None)


def _present(error: ClientError) -> Item | None:
    """Return the item that a condition met; any other error goes on."""
    if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
        raise error
    found: Any = error.response.get("Item")
    return _decode(found) if found else None


class _Expression:
    """Names and values of one request; placeholders, because attribute names may be reserved words."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._values: dict[str, Any] = {}

    def condition(self, expect: Mapping[str, Any]) -> str:
        return " AND ".join(["attribute_exists(pk)", *(self._term(name, value) for name, value in expect.items())])

    def update(self, put: Mapping[str, Any], remove: Sequence[str]) -> str:
        assignments = ", ".join(f"{self._name(name)} = {self._value(value)}" for name, value in put.items())
        removals = ", ".join(self._name(name) for name in remove)
        return " ".join([f"SET {assignments}" if put else "", f"REMOVE {removals}" if remove else ""]).strip()

    def placeholders(self) -> dict[str, Any]:
        names = {"ExpressionAttributeNames": self._names} if self._names else {}
        return names | ({"ExpressionAttributeValues": _encode(self._values)} if self._values else {})

    def _term(self, name: str, value: Any) -> str:
        if value is ABSENT:
            return f"attribute_not_exists({self._name(name)})"
        if isinstance(value, Below):
            return f"{self._name(name)} < {self._value(value.limit)}"
        return f"{self._name(name)} = {self._value(value)}"

    def _name(self, name: str) -> str:
        placeholder = f"#n{len(self._names)}"
        self._names[placeholder] = name
        return placeholder

    def _value(self, value: Any) -> str:
        placeholder = f":v{len(self._values)}"
        self._values[placeholder] = value
        return placeholder


_serializer = TypeSerializer()
_deserializer = TypeDeserializer()


def _encode(item: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _serializer.serialize(_to_dynamodb(value)) for name, value in item.items() if value is not None}


def _decode(item: Mapping[str, Any]) -> Item:
    return {name: _from_dynamodb(_deserializer.deserialize(value)) for name, value in item.items()}


def _to_dynamodb(value: Any) -> Any:
    if isinstance(value, float):
        return Decimal(str(value))
    if isinstance(value, Mapping):
        return {name: _to_dynamodb(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_to_dynamodb(inner) for inner in value]
    return value


def _from_dynamodb(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, Binary):
        binary: Any = value  # the stubs know none of its attributes
        return binary.value
    if isinstance(value, dict):
        return {name: _from_dynamodb(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_from_dynamodb(inner) for inner in value]
    return value
