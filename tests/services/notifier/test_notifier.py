import json
from typing import Any

import pytest
from moto.sns.models import sns_backends

from services.drive import clock, jobs, levers, messages, orders
from services.drive.limits import NOTICE_CLAIM, ORDER_SHARDS, PUBLISHED_SECONDS
from services.drive.messages import Notice, NoticeMessage, PublishedMessage
from services.drive.orders import Kind, Order, State
from services.notifier import handler

MANIFEST = "f" * 64


@pytest.fixture(autouse=True)
def _start(cloud: Any, time: Any) -> None:  # noqa: ARG001
    jobs.forget()


def bundle(user: str = "u1") -> Order:
    return orders.accept(user, Kind.BUNDLE, MANIFEST, "k1", {}, email=f"{user}@example.com")[0]


def publish_bundle(order: Order) -> None:
    jobs.ensure(order)
    job = jobs.claim(MANIFEST, "w1", sent_at=0)
    assert job
    jobs.publish(job, bundle_key="bundles/f.zip", size=5)


def work(cloud: Any) -> list[Any]:
    return handle(cloud.take("notify"))


def handle(event: Any) -> list[Any]:
    failures: list[Any] = handler.handle(event, None)["batchItemFailures"]  # type: ignore[arg-type]
    return failures


def told() -> list[Any]:
    (topic,) = sns_backends["123456789012"]["us-west-2"].topics.values()
    return [json.loads(sent[1]) for sent in topic.sent_notifications]


def tell(order: Order, notice: Notice = Notice.DELIVERED) -> None:
    messages.send_notice(NoticeMessage(notice, order.id), user=order.user)


def state(order: Order) -> State:
    found = orders.read(order.id)
    assert found
    return found.state


def test_a_user_is_told_about_an_order(cloud: Any) -> None:
    order = bundle()
    tell(order)
    assert work(cloud) == []
    assert told() == [
        {
            "notice": "delivered",
            "order": order.id,
            "user": "u1",
            "kind": "bundle",
            "content": MANIFEST,
            "accepted_at": order.accepted_at,
            "email": "u1@example.com",
        }
    ]


def test_a_user_is_told_each_thing_once(cloud: Any, time: Any) -> None:
    order = bundle()
    for notice in (Notice.DELAYED, Notice.DELAYED, Notice.DELIVERED, Notice.DELAYED):
        tell(order, notice)
        work(cloud)
        time.advance(NOTICE_CLAIM + 1)
    assert [notice["notice"] for notice in told()] == ["delayed", "delivered"]


def test_a_crash_before_the_telling_leads_to_another_try(
    cloud: Any, time: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell(bundle())
    event = cloud.take("notify")
    with monkeypatch.context() as patched:
        patched.setattr(handler, "_publish", lambda *_: 1 / 0)
        assert len(handle(event)) == 1
    assert len(handle(event)) == 1, "somebody else may be telling right now"
    time.advance(NOTICE_CLAIM + 1)
    assert handle(event) == []
    assert len(told()) == 1


def test_notices_can_be_switched_off(cloud: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(levers, "current", lambda: levers.Levers(notices=False))
    tell(bundle())
    assert work(cloud) == []
    assert told() == []


def test_a_published_bundle_is_delivered_to_everyone_who_waits(cloud: Any) -> None:
    waiting = [bundle(f"u{number}") for number in range(40)]
    publish_bundle(waiting[0])
    for shard in range(ORDER_SHARDS):
        messages.send_published(PublishedMessage(MANIFEST, shard))
    assert work(cloud) == []
    assert {state(order) for order in waiting} == {State.DELIVERED}


def test_a_crowd_is_delivered_in_pages_whose_chain_does_not_break(cloud: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handler, "PUBLISHED_PAGE", 2)
    monkeypatch.setattr(handler, "PUBLISHED_PAGES", 1)
    monkeypatch.setattr(orders, "shard_of", lambda _: 3)
    waiting = [bundle(f"u{number}") for number in range(7)]
    publish_bundle(waiting[0])
    messages.send_published(PublishedMessage(MANIFEST, 3))
    rounds = 0
    while event := cloud.take("notify")["Records"]:
        handle({"Records": event})
        rounds += 1
    assert {state(order) for order in waiting} == {State.DELIVERED}
    assert rounds >= 4


def test_slow_deliveries_are_continued_before_the_function_s_time_is_up(
    cloud: Any, time: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(orders, "shard_of", lambda _: 3)
    waiting = [bundle(f"u{number}") for number in range(7)]
    publish_bundle(waiting[0])
    messages.send_published(PublishedMessage(MANIFEST, 3))
    deliver = orders.deliver

    def slowly(order: Order) -> bool:
        time.advance(PUBLISHED_SECONDS / 2)
        return deliver(order)

    monkeypatch.setattr(orders, "deliver", slowly)
    while event := cloud.take("notify")["Records"]:
        began = clock.now()
        assert handle({"Records": event}) == []
        assert clock.now() - began <= 2 * PUBLISHED_SECONDS
    assert {state(order) for order in waiting} == {State.DELIVERED}


def test_a_crash_amid_the_crowd_is_made_up_for_when_the_message_comes_again(
    cloud: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(orders, "shard_of", lambda _: 3)
    waiting = [bundle(f"u{number}") for number in range(5)]
    publish_bundle(waiting[0])
    messages.send_published(PublishedMessage(MANIFEST, 3))
    event = cloud.take("notify")
    deliver = orders.deliver
    delivered: list[Order] = []

    def deliver_two(order: Order) -> bool:
        if len(delivered) == 2:
            raise ConnectionError
        delivered.append(order)
        return deliver(order)

    with monkeypatch.context() as patched:
        patched.setattr(orders, "deliver", deliver_two)
        assert len(handle(event)) == 1
    assert handle(event) == []
    assert {state(order) for order in waiting} == {State.DELIVERED}


def test_a_bundle_in_this_region_delivers_no_order_of_another_one(cloud: Any) -> None:
    with cloud.acting_in("us-east-2"):
        elsewhere = bundle("u2")
    publish_bundle(bundle("u1"))
    messages.send_published(PublishedMessage(MANIFEST, elsewhere.shard))
    work(cloud)
    assert state(elsewhere) == State.ACCEPTED


def test_a_message_about_a_bundle_that_is_not_there_delivers_nothing(cloud: Any) -> None:
    order = bundle()
    messages.send_published(PublishedMessage(MANIFEST, order.shard))
    assert work(cloud) == []
    assert state(order) == State.ACCEPTED


def test_a_malformed_message_ends_in_the_dead_letter_queue_alone(cloud: Any) -> None:
    messages.send(cloud.queue_url("notify"), {"notice": "nonsense"}, group="u1")
    tell(bundle())
    assert len(work(cloud)) == 1
    assert len(told()) == 1
