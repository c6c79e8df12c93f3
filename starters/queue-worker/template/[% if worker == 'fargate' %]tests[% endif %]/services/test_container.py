"""The worker in a container: its slots, its end, its sign of life."""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from orders import clock
from work import __main__ as container
from work import health
from work.slots import SLOTS

from tests.services.world import HERE, World

BREAD = {"text": "a loaf of bread"}


@pytest.fixture(autouse=True)
def alive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The sign of life in a folder of the test's own."""
    path = tmp_path / "alive"
    for module in (container, health):
        monkeypatch.setattr(module, "ALIVE", path)
    return path


def test_a_message_is_done_and_deleted(world: World) -> None:
    _, told, _ = world.post("key-1", BREAD)

    container.take_one()

    assert world.look(told["id"])[1]["result"] == {"echo": BREAD}
    assert world.waiting("work") == 0


def test_a_slot_outlives_a_message_that_cannot_be_done_and_ends_when_it_is_told_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    worker, taken = container.Worker(), threading.Semaphore(0)

    def fail() -> None:
        taken.release()
        raise ValueError("poison")

    monkeypatch.setattr(container, "take_one", fail)
    monkeypatch.setattr(clock, "jitter", lambda *_: 0)
    finished: list[bool] = []
    running = threading.Thread(target=lambda: finished.append(worker.run()))
    running.start()
    for _ in range(2 * SLOTS):
        assert taken.acquire(timeout=10)
    worker.stop()
    running.join(timeout=10)

    assert finished == [True]


def test_a_container_that_is_stopped_ends_by_itself(tmp_path: Path) -> None:
    nowhere = {
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
        "AWS_REGION": HERE,
        "WORK_QUEUE_URL": "http://127.0.0.1:9/1/work",
    }
    keys = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
    process = subprocess.Popen(
        [sys.executable, "-m", "work"],
        cwd=Path(container.__file__).parent.parent,
        env=os.environ | nowhere | keys | {"TMPDIR": str(tmp_path)},
        stderr=subprocess.PIPE,
    )
    assert process.stderr
    process.stderr.readline()  # it runs, and has found no queue
    process.terminate()

    assert process.wait(timeout=60) == 0


def test_a_container_is_healthy_while_it_says_so(alive: Path) -> None:
    assert not health.is_alive()

    alive.touch()
    assert health.is_alive()

    os.utime(alive, (time.time() - 61,) * 2)
    assert not health.is_alive()
