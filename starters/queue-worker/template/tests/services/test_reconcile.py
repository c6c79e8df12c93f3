"""What becomes of an order whose message is lost, or whose region is."""

from orders import pace, records
from orders.limits import LEASE, RESEND_AFTER, SIDELINE_AFTER

from tests.services.world import HERE, THERE, World

BREAD = {"text": "a loaf of bread"}


def test_an_order_that_was_recorded_and_not_sent_is_sent(world: World) -> None:
    records.accept("key-1", BREAD)

    world.reconcile()
    assert world.waiting("sideline") == 0

    world.now += RESEND_AFTER + 1
    world.reconcile()
    world.reconcile()
    assert world.waiting("sideline") == 1  # old by now: fresh ones are served at once


def test_nothing_is_sent_again_while_the_workers_stand_still(world: World) -> None:
    world.post("key-1", BREAD)
    world.now += 24 * 3600

    world.reconcile()

    assert (world.waiting("work"), world.waiting("sideline")) == (1, 0)


def test_a_long_queue_does_not_count_as_lost(world: World) -> None:
    records.accept("key-0", BREAD)
    world.post("key-1", BREAD)
    world.now += RESEND_AFTER + 1
    pace.tell(400)  # one message, two workers: 200 s

    world.reconcile()
    assert world.waiting("sideline") == 0

    world.now += 200
    pace.tell(400)
    world.reconcile()
    assert world.waiting("sideline") == 2


def test_an_evacuated_region_s_orders_are_done_by_the_other(world: World) -> None:
    _, told, _ = world.post("key-1", BREAD)

    world.act_in(THERE)
    world.reconcile()
    assert world.waiting("work") == 0

    records.put({"id": "switch", "evacuated": HERE})
    world.reconcile()
    assert world.work("work")
    assert world.look(told["id"])[1]["state"] == "done"
    assert world.item(told["id"])["home"] == THERE

    world.act_in(HERE)
    world.work("work")
    assert world.performed[told["id"]] == 1, "the lost region is back, and drops its message"


def test_old_orders_of_an_evacuated_region_do_not_stand_before_fresh_ones(world: World) -> None:
    world.post("key-1", BREAD)
    world.now += SIDELINE_AFTER + 1

    world.act_in(THERE)
    records.put({"id": "switch", "evacuated": HERE})
    world.reconcile()

    assert (world.waiting("work"), world.waiting("sideline")) == (0, 1)


def test_an_order_under_way_is_adopted_only_when_its_worker_is_silent(world: World) -> None:
    _, told, _ = world.post("key-1", BREAD)
    records.claim(told["id"])

    world.act_in(THERE)
    records.put({"id": "switch", "evacuated": HERE})
    world.reconcile()
    assert world.item(told["id"])["home"] == HERE

    world.now += LEASE + 1
    world.reconcile()
    assert world.item(told["id"])["home"] == THERE
