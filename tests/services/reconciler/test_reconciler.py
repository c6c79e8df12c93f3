from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from services.drive import clock, jobs, messages, orders, pace, records, switch_records
from services.drive.jobs import Job, JobState
from services.drive.limits import (
    CLOCK_SKEW,
    EXPIRE_BUNDLE_AFTER,
    FAILED_BUILDS,
    LATE_BEYOND_QUEUE,
    LEASE,
    RECONCILER_RUN,
    RESENDS_PER_SECOND,
    STARTED_BUILDS,
    TELL_DELAY_AFTER,
)
from services.drive.orders import Kind, Order, State
from services.drive.pace import Queue
from services.drive.switch_records import RegionState
from services.reconciler import cursors, handler
from services.reconciler.budget import Throttle

MANIFEST = "f" * 64
PEER = "us-east-2"


@pytest.fixture(autouse=True)
def _start(cloud: Any, time: Any) -> None:  # noqa: ARG001
    jobs.forget()


def purchase(user: str = "u1") -> Order:
    return orders.accept(user, Kind.PURCHASE, "album", "k1", {})[0]


def bundle(user: str = "u1", *, manifest: str = MANIFEST) -> Order:
    return orders.accept(user, Kind.BUNDLE, manifest, "k1", {})[0]


def queued_bundle() -> Order:
    order = bundle()
    jobs.ensure(order)
    return order


def claimed() -> Job:
    job = jobs.claim(MANIFEST, "w1", sent_at=0)
    assert job
    return job


def reconcile() -> None:
    handler.handle({}, None)


def read(order: Order) -> Order:
    found = orders.read(order.id)
    assert found
    return found


def evacuate(region: str) -> None:
    switch_records.turn(switch_records.read(region), RegionState.EVACUATED, by="ada", reason="drill")


def sent(cloud: Any, queue: str, region: str = "us-west-2") -> list[Any]:
    return [body["order"] for body in cloud.bodies(queue, region)]


def test_a_purchase_whose_message_was_lost_is_sent_again(cloud: Any, time: Any) -> None:
    order = purchase()
    time.advance(LATE_BEYOND_QUEUE)
    reconcile()
    assert sent(cloud, "deliver-sideline") == []
    time.advance(1)
    reconcile()
    assert sent(cloud, "deliver-sideline") == [order.id]


def test_a_lost_purchase_is_not_sent_every_minute(cloud: Any, time: Any) -> None:
    purchase()
    time.advance(LATE_BEYOND_QUEUE + 1)
    for _ in range(4):
        reconcile()
        cloud.take("deliver-sideline")
        time.advance(60)
        reconcile()
        assert sent(cloud, "deliver-sideline") == []
    time.advance(120)
    reconcile()
    assert len(sent(cloud, "deliver-sideline")) == 1


def test_in_a_storm_old_orders_are_not_taken_for_lost(cloud: Any, time: Any) -> None:
    order = purchase()
    messages.send_order(order.message())
    time.advance(3600)
    pace.publish(Queue.DELIVER, "w1", slots=1, mean_seconds=1, queue_age=3500)
    reconcile()
    assert sent(cloud, "deliver-sideline") == []
    pace.publish(Queue.DELIVER, "w1", slots=1, mean_seconds=1, queue_age=3000)
    messages.send_order(order.message())
    reconcile()
    assert sent(cloud, "deliver-sideline") == [order.id]


def test_an_order_on_a_long_sideline_is_not_taken_for_lost(cloud: Any, time: Any) -> None:
    order = purchase()
    messages.send_order(order.message(sidelined=True))
    time.advance(3600)
    pace.publish(Queue.DELIVER_SIDELINE, "w1", slots=1, mean_seconds=1, queue_age=3500)
    reconcile()
    assert len(sent(cloud, "deliver-sideline")) == 1, "the one that was there"


