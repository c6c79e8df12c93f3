"""What `make evacuate` does."""

import sys

import pytest
from evacuate import __main__ as evacuate

from tests.services.world import HERE, THERE, World

BREAD = {"text": "a loaf of bread"}


def test_the_other_region_does_a_lost_region_s_orders_until_it_returns(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, first, _ = world.post("key-1", BREAD)

    world.act_in(THERE)
    monkeypatch.setattr(sys, "argv", ["evacuate", HERE])
    evacuate.main()
    world.reconcile()
    assert world.item(first["id"])["home"] == THERE

    monkeypatch.setattr(sys, "argv", ["evacuate", HERE, "--return"])
    evacuate.main()
    world.act_in(HERE)
    _, second, _ = world.post("key-2", BREAD)
    world.act_in(THERE)
    world.reconcile()
    assert world.item(second["id"])["home"] == HERE


def test_a_region_cannot_evacuate_itself(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.act_in(HERE)
    monkeypatch.setattr(sys, "argv", ["evacuate", HERE])

    with pytest.raises(SystemExit):
        evacuate.main()
    assert world.item("switch") == {}
