"""Orders: what a user asked for and has not lost, whatever happens to the messages about it.

    ACCEPTED ──► DELIVERED        purchase: the pointer is written; bundle: it is ready
        └──────► EXPIRED          bundles only, after EXPIRE_BUNDLE_AFTER

Whatever must follow from a change here (a message, a notice) is sent from the table's stream by services/outbox,
never by whoever makes the change: a crash between two calls would lose the second.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any

from services.drive import clock, records
from services.drive.environment import here
from services.drive.limits import ORDER_SHARDS, SIDELINE_AFTER, scaled
from services.drive.messages import Notice, OrderMessage
from services.drive.records import ABSENT, Item, Key, key


class Kind(StrEnum):
    PURCHASE = "purchase"
    BUNDLE = "bundle"


class State(StrEnum):
    ACCEPTED = "ACCEPTED"
    DELIVERED = "DELIVERED"
    EXPIRED = "EXPIRED"


class DifferentRequest(Exception):
    """The idempotency key was used before, for another request."""


@dataclass(frozen=True)
class Order:
    """One order as it was read. Times are milliseconds since 1970 UTC."""

    id: str
    user: str
    kind: Kind
    content: str
    """Purchase: the id of the content. Bundle: the hash of the manifest."""
    accepted_at: int
    home: str
    """The region that serves it."""
    state: State
    request: str
    """Hash of the request's body: a replay must ask for the same."""
    sent_at: int
    """When its message was sent last, or was about to be."""
    email: str | None = None
    delayed_at: int | None = None
    failed_at: int | None = None

    @property
    def age(self) -> float:
        """Seconds since it was accepted."""
        return clock.age(self.accepted_at)

    @property
    def is_old(self) -> bool:
        """Whether it belongs on the sideline, so that fresh ones are served at once."""
        return self.age > scaled(SIDELINE_AFTER)

    @property
    def shard(self) -> int:
        """Which of the ORDER_SHARDS it is found under."""
        return shard_of(self.id)

    def message(self, *, sidelined: bool = False) -> OrderMessage:
        """Return the message that hints at this order."""
        return OrderMessage(
            kind=self.kind,
            content=self.content,
            user=self.user,
            accepted_at=self.accepted_at,
            order=self.id,
            sidelined=sidelined,
        )


@dataclass(frozen=True)
class OrderPage:
    """Some orders, and where the next page starts: None after the last one."""

    orders: list[Order]
    after: Item | None


def order_id(user: str, kind: Kind, idempotency_key: str) -> str:
    """Return the id that a user's idempotency key leads to, in every region.

    The id makes the request idempotent by itself: a replay meets the same record wherever it arrives. A separate
    table of idempotency keys, kept per region, would not know a request that was first made in the other one.
    """
    return _hash(user, kind, idempotency_key)[:32]