def test_a_queue_that_nobody_receives_from_is_not_made_longer(cloud: Any, time: Any) -> None:
    messages.send_order(purchase().message())
    time.advance(3600)
    reconcile()
    assert len(sent(cloud, "deliver")) == 1
    assert sent(cloud, "deliver-sideline") == []


def test_a_delivered_order_is_left_alone(cloud: Any, time: Any) -> None:
    orders.deliver(purchase())
    time.advance(3600)
    before = cloud.items("drive")
    reconcile()
    assert cloud.items("drive") == before


def test_a_user_is_told_of_a_delay_once(time: Any) -> None:
    order = purchase()
    time.advance(TELL_DELAY_AFTER + 1)
    reconcile()
    first = read(order).delayed_at
    assert first == clock.milliseconds()
    time.advance(600)
    reconcile()
    assert read(order).delayed_at == first


def test_a_purchase_never_expires(time: Any) -> None:
    order = purchase()
    time.advance(30 * 24 * 3600)
    reconcile()
    assert read(order).state == State.ACCEPTED


def test_a_bundle_that_nobody_could_build_in_a_day_expires(time: Any) -> None:
    order = queued_bundle()
    time.advance(EXPIRE_BUNDLE_AFTER + 1)
    reconcile()
    assert read(order).state == State.EXPIRED


def test_an_order_for_a_ready_bundle_that_nobody_noticed_is_delivered(time: Any) -> None:
    order = queued_bundle()
    jobs.publish(claimed(), bundle_key="bundles/f.zip", size=5)
    time.advance(121)
    reconcile()
    assert read(order).state == State.DELIVERED


def test_a_bundle_without_a_job_gets_one(cloud: Any, time: Any) -> None:
    order = bundle()
    time.advance(121)
    reconcile()
    assert sent(cloud, "bundle") == [order.id]


def test_a_queued_job_whose_message_was_lost_is_sent_once_for_everyone(cloud: Any, time: Any) -> None:
    first = queued_bundle()
    for number in range(2, 8):
        bundle(f"u{number}")
    time.advance(LATE_BEYOND_QUEUE + 1)
    reconcile()
    assert sent(cloud, "bundle-sideline") == [first.id]
    reconcile()
    assert sent(cloud, "bundle-sideline") == []


def test_a_build_that_is_alive_is_left_alone(cloud: Any, time: Any) -> None:
    queued_bundle()
    job: Job | None = claimed()
    for _ in range(10):
        time.advance(LEASE / 3)
        assert job
        job = jobs.extend(job)
        reconcile()
    assert sent(cloud, "bundle") == sent(cloud, "bundle-sideline") == []


def test_a_build_whose_worker_vanished_is_queued_again(cloud: Any, time: Any) -> None:
    order = queued_bundle()
    claimed()
    time.advance(LEASE + CLOCK_SKEW + 1)
    reconcile()
    assert sent(cloud, "bundle-sideline") == [order.id]
    assert jobs.read(MANIFEST).state == JobState.QUEUED  # type: ignore[union-attr]


def test_a_build_that_nobody_waits_for_any_more_is_queued_again_too(cloud: Any, time: Any) -> None:
    orders.deliver(queued_bundle())
    claimed()
    time.advance(LEASE + CLOCK_SKEW + 1)
    reconcile()
    assert len(sent(cloud, "bundle-sideline")) == 1


def test_a_content_that_kills_its_workers_is_given_up_and_its_user_told(cloud: Any, time: Any) -> None:
    order = queued_bundle()
    for _ in range(STARTED_BUILDS):
        claimed()
        time.advance(LEASE + CLOCK_SKEW + 1)
        reconcile()
    assert jobs.read(MANIFEST).state == JobState.FAILED  # type: ignore[union-attr]
    reconcile()
    told = read(order)
    assert told.failed_at is not None
    assert told.state == State.ACCEPTED
    assert len(sent(cloud, "bundle-sideline")) == STARTED_BUILDS - 1


