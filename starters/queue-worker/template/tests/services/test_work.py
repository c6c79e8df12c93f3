"""What the worker does with a message."""

import time

import pytest
from orders import messages, pace, records
from orders.aws import client
from orders.limits import LEASE, PROMISED, RETRY_PAUSE, SIDELINE_AFTER, TASK_TIMEOUT, TRIES
from orders.records import Order
from work import keeping, task

from tests.services.world import HERE, World, queue_url

BREAD = {"text": "a loaf of bread"}


def test_a_second_message_changes_nothing(world: World) -> None:
    _, told, _ = world.post("key-1", BREAD)
    messages.send(told["id"], int(world.now * 1000))

    assert world.work("work")
    assert world.work("work")

    assert world.performed[told["id"]] == 1
    assert world.waiting("work") == 0


def test_two_workers_do_not_do_the_same_order_at_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    _, told, _ = world.post("key-1", BREAD)
    messages.send(told["id"], int(world.now * 1000))
    begun: list[str] = []

    def meanwhile(order: Order) -> dict[str, str]:
        begun.append(order.id)
        world.work("work")  # the second message
        return {"by": "the first"}

    monkeypatch.setattr(task, "perform", meanwhile)
    world.work("work")

    assert begun == [told["id"]]
    assert world.look(told["id"])[1]["result"] == {"by": "the first"}


def test_a_worker_that_was_away_too_long_records_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    _, told, _ = world.post("key-1", BREAD)

    def too_long(_: Order) -> dict[str, str]:
        world.now += LEASE + 1
        monkeypatch.setattr(task, "perform", lambda _: {"by": "the second"})
        world.work("work")
        return {"by": "the first"}

    monkeypatch.setattr(task, "perform", too_long)
    world.work("work")

    assert world.look(told["id"])[1]["result"] == {"by": "the second"}


def test_a_long_task_keeps_its_order(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    _, told, _ = world.post("key-1", BREAD)
    monkeypatch.setattr(keeping, "HEARTBEAT", 0.01)

    def long(_: Order) -> dict[str, str]:
        for _beat in range(10):
            world.now += LEASE - 1
            while int(world.item(told["id"])["leased_until"]) < (world.now + LEASE) * 1000:
                time.sleep(0.01)
        return {"by": "the first"}

    monkeypatch.setattr(task, "perform", long)
    world.work("work")

    assert world.look(told["id"])[1]["result"] == {"by": "the first"}


def test_a_dead_worker_s_order_is_free_again_after_its_lease(world: World) -> None:
    _, told, _ = world.post("key-1", BREAD)
    with world.dying(3):  # receive, claim, hide
        world.work("work")

    world.now += LEASE - 1
    assert not world.work("work")

    world.now += 2
    assert world.work("work")
    assert world.look(told["id"])[1]["state"] == "done"


def test_a_failed_order_is_tried_again_after_a_pause_that_grows(world: World) -> None:
    _, told, _ = world.post("key-1", BREAD)
    world.fails = True
    world.work("work")
    for seconds in (RETRY_PAUSE, 2 * RETRY_PAUSE):
        world.now += seconds - 1
        assert not world.work("work")
        world.now += 2
        assert world.work("work")

    world.fails = False
    world.now += 4 * RETRY_PAUSE + 1
    world.work("work")
    assert world.look(told["id"])[1]["state"] == "done"


def test_a_poison_order_ends_in_the_dead_letters_and_is_not_sent_again(world: World) -> None:
    _, told, _ = world.post("key-1", {"poison": True})
    for _ in range(TRIES + 1):
        world.work("work")
        world.now += 20 * RETRY_PAUSE
    world.now += 24 * 3600
    world.reconcile()

    assert world.performed[told["id"]] == TRIES
    assert world.look(told["id"])[1]["state"] == "failed"
    assert (world.waiting("work"), world.waiting("sideline"), world.waiting("work-dead-letters")) == (0, 0, 1)


def test_an_old_order_moves_to_the_sideline_and_is_done_there(world: World) -> None:
    _, told, _ = world.post("key-1", BREAD)
    world.now += SIDELINE_AFTER + 1

    world.work("work")
    assert (world.waiting("work"), world.waiting("sideline")) == (0, 1)

    world.work("sideline")
    assert world.look(told["id"])[1]["state"] == "done"


def test_a_message_that_is_none_of_ours_comes_again(world: World) -> None:
    for body in ("{", "[]", "null", '{"other": 1}', '{"order": "unknown", "accepted_at": 0, "sidelined": true}'):
        client("sqs").send_message(QueueUrl=queue_url("work"), MessageBody=body)
    for _ in range(TRIES + 1):
        while world.work("work"):
            pass
        world.now += 6 * TASK_TIMEOUT + 1

    assert (world.waiting("work"), world.waiting("work-dead-letters")) == (0, 5)


def test_an_order_that_took_longer_than_promised_counts_as_late(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.post("key-1", BREAD)
    world.now += PROMISED + 1
    world.work("work")
    world.work("sideline")

    assert '"OrdersLate": 1.0' in capsys.readouterr().out


def test_the_pace_follows_what_workers_take(world: World) -> None:
    pace.tell(10)
    assert float(world.item(f"pace#{HERE}")["mean"]) == pytest.approx(10)

    world.now += 60
    pace.tell(20)
    assert float(world.item(f"pace#{HERE}")["mean"]) == pytest.approx(12)


def test_a_finished_order_is_forgotten_in_the_end(world: World) -> None:
    _, told, _ = world.post("key-1", BREAD)
    world.work("work")

    item = world.item(told["id"])
    assert int(item["expires_at"]) > world.now
    assert "open" not in item
    assert list(records.open_orders(HERE)) == []