def request_hash(body: Mapping[str, Any]) -> str:
    """Return what tells one request from another, whatever the order of its fields."""
    return hashlib.sha256(json.dumps(body, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def shard_of(order: str) -> int:
    """Return the shard of an order id."""
    return int(order[:8], 16) % ORDER_SHARDS


def accept(
    user: str, kind: Kind, content: str, idempotency_key: str, request: Mapping[str, Any], *, email: str | None = None
) -> tuple[Order, bool]:
    """Record an order to be served by this region, before it is confirmed to the user.

    Return the record and whether it is new: a replay finds the first one, in whatever state it is by now.
    Raises DifferentRequest when the idempotency key already stands for another request.
    """
    now = clock.milliseconds()
    order = Order(
        id=order_id(user, kind, idempotency_key),
        user=user,
        kind=kind,
        content=content,
        accepted_at=now,
        home=here.aws_region,
        state=State.ACCEPTED,
        request=request_hash(request),
        sent_at=now,  # by the outbox, as soon as it sees this record
        email=email,
    )
    if records.insert(here.drive_table, _item(order)):
        return order, True
    first = read(order.id)
    if first is None:
        raise LookupError(f"order {order.id} was there a moment ago; orders are never deleted")
    if first.request != order.request:
        raise DifferentRequest
    return first, False


def find(user: str, kind: Kind, idempotency_key: str, request: Mapping[str, Any]) -> Order | None:
    """Return the order that this request already led to, if any; raises DifferentRequest."""
    order = read(order_id(user, kind, idempotency_key))
    if order and order.request != request_hash(request):
        raise DifferentRequest
    return order


def read(order: str, *, strong: bool = True) -> Order | None:
    """Return the order with this id, whoever's it is: the API compares its user."""
    item = records.get(here.drive_table, _key(order), strong=strong)
    return from_item(item) if item else None


def give(order: Order) -> bool:
    """Write the pointer that a purchase gives; return whether it is new. Writing it twice changes nothing."""
    pointer = {
        **key(f"USER#{order.user}", f"ITEM#{order.content}"),
        "order": order.id,
        "granted_at": clock.milliseconds(),
    }
    return records.insert(here.drive_table, pointer)


def owns(user: str, content: str) -> bool:
    """Return whether the user has been given a content."""
    return records.get(here.drive_table, key(f"USER#{user}", f"ITEM#{content}")) is not None


def deliver(order: Order) -> bool:
    """Mark an order DELIVERED; False when it was not ACCEPTED, or not here, any more. The stream sends its notice."""
    return _end(order, State.DELIVERED, "delivered_at")


def expire(order: Order) -> bool:
    """Mark an order EXPIRED; False when it was not ACCEPTED, or not here, any more. The stream sends its notice."""
    return _end(order, State.EXPIRED, "expired_at")


def adopt(order: Order) -> bool:
    """Make this region the home of an open order of another one; False when it changed meanwhile.

    The outbox of this region sees the change and sends the message.
    """
    home = here.aws_region
    put = {"home": home, "open": _open(home, order.id), "sent_at": clock.milliseconds()}
    return _change(order, {"home": order.home}, put)


def mark_sent(order: Order) -> bool:
    """Note that the order's message is about to be sent again; False when somebody else is doing so.

    Comes before the sending: two reconcilers that see the same late order must not both send.
    """
    return _change(order, {"home": order.home, "sent_at": order.sent_at}, {"sent_at": clock.milliseconds()})


def mark_delayed(order: Order) -> bool:
    """Note, once, that the user is to be told of the delay. The notice follows from the stream."""
    return _change(order, {"delayed_at": ABSENT}, {"delayed_at": clock.milliseconds()})


def mark_failed(order: Order) -> bool:
    """Note, once, that the user is to be told that the bundle cannot be built. The notice follows from the stream.

    The order stays ACCEPTED until it expires: an operator may find the cause and build again.
    """
    return _change(order, {"failed_at": ABSENT}, {"failed_at": clock.milliseconds()})


def open_orders(
    region: str, shard: int, *, older_than: float = 0, limit: int = 100, after: Item | None = None
) -> OrderPage:
    """Return open orders of a region's shard, oldest first, that were accepted more than `older_than` seconds ago."""
    before = clock.milliseconds() - int(older_than * 1000) + 1
    page = records.query_index(
        here.drive_table, "open-orders", "open", f"{region}#{shard}", before=before, limit=limit, after=after
    )
    return OrderPage([from_item(item) for item in page.items], page.after)


def waiting_orders(content: str, shard: int, *, limit: int = 100, after: Item | None = None) -> OrderPage:
    """Return the open orders of a shard that wait for a bundle, oldest first, whatever region is their home."""
    page = records.query_index(
        here.drive_table, "waiting-orders", "waits_for", f"{content}#{shard}", limit=limit, after=after
    )
    return OrderPage([from_item(item) for item in page.items], page.after)


def claim_notice(order: str, notice: Notice, *, for_seconds: float) -> Order | None:
    """Return the order if its user must be told, and keep others from telling for so long; None if that is done.

    Raises NoticeClaimed while somebody else is telling: they may crash, so the message has to come again.
    """
    item = records.get(here.drive_table, _key(order))
    if item is None or f"told_{notice}" in item:
        return None
    claim = f"telling_{notice}"
    seen = item.get(claim)
    if seen is not None and clock.age(seen) < for_seconds:
        raise NoticeClaimed(order)
    expect = {claim: ABSENT if seen is None else seen, f"told_{notice}": ABSENT}
    if records.change(here.drive_table, _key(order), expect=expect, put={claim: clock.milliseconds()}) is None:
        raise NoticeClaimed(order)
    return from_item(item)


def mark_told(order: str, notice: Notice) -> None:
    """Note that the user was told."""
    told = f"told_{notice}"
    records.change(here.drive_table, _key(order), expect={told: ABSENT}, put={told: clock.milliseconds()})


class NoticeClaimed(Exception):
    """Somebody else is telling this user this, and may yet fail."""


def from_item(item: Item) -> Order:
    """Return the order that a table's item, or a stream's image, holds."""
    known = {field.name: item[field.name] for field in fields(Order) if field.name in item}
    known |= {"id": item["pk"].removeprefix("ORDER#"), "kind": Kind(item["kind"]), "state": State(item["state"])}
    return Order(**known)


def is_order(item: Key) -> bool:
    """Return whether a table's item, or only its key, is an order's."""
    return item.get("sk") == "ORDER"


def _item(order: Order) -> Item:
    item = {field.name: getattr(order, field.name) for field in fields(Order) if field.name != "id"}
    item = {name: value for name, value in item.items() if value is not None}
    item |= {**_key(order.id), "open": _open(order.home, order.id)}
    if order.kind == Kind.BUNDLE:
        item["waits_for"] = f"{order.content}#{order.shard}"
    return item


def _key(order: str) -> Key:
    return key(f"ORDER#{order}", "ORDER")


def _open(home: str, order: str) -> str:
    return f"{home}#{shard_of(order)}"


def _end(order: Order, state: State, when: str) -> bool:
    put = {"state": state, when: clock.milliseconds()}
    # Only its home: a bundle that is ready here is of no use to an order that another region adopted meanwhile.
    return _change(order, {"home": order.home}, put, remove=("open", "waits_for"))


def _change(order: Order, expect: Mapping[str, Any], put: Mapping[str, Any], remove: tuple[str, ...] = ()) -> bool:
    expect = {"state": State.ACCEPTED, **expect}
    return records.change(here.drive_table, _key(order.id), expect=expect, put=put, remove=remove) is not None


def _hash(*parts: str) -> str:
    # NUL keeps ("ab", "c") apart from ("a", "bc"); no part may contain it.
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
