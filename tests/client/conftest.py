"""The client's tests run beside the emulator, in the environment of requirements-cloud.txt."""

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.client.world import Emulator, World

collect_ignore_glob = [] if find_spec("httpx") and find_spec("ministack") else ["test_*.py"]


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator["Emulator"]:
    """Return the emulator, started once; its tables and buckets are empty at first."""
    from tests.client.world import Emulator

    with Emulator(tmp_path_factory.mktemp("emulator")) as running:
        yield running


@pytest.fixture
def world(emulator: "Emulator", monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator["World"]:
    """Return two regions of the drive: the real handlers over HTTP. Nobody has any files."""
    from tests.client.world import World

    monkeypatch.chdir(tmp_path)
    with World(emulator, monkeypatch) as running:
        yield running
