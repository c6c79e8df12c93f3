"""What a caller can rely on once it has its answer."""

import pytest
from botocore.exceptions import ConnectionError as Unreachable
from orders import messages, pace
from orders.limits import LARGEST_ORDER, RETRY_AFTER

from tests.services.world import HERE, World

BREAD = {"text": "a loaf of bread"}


def test_an_order_is_recorded_and_sent(world: World) -> None:
    status, told, _ = world.post("key-1", BREAD)

    assert (status, told["state"]) == (202, "open")
    assert world.item(told["id"])["open"] == HERE
    assert world.waiting("work") == 1


def test_the_same_key_is_the_same_order(world: World) -> None:
    _, first, _ = world.post("key-1", BREAD)

    status, second, _ = world.post("key-1", BREAD)

    assert (status, second) == (200, first)
    assert world.waiting("work") == 1


def test_the_same_key_for_something_else_is_refused(world: World) -> None:
    world.post("key-1", BREAD)

    assert world.post("key-1", {"text": "two loaves"})[0] == 422


def test_the_result_can_be_had_under_the_order_s_id(world: World) -> None:
    _, told, _ = world.post("key-1", BREAD)
    world.work("work")

    assert world.look(told["id"]) == (200, {"id": told["id"], "state": "done", "result": {"echo": BREAD}})
    assert world.look("nothing")[0] == 404
    assert world.look(f"pace#{HERE}")[0] == 404


def test_what_is_wrong_with_a_request_is_said(world: World) -> None:
    assert world.post("", BREAD)[0] == 400
    assert world.post("key-1", ["no object"])[0] == 400  # type: ignore[arg-type]
    assert world.post("key-1", {"text": "x" * LARGEST_ORDER})[0] == 413


def test_an_order_that_would_wait_too_long_is_refused(world: World) -> None:
    for number in range(3):
        world.post(f"key-{number}", BREAD)
    pace.tell(200)  # two workers, 200 s for each of three orders: 300 s
    pace.forget()

    status, _, headers = world.post("key-new", BREAD)

    assert status == 429
    assert RETRY_AFTER[0] <= int(headers["Retry-After"]) <= RETRY_AFTER[1]


def test_an_order_that_is_known_is_never_refused(world: World) -> None:
    for number in range(3):
        world.post(f"key-{number}", BREAD)
    pace.tell(200)
    pace.forget()

    assert world.post("key-0", BREAD)[0] == 200


def test_an_order_is_accepted_while_the_queue_cannot_be_reached(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(*_: object) -> None:
        raise Unreachable(error="no route")

    monkeypatch.setattr(messages, "send", unreachable)
    monkeypatch.setattr(messages, "waiting", unreachable)

    assert world.post("key-1", BREAD)[0] == 202
