import threading
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embedded_cloud.embedded import EmbeddedCloud
from embedded_cloud.fair_queues import redrive
from embedded_cloud.message_store import Message, Messages

WEST = "eu-west-1"


@pytest.fixture
def queue(cloud: EmbeddedCloud, request: pytest.FixtureRequest) -> Iterator[str]:
    sqs = cloud.client("sqs", WEST)
    url = sqs.create_queue(QueueName=request.node.name[:60], Attributes={"VisibilityTimeout": "60"})["QueueUrl"]
    yield str(url)
    cloud.set_fair_queues(True)
    cloud.start_message_storm()
    sqs.delete_queue(QueueUrl=url)


def greedy_then_modest(cloud: EmbeddedCloud, queue: str) -> list[str]:
    """60 messages of one user, then one of each of three others; the users in the order of handing out."""
    sqs = cloud.client("sqs", WEST)
    for start in range(0, 60, 10):
        entries = [{"Id": str(n), "MessageBody": "x", "MessageGroupId": "greedy"} for n in range(start, start + 10)]
        sqs.send_message_batch(QueueUrl=queue, Entries=entries)
    for user in ("ann", "bob", "cem"):
        sqs.send_message(QueueUrl=queue, MessageBody="x", MessageGroupId=user)
    order: list[str] = []
    while messages := sqs.receive_message(
        QueueUrl=queue, MaxNumberOfMessages=10, MessageSystemAttributeNames=["MessageGroupId"]
    ).get("Messages"):
        order += [message["Attributes"]["MessageGroupId"] for message in messages]
    return order


def counts(cloud: EmbeddedCloud, queue: str) -> tuple[int, int, int]:
    names = ("", "NotVisible", "Delayed")
    attributes = cloud.client("sqs", WEST).get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]
    visible, in_flight, delayed = (int(attributes[f"ApproximateNumberOfMessages{name}"]) for name in names)
    return visible, in_flight, delayed


def test_a_greedy_user_does_not_keep_others_waiting(cloud: EmbeddedCloud, queue: str) -> None:
    order = greedy_then_modest(cloud, queue)

    assert len(order) == 63
    assert {"ann", "bob", "cem"} <= set(order[:4])


def test_without_fairness_everybody_waits_for_the_greedy_user(cloud: EmbeddedCloud, queue: str) -> None:
    cloud.set_fair_queues(False)

    assert greedy_then_modest(cloud, queue)[-3:] == ["ann", "bob", "cem"]


def test_fairness_can_be_turned_on_while_messages_wait(cloud: EmbeddedCloud, queue: str) -> None:
    sqs = cloud.client("sqs", WEST)
    cloud.set_fair_queues(False)
    for user in ("greedy", "greedy", "greedy", "ann"):
        sqs.send_message(QueueUrl=queue, MessageBody=user, MessageGroupId=user)
    cloud.set_fair_queues(True)

    received = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=2)["Messages"]
    assert {message["Body"] for message in received} == {"greedy", "ann"}
    assert counts(cloud, queue) == (2, 2, 0)


def test_a_message_is_deleted_hidden_and_shown_again(cloud: EmbeddedCloud, queue: str) -> None:
    sqs = cloud.client("sqs", WEST)
    for body in ("a", "b", "c"):
        sqs.send_message(QueueUrl=queue, MessageBody=body)
    sqs.send_message(QueueUrl=queue, MessageBody="late", DelaySeconds=60)
    taken = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=3)["Messages"]
    assert counts(cloud, queue) == (0, 3, 1)

    sqs.delete_message(QueueUrl=queue, ReceiptHandle=taken[0]["ReceiptHandle"])
    sqs.change_message_visibility(QueueUrl=queue, ReceiptHandle=taken[1]["ReceiptHandle"], VisibilityTimeout=0)
    assert counts(cloud, queue) == (1, 1, 1)
    again = sqs.receive_message(QueueUrl=queue, MessageSystemAttributeNames=["All"])["Messages"][0]
    assert (again["Body"], again["Attributes"]["ApproximateReceiveCount"]) == (taken[1]["Body"], "2")
    entries = [{"Id": "ok", "ReceiptHandle": again["ReceiptHandle"]}, {"Id": "bad", "ReceiptHandle": "nobody's"}]
    answer = sqs.delete_message_batch(QueueUrl=queue, Entries=entries)
    assert [entry["Id"] for entry in answer["Successful"]] == ["ok"]
    assert [entry["Code"] for entry in answer["Failed"]] == ["ReceiptHandleIsInvalid"]
    with pytest.raises(sqs.exceptions.ReceiptHandleIsInvalid):
        sqs.delete_message(QueueUrl=queue, ReceiptHandle=taken[0]["ReceiptHandle"])
    sqs.purge_queue(QueueUrl=queue)
    assert counts(cloud, queue) == (0, 0, 0)


def test_poison_goes_to_the_dead_letters(cloud: EmbeddedCloud, queue: str) -> None:
    sqs = cloud.client("sqs", WEST)
    dead = sqs.create_queue(QueueName="dead-letters")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    policy = f'{{"deadLetterTargetArn": "{arn}", "maxReceiveCount": "2"}}'
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"RedrivePolicy": policy})
    sqs.send_message(QueueUrl=queue, MessageBody="poison")
    for _ in range(2):
        assert sqs.receive_message(QueueUrl=queue, VisibilityTimeout=0)["Messages"]

    assert "Messages" not in sqs.receive_message(QueueUrl=queue)
    buried = sqs.receive_message(QueueUrl=dead, MessageSystemAttributeNames=["All"])["Messages"][0]
    assert buried["Body"] == "poison"
    assert buried["Attributes"]["DeadLetterQueueSourceArn"].endswith(queue.rsplit("/", 1)[-1])