def test_a_poison_content_is_not_sent_again(cloud: Any, time: Any) -> None:
    queued_bundle()
    for _ in range(FAILED_BUILDS):
        jobs.fail(claimed(), "no such object")
    time.advance(3600)
    reconcile()
    assert sent(cloud, "bundle") == sent(cloud, "bundle-sideline") == []


def test_the_open_orders_of_an_evacuated_region_are_taken_over(cloud: Any) -> None:
    waiting, delivered = [purchase("u1"), bundle("u2")], purchase("u3")
    orders.deliver(delivered)
    with cloud.acting_in(PEER):
        reconcile()
        assert {read(order).home for order in waiting} == {"us-west-2"}
        evacuate("us-west-2")
        reconcile()
    assert {read(order).home for order in waiting} == {PEER}
    assert read(delivered).home == "us-west-2"


def test_a_region_whose_switch_cannot_be_read_still_serves_its_own(
    cloud: Any, time: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = purchase()
    time.advance(LATE_BEYOND_QUEUE + 1)
    get = records.get

    def get_but_the_switch(table: str, *place: Any, **options: Any) -> Any:
        if table == "switch":
            raise EndpointConnectionError(endpoint_url="dynamodb")
        return get(table, *place, **options)

    monkeypatch.setattr(records, "get", get_but_the_switch)
    with pytest.raises(handler.Incomplete, match="OrdersAdopted"):
        reconcile()
    assert sent(cloud, "deliver-sideline") == [order.id]


def test_an_order_that_cannot_be_served_does_not_hold_up_the_others(
    cloud: Any, time: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = purchase("u1"), [purchase(f"u{number}") for number in range(2, 40)]
    time.advance(LATE_BEYOND_QUEUE + 1)
    mark_sent = orders.mark_sent

    def mark_but_one(order: Order) -> bool:
        if order.id == bad.id:
            raise ValueError
        return mark_sent(order)

    monkeypatch.setattr(orders, "mark_sent", mark_but_one)
    with pytest.raises(handler.Incomplete):
        reconcile()
    assert set(sent(cloud, "deliver-sideline")) == {order.id for order in good}


def test_a_run_that_found_more_than_it_could_do_goes_on_in_the_next(time: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orders, "shard_of", lambda _: 3)
    for number in range(7):
        bundle(f"u{number}")
        time.advance(1)
    time.advance(TELL_DELAY_AFTER)
    monkeypatch.setattr(handler, "RECONCILER_PAGE", 3)
    mark_delayed = orders.mark_delayed

    def mark_slowly(order: Order) -> bool:
        time.advance(20)
        return mark_delayed(order)

    monkeypatch.setattr(orders, "mark_delayed", mark_slowly)
    told = []
    for _ in range(3):
        reconcile()
        told.append(sum(order.delayed_at is not None for order in orders.open_orders("us-west-2", 3).orders))
    assert told == [3, 6, 7]


def test_a_cursor_is_kept_between_runs() -> None:
    with cursors.kept("orders#1") as cursor:
        assert cursor.after is None
        cursor.after = {"pk": "ORDER#1", "accepted_at": 17}
    with cursors.kept("orders#1") as cursor:
        assert cursor.after == {"pk": "ORDER#1", "accepted_at": 17}
        cursor.after = None
    with cursors.kept("orders#1") as cursor:
        assert cursor.after is None


def test_messages_leave_at_a_bounded_rate(time: Any) -> None:
    throttle, start = Throttle(RESENDS_PER_SECOND), time.now
    for _ in range(1 + 10 * RESENDS_PER_SECOND):
        throttle.wait()
    assert time.now - start == pytest.approx(10)


def test_a_run_ends_within_its_minute(cloud: Any, time: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(20):
        purchase(f"u{number}")
    time.advance(LATE_BEYOND_QUEUE + 1)
    monkeypatch.setattr(handler, "RESENDS_PER_SECOND", 0.1)
    start = time.now
    reconcile()
    assert time.now - start < RECONCILER_RUN + 16 * 10
    assert 0 < len(sent(cloud, "deliver-sideline")) < 20
