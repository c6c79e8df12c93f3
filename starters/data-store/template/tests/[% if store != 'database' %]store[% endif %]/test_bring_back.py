from typing import Any

import pytest
from bring_back.__main__ import bring_back
from store import contents


@pytest.fixture
def restored(world: Any) -> Any:
    for number in range(3):
        world.put(world.live, number, f"order {number}")
    contents.write_beat(world.live, 1_700_000_000, "{}")
    world.back_up_and_restore()
    return world


def test_what_was_deleted_comes_back(restored: Any) -> None:
    restored.remove(restored.live, 1)
    assert list(bring_back(restored.restored, restored.live)) == [restored.key(1)]
    assert restored.said(restored.live, 1) == "order 1"


def test_what_is_there_stays_as_it_is(restored: Any) -> None:
    restored.put(restored.live, 2, "order 2, changed since")
    assert list(bring_back(restored.restored, restored.live)) == []
    assert restored.said(restored.live, 2) == "order 2, changed since"


def test_a_single_one_is_brought_back_over_what_is_there(restored: Any) -> None:
    restored.put(restored.live, 2, "spoiled")
    contents.copy(restored.restored, restored.live, restored.key(2))
    assert restored.said(restored.live, 2) == "order 2"


def test_what_the_restored_one_lacks_is_said(restored: Any) -> None:
    with pytest.raises(KeyError):
        contents.copy(restored.restored, restored.live, restored.key(9))


def test_heartbeats_go_through_the_whole_store_in_time(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contents, "PAGE", 2)
    for number in range(5):
        world.put(world.live, number, "x")
    seen: set[str] = set()
    start = ""
    for _ in range(4):
        page = contents.keys_after(world.live, start)
        seen |= set(page)
        start = page[-1] if page else ""
    assert seen == {world.key(number) for number in range(5)}
