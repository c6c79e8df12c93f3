"""Files go in and come out as they were, whatever happens on the way."""

import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from client.errors import Mistake, Refused, Unreachable
from client.parts import PART_BYTES
from client.patience import Time
from client.wire import Wire
from tests.client.world import QUICK, REGIONS, Fault, World, corrupt, cut, drop, hang, status, times

HERE, PEER = REGIONS
SIZES = {"empty": 0, "small": 5, "two parts": PART_BYTES + 7}


def written(path: Path, size: int) -> bytes:
    content = os.urandom(size)
    path.write_bytes(content)
    return content


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES.keys())
def test_a_file_comes_back_as_it_was_sent(world: World, tmp_path: Path, size: int) -> None:
    content = written(tmp_path / "a", size)
    drive = world.drive()
    stored = drive.put(tmp_path / "a", "holiday/a")
    assert (stored.path, stored.size, stored.region) == ("holiday/a", size, HERE)
    world.ingest()
    assert drive.wait_until_copied(stored, patience=5, copied=False) == "REGIONAL"
    fetched = drive.get("holiday/a", tmp_path / "b")
    assert (tmp_path / "b").read_bytes() == content
    assert (fetched.sha256, fetched.present) == (stored.sha256, False)
    assert drive.get("holiday/a", tmp_path / "b").present


@pytest.mark.parametrize("fault", [status(503), status(500), status(403), drop], ids=["503", "500", "403", "drop"])
def test_a_part_that_fails_is_sent_again(world: World, tmp_path: Path, fault: Fault) -> None:
    content = written(tmp_path / "a", PART_BYTES + 7)
    world.store[HERE].faults = [times(2, fault, method="PUT")]
    stored = world.drive().put(tmp_path / "a", "a")
    assert stored.region == HERE
    world.ingest()
    world.drive().get("a", tmp_path / "b")
    assert (tmp_path / "b").read_bytes() == content


@pytest.mark.parametrize("size", [5, PART_BYTES + 7], ids=["one part", "two parts"])
def test_a_lost_store_is_left_for_the_one_in_the_other_region(world: World, tmp_path: Path, size: int) -> None:
    content = written(tmp_path / "a", size)
    world.store[HERE].down()
    stored = world.drive().put(tmp_path / "a", "a")
    assert stored.region == PEER
    assert len(world.ingest()) == 1
    world.drive().get("a", tmp_path / "b")
    assert (tmp_path / "b").read_bytes() == content


@pytest.mark.parametrize("fault", [status(503, Retry_After="5"), hang, drop, None], ids=["503", "hang", "drop", "down"])
def test_a_lost_region_is_left_with_the_same_key(world: World, tmp_path: Path, fault: Fault | None) -> None:
    written(tmp_path / "a", 5)
    drive = world.drive(clock=Time(now=lambda: 1e9))  # or a slow machine outlasts the leave
    if fault:
        world.api[HERE].faults = [fault]
    else:
        world.api[HERE].down()
        world.store[HERE].down()
    stored = drive.put(tmp_path / "a", "a", key="mine")
    assert stored.region == PEER
    asked = len(world.api[HERE].seen)
    assert list(drive.files()) == []
    assert len(world.api[HERE].seen) == asked, "a region that has just failed is left for a while"
    keys = {
        headers.get("Idempotency-Key")
        for region in REGIONS
        for _, path, headers in world.api[region].seen
        if path == "/v1/uploads"
    }
    assert keys == {"mine"}


def test_a_region_that_is_lost_between_the_bytes_and_the_commit_makes_no_second_file(
    world: World, tmp_path: Path
) -> None:
    written(tmp_path / "a", 5)
    here = world.api[HERE]
    here.faults = [lambda handler: handler.path.endswith("/commit") and drop(handler)]
    stored = world.drive().put(tmp_path / "a", "a")
    assert stored.region == PEER
    assert [file.version for file in world.ingest()] == [stored.version]


