from typing import Any

import pytest

from services.drive import jobs, messages, orders, records
from services.drive.limits import BUNDLE_LIFE_DAYS
from services.drive.messages import Notice
from services.drive.orders import Kind, Order, State
from services.outbox import handler

MANIFEST = "f" * 64
PEER = "us-east-2"


@pytest.fixture(autouse=True)
def _start(cloud: Any, time: Any) -> None:  # noqa: ARG001
    jobs.forget()


def purchase(user: str = "u1") -> Order:
    return orders.accept(user, Kind.PURCHASE, "album", "k1", {})[0]


def bundle(user: str = "u1") -> Order:
    return orders.accept(user, Kind.BUNDLE, MANIFEST, "k1", {})[0]


def follow(cloud: Any, region: str = "us-west-2") -> Any:
    return handler.handle(cloud.stream(region), None)  # type: ignore[arg-type]


def build() -> None:
    job = jobs.claim(MANIFEST, "w1", sent_at=0)
    assert job
    assert jobs.publish(job, bundle_key="bundles/f.zip", size=5)


def test_a_purchase_is_sent_to_be_delivered(cloud: Any) -> None:
    order = purchase()
    assert follow(cloud) == {"batchItemFailures": []}
    (body,) = cloud.bodies("deliver")
    assert body == {
        "kind": "purchase",
        "content": "album",
        "user": "u1",
        "accepted_at": order.accepted_at,
        "order": order.id,
        "sidelined": False,
    }


def test_everyone_who_waits_for_a_bundle_is_served_by_one_message(cloud: Any) -> None:
    first = bundle("u1")
    for number in range(2, 6):
        bundle(f"u{number}")
    follow(cloud)
    (body,) = cloud.bodies("bundle")
    assert (body["content"], body["user"], body["order"]) == (MANIFEST, "u1", first.id)


def test_an_order_for_a_bundle_that_is_ready_is_delivered_at_once(cloud: Any) -> None:
    bundle("u1")
    follow(cloud)
    build()
    cloud.take("bundle")
    order = bundle("u2")
    follow(cloud)
    assert orders.read(order.id).state == State.DELIVERED  # type: ignore[union-attr]
    assert cloud.bodies("bundle") == []


def test_an_order_for_a_bundle_that_has_expired_starts_a_new_build(cloud: Any, time: Any) -> None:
    bundle("u1")
    follow(cloud)
    build()
    cloud.take("bundle")
    time.advance(BUNDLE_LIFE_DAYS * 24 * 3600)
    bundle("u2")
    follow(cloud)
    assert len(cloud.bodies("bundle")) == 1


def test_a_repeated_change_sends_at_most_another_hint(cloud: Any) -> None:
    purchase()
    bundle()
    changes = cloud.stream()
    before = cloud.items("drive")
    for _ in range(2):
        handler.handle(changes, None)  # type: ignore[arg-type]
    assert cloud.items("drive") == before
    assert len(cloud.items("jobs")) == 1
    assert {body["content"] for body in cloud.bodies("bundle")} == {MANIFEST}


def test_a_crash_between_the_job_and_its_message_is_made_up_for_by_the_repeated_change(cloud: Any) -> None:
    order = bundle()
    jobs.ensure(order)
    follow(cloud)
    assert len(cloud.bodies("bundle")) == 1


def test_only_the_region_that_serves_an_order_acts_on_it(cloud: Any) -> None:
    purchase()
    bundle()
    with cloud.acting_in(PEER):
        follow(cloud, PEER)
    for region in ("us-west-2", PEER):
        assert cloud.bodies("deliver", region) == cloud.bodies("bundle", region) == []


def test_an_adopted_order_is_sent_by_its_new_home(cloud: Any) -> None:
    order = purchase()
    follow(cloud)
    cloud.stream(PEER)
    cloud.take("deliver")
    with cloud.acting_in(PEER):
        orders.adopt(order)
        follow(cloud, PEER)
    follow(cloud)
    assert [body["order"] for body in cloud.bodies("deliver", PEER)] == [order.id]
    assert cloud.bodies("deliver") == []


@pytest.mark.parametrize(
    ("change", "notice"),
    [
        (orders.deliver, "delivered"),
        (orders.expire, "expired"),
        (orders.mark_delayed, "delayed"),
        (orders.mark_failed, "failed"),
    ],
)
def test_the_user_is_told_what_becomes_of_an_order(cloud: Any, change: Any, notice: str) -> None:
    order = bundle()
    follow(cloud)
    change(order)
    follow(cloud)
    assert cloud.bodies("notify") == [{"notice": notice, "order": order.id}]


def test_what_the_notifier_notes_is_no_reason_to_tell_again(cloud: Any) -> None:
    order = purchase()
    orders.deliver(order)
    follow(cloud)
    cloud.take("notify")
    orders.mark_told(order.id, Notice.DELIVERED)
    follow(cloud)
    assert cloud.bodies("notify") == []


def test_other_records_of_the_table_send_nothing(cloud: Any) -> None:
    orders.give(purchase())
    changes = cloud.stream()
    changes["Records"] = changes["Records"][1:]
    assert handler.handle(changes, None) == {"batchItemFailures": []}  # type: ignore[arg-type]
    assert cloud.bodies("deliver") == []


def test_a_compressed_part_of_a_manifest_does_not_stop_the_stream() -> None:
    part = {"pk": {"S": "MANIFEST#f00d"}, "sk": {"S": "PART#0000"}}
    change = {"SequenceNumber": "1", "Keys": part, "NewImage": part | {"entries": {"B": "eJyrrgUAAXUA+Q=="}}}
    event = {"Records": [{"eventSource": "aws:dynamodb", "dynamodb": change}]}
    assert handler.handle(event, None) == {"batchItemFailures": []}  # type: ignore[arg-type]


def test_a_deleted_order_sends_nothing(cloud: Any) -> None:
    order = purchase()
    follow(cloud)
    cloud.take("deliver")
    records.delete("drive", records.key(f"ORDER#{order.id}", "ORDER"), expect={})
    assert follow(cloud) == {"batchItemFailures": []}
    assert cloud.bodies("deliver") == []


def test_a_change_that_fails_is_repeated_without_holding_up_the_others(
    cloud: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    purchase("u1")
    bad = purchase("u2")
    purchase("u3")
    send = messages.send_order

    def send_but_one(message: Any) -> None:
        if message.order == bad.id:
            raise ConnectionError
        send(message)

    monkeypatch.setattr(messages, "send_order", send_but_one)
    changes = cloud.stream()
    failed = handler.handle(changes, None)["batchItemFailures"]  # type: ignore[arg-type]
    assert failed == [{"itemIdentifier": changes["Records"][1]["dynamodb"]["SequenceNumber"]}]
    assert len(cloud.bodies("deliver")) == 2