def test_a_queue_without_a_redrive_policy_buries_nothing() -> None:
    assert redrive(None) == (0, "")


def test_a_storm_doubles_and_delays_messages(cloud: EmbeddedCloud, queue: str) -> None:
    sqs = cloud.client("sqs", WEST)
    cloud.start_message_storm(doubled=1)
    sent = sqs.send_message(QueueUrl=queue, MessageBody="twice")["MessageId"]
    received = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]
    assert [message["MessageId"] for message in received] == [sent, sent]
    assert len({message["ReceiptHandle"] for message in received}) == 2

    cloud.start_message_storm(delayed=1, delay_seconds=1)
    sqs.send_message(QueueUrl=queue, MessageBody="late")
    assert counts(cloud, queue) == (0, 2, 1)
    assert sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=5)["Messages"][0]["Body"] == "late"
    assert cloud.control("queues")["storm"]["messages_doubled"] == 1


def test_nothing_is_lost_between_senders_and_receivers_on_many_threads(cloud: EmbeddedCloud, queue: str) -> None:
    sqs = cloud.client("sqs", WEST)
    got: list[str] = []

    def send(sender: int) -> None:
        for number in range(0, 100, 10):
            entries = [{"Id": str(n), "MessageBody": f"{sender}-{n}"} for n in range(number, number + 10)]
            sqs.send_message_batch(QueueUrl=queue, Entries=entries)

    def receive() -> None:
        while messages := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=2).get(
            "Messages"
        ):
            got.extend(message["Body"] for message in messages)
            entries = [{"Id": str(n), "ReceiptHandle": m["ReceiptHandle"]} for n, m in enumerate(messages)]
            sqs.delete_message_batch(QueueUrl=queue, Entries=entries)

    threads = [threading.Thread(target=send, args=(n,)) for n in range(4)]
    threads += [threading.Thread(target=receive) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert Counter(got) == Counter(f"{sender}-{number}" for sender in range(4) for number in range(100))


# --- the store by itself --------------------------------------------------------------------------------------------


def message(group: str | None, **more: Any) -> Message:
    now = time.time()
    fresh = {"group_id": group, "receipt_handle": None, "receive_count": 0, "sent_at": now, "visible_at": now}
    return fresh | more


def store_of(messages: list[Message], *, fair: bool = True) -> Messages:
    return Messages(messages, threading.RLock(), fair=fair, complete=lambda _: None, arriving=lambda one: [one])


class Receipts:
    """New receipts, each of its own."""

    def __init__(self) -> None:
        self._next = 0

    def __call__(self) -> str:
        self._next += 1
        return str(self._next)


def test_a_hundred_thousand_messages_cost_no_more_each_than_a_few() -> None:
    store = store_of([message(f"user-{number % 5000}") for number in range(100_000)])
    receipt = Receipts()
    started = time.perf_counter()
    for _ in range(2000):
        store.surface(3, lambda _: None)
        store.expire(0)
        for one in store.take(10, 30, receipt):
            store.remove(one)
        store.append(message("user-1"))
    assert time.perf_counter() - started < 4  # ministack's own list: about 40 ms for each of these 2000 rounds
    assert len(store) == 82_000


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(["send", "take", "delete", "show"]), st.integers(0, 3)), max_size=60),
    st.booleans(),
)
def test_the_store_agrees_with_a_plain_count(steps: list[tuple[str, int]], fair: bool) -> None:
    store, receipt = store_of([], fair=fair), Receipts()
    held: list[Message] = []
    waiting = 0
    for step, number in steps:
        if step == "send":
            store.append(message(f"user-{number}"))
            waiting += 1
        elif step == "take":
            taken = store.take(number, 60, receipt)
            assert len(taken) == min(number, waiting)
            held += taken
            waiting -= len(taken)
        elif held and step == "delete":
            store.remove(held.pop(number % len(held)))
        elif held:
            store.hide(held.pop(number % len(held)), 0)
            store.surface(0, lambda _: None)
            waiting += 1
        assert store.counts() == (waiting, len(held), 0)
        assert all(store.received_as(one["receipt_handle"]) is one for one in held)


@given(st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=80))
def test_no_group_gets_a_second_message_before_every_waiting_group_has_its_first(groups: list[str]) -> None:
    store = store_of([message(group) for group in groups])

    taken = [one["group_id"] for one in store.take(len(set(groups)), 60, Receipts())]

    assert sorted(taken) == sorted(set(groups))


def test_a_group_gets_its_messages_in_the_order_of_arrival() -> None:
    store = store_of([message("a", body=number) for number in range(10)])

    assert [one["body"] for one in store.take(10, 60, Receipts())] == list(range(10))


def test_the_state_on_disk_is_ministacks_own_list() -> None:
    import copy

    kept = copy.deepcopy({"messages": store_of([message("a"), message("b")])})["messages"]

    assert isinstance(kept, list)
    assert {name for one in kept for name in one} == {
        "group_id",
        "receipt_handle",
        "receive_count",
        "sent_at",
        "visible_at",
    }


def test_what_was_appended_last_can_be_looked_at_as_eventbridge_does() -> None:
    store = store_of([])
    assert store[-1] == {}
    for body in ("a", "b"):
        store.append(message("user", body=body))
    assert store[-1]["body"] == "b"