def test_nothing_is_lost_when_no_region_answers_and_the_same_command_goes_on(world: World, tmp_path: Path) -> None:
    written(tmp_path / "a", 2 * PART_BYTES)
    short = replace(QUICK, total=0.5)
    for region in REGIONS:
        world.store[region].faults = [lambda handler: "partNumber=2" in handler.path and status(503)(handler)]
    with pytest.raises(Unreachable, match="repeat the same command"):
        world.drive(tmp_path / "state", patience=short).put(tmp_path / "a", "a")
    for region in REGIONS:
        world.store[region].faults = []
        world.store[region].seen.clear()
    stored = world.drive(tmp_path / "state").put(tmp_path / "a", "a")
    sent = [path for method, path, _ in world.store[stored.region].seen if method == "PUT"]
    assert ["partNumber=2" in path for path in sent] == [True]
    keys = {
        headers["Idempotency-Key"]
        for region in REGIONS
        for _, path, headers in world.api[region].seen
        if path == "/v1/uploads"
    }
    assert len(keys) == 1
    assert list((tmp_path / "state" / "uploads").glob("*.json")) == []


def test_a_download_goes_on_where_it_broke_off(world: World, tmp_path: Path) -> None:
    content = written(tmp_path / "a", PART_BYTES + 7)
    drive = world.drive()
    drive.put(tmp_path / "a", "a")
    world.ingest()
    store = world.store[HERE]
    store.seen.clear()
    store.faults = [times(1, cut(world, PART_BYTES // 2 + 1), method="GET")]
    drive = world.drive(parallel=1)
    drive.get("a", tmp_path / "b")
    assert (tmp_path / "b").read_bytes() == content
    ranges = [headers["Range"] for _, _, headers in store.seen + world.store[PEER].seen if "Range" in headers]
    assert any(not each.startswith(("bytes=0-", f"bytes={PART_BYTES}-")) for each in ranges), ranges


@pytest.mark.parametrize("fault", [status(503), status(403), drop, hang], ids=["503", "403", "drop", "hang"])
def test_a_link_that_fails_is_left_for_the_next(world: World, tmp_path: Path, fault: Fault) -> None:
    content = written(tmp_path / "a", 5)
    world.drive().put(tmp_path / "a", "a")
    world.ingest()
    world.copy_to_replica()
    world.store[HERE].faults = [fault]
    world.drive().get("a", tmp_path / "b")
    assert (tmp_path / "b").read_bytes() == content


def test_wrong_bytes_never_get_the_name_of_the_right_ones(world: World, tmp_path: Path) -> None:
    written(tmp_path / "a", 5)
    world.drive().put(tmp_path / "a", "a")
    world.ingest()
    world.store[HERE].faults = [times(1, corrupt(world), method="GET")]
    (tmp_path / "to").mkdir()
    world.drive().get("a", tmp_path / "to" / "b")
    assert (tmp_path / "to" / "b").read_bytes() == (tmp_path / "a").read_bytes()
    world.store[HERE].faults = [corrupt(world)]
    world.store[PEER].down()
    with pytest.raises(Refused, match="not those of the file"):
        world.drive().get("a", tmp_path / "to" / "c")
    assert [path.name for path in (tmp_path / "to").iterdir()] == ["b"]


def test_wrong_bytes_are_refused_by_the_store(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is damaged on its way is damaged again: the store compares it with what the link was signed for."""
    written(tmp_path / "a", 5)
    real = Wire.send

    def damaged(self: Wire, url: str, headers: Any, content: Any, length: int) -> str:
        return real(self, url, headers, [b"!" * len(piece) for piece in content], length)

    monkeypatch.setattr(Wire, "send", damaged)
    drive = world.drive(patience=replace(QUICK, total=0.3))
    try:
        stored = drive.put(tmp_path / "a", "a")
    except Unreachable:
        return  # as S3 does
    # The emulator's S3 does not compare: then the drive does, before it is a file.
    assert world.ingest() == []
    with pytest.raises(Refused, match="SHA-256"):
        drive.wait_until_copied(stored, patience=2)


def test_a_file_that_changes_while_it_is_sent_is_not_stored(world: World, tmp_path: Path) -> None:
    written(tmp_path / "a", 5)

    def change(_: object) -> bool:
        written(tmp_path / "a", 5)
        return False

    world.api[HERE].faults = [times(1, change)]
    with pytest.raises(Mistake, match="changes while it is being read"):
        world.drive().put(tmp_path / "a", "a")
    assert world.ingest() == []


def test_a_local_file_is_replaced_whole_or_not_at_all(world: World, tmp_path: Path) -> None:
    written(tmp_path / "a", 5)
    drive = world.drive(patience=replace(QUICK, total=0.3))
    drive.put(tmp_path / "a", "a")
    world.ingest()
    target = tmp_path / "b"
    target.write_text("mine")
    with pytest.raises(Mistake, match="--force"):
        drive.get("a", target)
    for region in REGIONS:
        world.store[region].faults = [status(503)]
    with pytest.raises(Unreachable):
        drive.get("a", target, overwrite=True)
    assert target.read_text() == "mine"
    for region in REGIONS:
        world.store[region].faults = []
    drive.get("a", target, overwrite=True)
    assert target.read_bytes() == (tmp_path / "a").read_bytes()


def test_a_full_disk_is_said_so_and_what_came_is_kept(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(tmp_path / "a", 5)
    drive = world.drive()
    drive.put(tmp_path / "a", "a")
    world.ingest()
    real = shutil.disk_usage
    monkeypatch.setattr(shutil, "disk_usage", lambda path: real(path)._replace(free=10))
    with pytest.raises(Mistake, match="Make room"):
        drive.get("a", tmp_path / "b")
    monkeypatch.undo()


def test_an_unwritable_folder_is_said_so(world: World, tmp_path: Path) -> None:
    written(tmp_path / "a", 5)
    drive = world.drive()
    drive.put(tmp_path / "a", "a")
    world.ingest()
    with pytest.raises(Mistake, match="Cannot write"):
        drive.get("a", tmp_path / "a" / "b")  # a file is no folder, whoever asks
    with pytest.raises(Mistake, match="folder"):
        drive.get("a", tmp_path)


def test_a_token_is_never_sent_to_where_a_link_leads(world: World, tmp_path: Path) -> None:
    written(tmp_path / "a", 5)
    drive = world.drive()
    drive.put(tmp_path / "a", "a")
    world.ingest()
    drive.get("a", tmp_path / "b")
    assert world.store[HERE].seen
    assert not any("Bearer" in headers.get("Authorization", "") for _, _, headers in world.store[HERE].seen)


def test_many_threads_send_and_fetch_at_once(world: World, tmp_path: Path) -> None:
    drive = world.drive()
    contents = {f"{number}": written(tmp_path / f"{number}", number) for number in range(20)}
    with ThreadPoolExecutor(8) as senders:
        list(senders.map(lambda name: drive.put(tmp_path / name, name), contents))
    assert len(world.ingest()) == len(contents)
    with ThreadPoolExecutor(8) as fetchers:
        list(fetchers.map(lambda name: drive.get(name, tmp_path / f"{name}.back"), contents))
    assert all((tmp_path / f"{name}.back").read_bytes() == content for name, content in contents.items())


def test_a_store_that_knows_no_ranges_will_do(world: World, tmp_path: Path) -> None:
    """As the emulator's, where a version is asked for."""
    content = written(tmp_path / "a", PART_BYTES + 7)
    drive = world.drive()
    drive.put(tmp_path / "a", "a")
    world.ingest()
    world.knows_ranges = False
    drive.get("a", tmp_path / "b")
    assert (tmp_path / "b").read_bytes() == content
