from typing import Any

import pytest

from services.drive import orders
from services.drive.limits import ORDER_SHARDS
from services.drive.messages import Notice
from services.drive.orders import DifferentRequest, Kind, NoticeClaimed, Order, State

pytestmark = pytest.mark.usefixtures("cloud")

USER = "0123456789abcdef0123456789abcdef"
MANIFEST = "f" * 64


def purchase(idempotency_key: str = "k1", content: str = "album") -> Order:
    return orders.accept(USER, Kind.PURCHASE, content, idempotency_key, {"content": content})[0]


def bundle(idempotency_key: str = "k1") -> Order:
    return orders.accept(USER, Kind.BUNDLE, MANIFEST, idempotency_key, {"album": "album"})[0]


def read(order: Order) -> Order:
    found = orders.read(order.id)
    assert found
    return found


def test_an_order_is_recorded_with_the_region_that_serves_it(time: Any) -> None:
    order, is_new = orders.accept(USER, Kind.BUNDLE, MANIFEST, "k1", {"album": "album"}, email="a@example.com")
    assert is_new
    assert read(order) == order
    assert (order.home, order.state, order.accepted_at) == ("us-west-2", State.ACCEPTED, time.now * 1000)


def test_a_replay_finds_the_first_order_in_either_region(cloud: Any, time: Any) -> None:
    first = purchase()
    time.advance(5)
    with cloud.acting_in("us-east-2"):
        again, is_new = orders.accept(USER, Kind.PURCHASE, "album", "k1", {"content": "album"})
    assert not is_new
    assert again == first


def test_a_replay_finds_what_became_of_the_order() -> None:
    orders.deliver(purchase())
    assert purchase().state == State.DELIVERED


def test_one_idempotency_key_is_good_for_one_request() -> None:
    purchase(content="album")
    with pytest.raises(DifferentRequest):
        purchase(content="another")
    with pytest.raises(DifferentRequest):
        orders.find(USER, Kind.PURCHASE, "k1", {"content": "another"})


def test_an_order_is_found_by_its_request_without_being_made() -> None:
    assert orders.find(USER, Kind.PURCHASE, "k1", {"content": "album"}) is None
    order = purchase()
    assert orders.find(USER, Kind.PURCHASE, "k1", {"content": "album"}) == order


def test_two_users_may_use_the_same_idempotency_key() -> None:
    assert orders.order_id(USER, Kind.PURCHASE, "k1") != orders.order_id("f" * 32, Kind.PURCHASE, "k1")
    assert orders.order_id(USER, Kind.PURCHASE, "k1") != orders.order_id(USER, Kind.BUNDLE, "k1")


def test_the_order_of_a_request_s_fields_does_not_matter() -> None:
    assert orders.request_hash({"a": 1, "b": [2, 3]}) == orders.request_hash({"b": [2, 3], "a": 1})
    assert orders.request_hash({"b": [2, 3]}) != orders.request_hash({"b": [3, 2]})


def test_orders_spread_over_all_shards() -> None:
    ids = [orders.order_id(USER, Kind.PURCHASE, str(number)) for number in range(500)]
    assert {orders.shard_of(order) for order in ids} == set(range(ORDER_SHARDS))


def test_an_open_order_is_found_by_its_region_once_it_is_old_enough(time: Any) -> None:
    order = purchase()
    assert orders.open_orders("us-west-2", order.shard, older_than=120).orders == []
    time.advance(121)
    assert orders.open_orders("us-west-2", order.shard, older_than=120).orders == [order]
    assert orders.open_orders("us-east-2", order.shard).orders == []


def test_a_bundle_order_is_found_by_what_it_waits_for() -> None:
    order = bundle()
    assert orders.waiting_orders(MANIFEST, order.shard).orders == [order]


@pytest.mark.parametrize(("end", "state"), [(orders.deliver, State.DELIVERED), (orders.expire, State.EXPIRED)])
def test_an_order_ends_once_and_is_not_open_any_more(end: Any, state: State) -> None:
    order = bundle()
    assert end(order)
    assert read(order).state == state
    assert not orders.deliver(order)
    assert not orders.expire(order)
    assert read(order).state == state
    assert orders.open_orders("us-west-2", order.shard).orders == []
    assert orders.waiting_orders(MANIFEST, order.shard).orders == []


def test_a_purchase_gives_one_pointer_however_often_it_is_delivered(time: Any) -> None:
    order = purchase()
    assert not orders.owns(USER, "album")
    assert orders.give(order)
    time.advance(1)
    assert not orders.give(order)
    assert orders.owns(USER, "album")
    assert not orders.owns("f" * 32, "album")


def test_a_region_adopts_an_open_order_of_the_other_one_once(cloud: Any, time: Any) -> None:
    order = purchase()
    time.advance(60)
    with cloud.acting_in("us-east-2"):
        assert orders.adopt(order)
        time.advance(1)
        assert not orders.adopt(order)
    adopted = read(order)
    assert (adopted.home, adopted.accepted_at) == ("us-east-2", order.accepted_at)
    assert adopted.sent_at == order.sent_at + 60_000
    assert orders.open_orders("us-east-2", order.shard).orders == [adopted]
    assert orders.open_orders("us-west-2", order.shard).orders == []


def test_an_order_that_was_delivered_meanwhile_is_not_adopted(cloud: Any) -> None:
    order = purchase()
    orders.deliver(order)
    with cloud.acting_in("us-east-2"):
        assert not orders.adopt(order)


def test_an_order_that_was_adopted_meanwhile_is_not_ended_by_its_former_home(cloud: Any) -> None:
    order = bundle()
    with cloud.acting_in("us-east-2"):
        orders.adopt(order)
    assert not orders.deliver(order)
    assert not orders.expire(order)
    assert read(order).state == State.ACCEPTED


def test_of_two_senders_that_saw_the_same_order_one_sends(time: Any) -> None:
    order = purchase()
    time.advance(600)
    assert orders.mark_sent(order)
    time.advance(0.5)
    assert not orders.mark_sent(order)


def test_an_order_is_noted_as_delayed_or_failed_once(time: Any) -> None:
    order = bundle()
    for mark in (orders.mark_delayed, orders.mark_failed):
        assert mark(order)
        time.advance(1)
        assert not mark(order)
    assert read(order).state == State.ACCEPTED


def test_who_tells_a_user_keeps_others_from_it_until_the_claim_runs_out(time: Any) -> None:
    order = purchase()
    assert orders.claim_notice(order.id, Notice.DELAYED, for_seconds=120) == order
    with pytest.raises(NoticeClaimed):
        orders.claim_notice(order.id, Notice.DELAYED, for_seconds=120)
    time.advance(121)
    assert orders.claim_notice(order.id, Notice.DELAYED, for_seconds=120) is not None
    orders.mark_told(order.id, Notice.DELAYED)
    time.advance(121)
    assert orders.claim_notice(order.id, Notice.DELAYED, for_seconds=120) is None
    assert orders.claim_notice(order.id, Notice.DELIVERED, for_seconds=120) is not None


def test_nobody_is_told_of_an_order_that_is_not_there() -> None:
    assert orders.claim_notice("0" * 32, Notice.DELIVERED, for_seconds=120) is None
