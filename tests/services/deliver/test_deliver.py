from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from services.deliver import handler
from services.drive import levers, messages, orders, pace, records
from services.drive.limits import SIDELINE_AFTER
from services.drive.orders import Kind, Order, State
from services.drive.pace import Queue


@pytest.fixture(autouse=True)
def _start(cloud: Any, time: Any) -> None:  # noqa: ARG001
    handler._published_at.clear()


def purchase(user: str = "u1") -> Order:
    order = orders.accept(user, Kind.PURCHASE, "album", "k1", {})[0]
    messages.send_order(order.message())
    return order


def state(order: Order) -> State:
    found = orders.read(order.id)
    assert found
    return found.state


def work(cloud: Any, queue: str = "deliver") -> list[Any]:
    event = cloud.take(queue)
    return [failure["itemIdentifier"] for failure in handle(event)]


def handle(event: Any) -> list[Any]:
    failures: list[Any] = handler.handle(event, None)["batchItemFailures"]  # type: ignore[arg-type]
    return failures


def test_a_purchase_gives_the_user_a_pointer(cloud: Any) -> None:
    order = purchase()
    assert work(cloud) == []
    assert orders.owns("u1", "album")
    assert state(order) == State.DELIVERED


def test_a_message_that_comes_twice_changes_nothing(cloud: Any) -> None:
    purchase()
    event = cloud.take("deliver")
    handle(event)
    before = cloud.items("drive")
    assert handle(event) == []
    assert cloud.items("drive") == before


def test_a_crash_after_the_pointer_is_made_up_for(cloud: Any) -> None:
    order = purchase()
    orders.give(order)
    work(cloud)
    assert state(order) == State.DELIVERED


def test_an_old_order_moves_to_the_sideline_and_is_delivered_from_there(cloud: Any, time: Any) -> None:
    order = purchase()
    time.advance(SIDELINE_AFTER + 1)
    assert work(cloud) == []
    assert state(order) == State.ACCEPTED
    assert work(cloud, "deliver-sideline") == []
    assert state(order) == State.DELIVERED


def test_the_sideline_keeps_counting_the_age_from_the_order(cloud: Any, time: Any) -> None:
    order = purchase()
    time.advance(SIDELINE_AFTER + 1)
    work(cloud)
    (body,) = cloud.bodies("deliver-sideline")
    assert (body["accepted_at"], body["sidelined"]) == (order.accepted_at, True)


def test_the_sideline_can_be_switched_off(cloud: Any, time: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(levers, "current", lambda: levers.Levers(sideline=False))
    order = purchase()
    time.advance(SIDELINE_AFTER + 1)
    work(cloud)
    assert state(order) == State.DELIVERED


def test_an_order_that_another_region_adopted_is_left_to_it(cloud: Any) -> None:
    order = purchase()
    with cloud.acting_in("us-east-2"):
        orders.adopt(order)
    assert work(cloud) == []
    assert state(order) == State.ACCEPTED
    assert not orders.owns("u1", "album")


def test_a_message_ahead_of_its_record_comes_again(cloud: Any) -> None:
    order = purchase()
    event = cloud.take("deliver")
    records.delete("drive", records.key(f"ORDER#{order.id}", "ORDER"), expect={})
    assert handle(event) == [{"itemIdentifier": event["Records"][0]["messageId"]}]


def test_one_bad_message_does_not_hold_up_the_others(cloud: Any) -> None:
    good = purchase("u1")
    messages.send(cloud.queue_url("deliver"), {"nonsense": 1}, group="u2")
    also_good = purchase("u3")
    assert len(work(cloud)) == 1
    assert state(good) == state(also_good) == State.DELIVERED


def test_a_bundle_s_message_in_the_wrong_queue_delivers_nothing(cloud: Any) -> None:
    order = orders.accept("u1", Kind.BUNDLE, "f" * 64, "k1", {})[0]
    messages.send(cloud.queue_url("deliver"), vars(order.message()), group="u1")
    assert len(work(cloud)) == 1
    assert state(order) == State.ACCEPTED


def test_while_the_table_cannot_be_reached_every_message_comes_again(
    cloud: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    purchase("u1")
    purchase("u2")
    event = cloud.take("deliver")

    def unreachable(*_: object, **__: object) -> None:
        raise EndpointConnectionError(endpoint_url="dynamodb")

    for name in ("get", "insert", "change", "put"):
        monkeypatch.setattr(records, name, unreachable)
    assert len(handle(event)) == 2


@pytest.mark.parametrize(("queue", "sidelined"), [(Queue.DELIVER, False), (Queue.DELIVER_SIDELINE, True)])
def test_the_pace_says_what_each_queue_hands_out_now(cloud: Any, time: Any, queue: Queue, *, sidelined: bool) -> None:
    order = purchase()
    cloud.take("deliver")
    time.advance(70)
    for _ in range(2):
        messages.send_order(order.message(sidelined=sidelined))
    event = cloud.take(queue)
    messages.send_order(order.message(sidelined=sidelined))
    handle(event)
    assert pace.queue_age(queue) == 70
    assert pace.drain_rate(queue) > 0
