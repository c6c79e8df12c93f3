"""Albums and bundles: ordered once, waited for, and fetched from where they were built."""

import time
import zipfile
from dataclasses import replace
from pathlib import Path
from threading import Thread

import pytest

from client.drive import Drive
from client.errors import Refused, Unreachable
from tests.client.world import QUICK, REGIONS, Handler, World, drop, status, times

HERE, PEER = REGIONS


def filled(world: World, folder: Path) -> Drive:
    drive = world.drive(folder / "state")
    for name in ("one", "two"):
        (folder / name).write_text(name)
        drive.put(folder / name, f"music/{name}")
    world.ingest()
    world.sell(f"album-{world.user}", "music/one", "music/two")
    return drive


def lose_the_answer(handler: Handler) -> bool:
    """Do what is asked, and drop the connection before it can be said."""
    handler.reply = lambda *_: None  # type: ignore[method-assign]
    handler.owner.answer(handler)
    return drop(handler)


def delivered_soon(world: World, drive: Drive) -> Thread:
    """Deliver the first order that is asked about, as queues and workers would."""

    def work() -> None:
        until = time.monotonic() + 20
        done: set[str] = set()
        while time.monotonic() < until and len(done) < 2:
            asked = {
                path.split("/")[3] for region in REGIONS for _, path, _ in world.api[region].seen if "/v1/jobs/" in path
            }
            for job in asked - done:
                world.deliver(job)
                done.add(job)
            time.sleep(0.05)

    assert drive
    worker = Thread(target=work, daemon=True)
    worker.start()
    return worker


@pytest.mark.parametrize("lost", [False, True], ids=["well", "first region lost"])
def test_an_album_is_bought_built_and_fetched(world: World, tmp_path: Path, lost: bool) -> None:
    drive = filled(world, tmp_path)
    album = f"album-{world.user}"
    if lost:
        world.api[HERE].down()
        world.store[HERE].faults = [times(1, drop)]
    delivered_soon(world, drive)
    bought = drive.buy(album, patience=10)
    assert bought.is_delivered
    assert [item["content"] for item in drive.owned()] == [album]
    drive.bundle(tmp_path / "album.zip", album=album, patience=10)
    with zipfile.ZipFile(tmp_path / "album.zip") as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == {"music/one": b"one", "music/two": b"two"}


def test_a_purchase_is_made_once_however_often_it_is_repeated(world: World, tmp_path: Path) -> None:
    drive = filled(world, tmp_path)
    world.api[HERE].faults = [times(1, lose_the_answer)]
    orders = {drive.buy(f"album-{world.user}", key="once").job for _ in range(3)}
    world.api[HERE].down()
    orders |= {drive.buy(f"album-{world.user}", key="once").job}
    assert len(orders) == 1


def test_a_busy_drive_is_asked_again_when_it_said_and_nobody_else_is(world: World, tmp_path: Path) -> None:
    drive = filled(world, tmp_path)
    world.api[HERE].faults = [times(2, status(429, Retry_After="1"), method="POST")]
    began = time.monotonic()
    drive.buy(f"album-{world.user}")
    assert time.monotonic() - began >= 2
    assert world.api[PEER].seen == []
    keys = {headers["Idempotency-Key"] for _, path, headers in world.api[HERE].seen if path == "/v1/purchases"}
    assert len(keys) == 1


def test_a_drive_that_is_busy_for_too_long_says_when_to_come_back(world: World, tmp_path: Path) -> None:
    filled(world, tmp_path)
    world.profiles["levers"] = {"accept_uploads": False}
    world.forget_levers()
    (tmp_path / "new").write_text("new")
    with pytest.raises(Refused, match=r"paused.*Try again in") as refused:
        world.drive().put(tmp_path / "new", "new")
    assert (refused.value.status, refused.value.exit_code) == (429, 1)
    assert refused.value.retry_after
    assert refused.value.retry_after >= 60


def test_an_order_that_takes_too_long_stands(world: World, tmp_path: Path) -> None:
    drive = filled(world, tmp_path)
    files = [str(file["file"]) for file in drive.files("music/")]
    with pytest.raises(Unreachable, match="stands"):
        drive.bundle(tmp_path / "b.zip", files=files, patience=0.3)
    delivered_soon(world, drive)
    drive.bundle(tmp_path / "b.zip", files=files, patience=10)
    accepted = [headers for _, path, headers in world.api[HERE].seen if path == "/v1/downloads"]
    assert len({headers["Idempotency-Key"] for headers in accepted}) == 1


def test_a_bundle_that_another_region_built_is_fetched_there(world: World, tmp_path: Path) -> None:
    drive = filled(world, tmp_path)
    files = sorted(str(file["file"]) for file in drive.files("music/"))
    order = drive.orders.bundle("k", files=files)
    assert order.job
    world.deliver(order.job)
    there = drive.orders.status(order.job, at=world.api[PEER].url)
    assert there.is_delivered
    assert there.urls == ()
    offer = drive.orders.offer("k", {"files": files}, there)
    assert offer.urls


def test_nobody_who_is_not_there_is_waited_for_longer_than_asked(world: World, tmp_path: Path) -> None:
    for region in REGIONS:
        world.api[region].down()
    began = time.monotonic()
    with pytest.raises(Unreachable, match="Check your network"):
        list(world.drive(tmp_path, patience=replace(QUICK, total=1)).files())
    assert time.monotonic() - began < 10
