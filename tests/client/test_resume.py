"""Whatever was finished when a transfer was interrupted is not done again, and nothing else is left out.

Parts are 64 bytes here, so that many of them can be tried.
"""

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import client.parts
import client.uploading
from client.drive import Drive
from client.errors import Failure
from client.remembered import Memory
from client.targets import Target
from client.wire import Wire
from tests.client.world import QUICK, REGIONS, Handler, Server, World, status

PART = 64
SHORT = replace(QUICK, total=0.05)
HURRIED = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True
)


@st.composite
def interruptions(draw: st.DrawFn) -> tuple[int, set[int]]:
    """Return how many bytes a file has, and which of its parts do not arrive at first."""
    size = draw(st.integers(1, 8 * PART))
    parts = range(1, -(-size // PART) + 1)
    return size, draw(st.sets(st.sampled_from(parts), min_size=1))


class Store:
    """A store and an API that know nothing but parts: what a real one does is tested with whole files."""

    def __init__(self) -> None:
        self.broken: set[int] = set()
        self.parts: dict[int, bytes] = {}
        self.asked: list[int] = []
        self.content = b""
        self.keys: set[str] = set()
        self.server = Server(self._answer)

    @contextmanager
    def running(self) -> Iterator[Wire]:
        self.server.up()
        with Wire([self.server.url], patience=SHORT) as wire:
            yield wire
        self.server.down()

    def _answer(self, handler: Handler) -> None:
        url = urlsplit(handler.path)
        if handler.command == "PUT":
            self._take(handler, int(parse_qs(url.query)["part"][0]))
        elif url.path == "/bytes":
            self._give(handler)
        else:
            handler.reply(201, {}, self._said(handler, url.path))

    def _take(self, handler: Handler, number: int) -> None:
        self.asked.append(number)
        if number in self.broken:
            status(503)(handler)
            return
        self.parts[number] = handler.content
        handler.reply(200, {"ETag": f'"{number}"'}, b"")

    def _give(self, handler: Handler) -> None:
        start, end = (int(each) for each in handler.headers["Range"].removeprefix("bytes=").split("-"))
        self.asked.append(start // PART + 1)
        if start // PART + 1 in self.broken:
            status(503)(handler)
            return
        headers = {"ETag": '"1"', "Content-Range": f"bytes {start}-{end}/{len(self.content)}"}
        handler.reply(206, headers, self.content[start : end + 1])

    def _said(self, handler: Handler, path: str) -> bytes:
        import json

        if path == "/v1/uploads":
            self.keys.add(handler.headers["Idempotency-Key"])
            wanted = json.loads(handler.content)["parts"]
            links = [
                {"number": number, "url": f"{self.server.url}/s3?part={number}", "headers": {}}
                for number, _ in enumerate(wanted, 1)
            ]
            answer: dict[str, Any] = {
                "upload": "u",
                "file": "f",
                "region": REGIONS[0],
                "part_bytes": PART,
                "parts": links,
                "alternate": {},
            }
        elif path == "/v1/uploads/u/commit":
            listed = json.loads(handler.content)["parts"]
            assert [part["etag"] for part in listed] == [f'"{number}"' for number, _ in enumerate(listed, 1)]
            assert [part["sha256"] for part in listed] == [
                hashlib.sha256(self.parts[number]).hexdigest() for number in sorted(self.parts)
            ]
            answer = {"upload": "u", "file": "f", "version": "v"}
        else:
            hashes = [
                hashlib.sha256(self.content[start : start + PART]).hexdigest()
                for start in range(0, max(1, len(self.content)), PART)
            ]
            url = f"{self.server.url}/bytes"
            answer = {
                "version": "v",
                "size": len(self.content),
                "sha256": client.parts.composite(hashes),
                "url": url,
                "alternates": [],
            }
        return json.dumps(answer).encode()


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client.parts, "PART_BYTES", PART)
    monkeypatch.setattr(client.uploading, "PART_BYTES", PART)


@HURRIED
@given(case=interruptions(), parallel=st.integers(1, 4))
def test_an_upload_sends_what_is_missing_and_nothing_twice(case: tuple[int, set[int]], parallel: int) -> None:
    size, broken = case
    store = Store()
    with tempfile.TemporaryDirectory() as name, store.running() as wire:
        folder = Path(name)
        content = os.urandom(size)
        (folder / "a").write_bytes(content)
        store.broken = broken
        with pytest.raises(Failure, match="repeat"):
            Drive(wire, "t", memory=Memory(folder / "state"), parallel=parallel).put(folder / "a", "a")
        arrived = set(store.parts)
        store.broken, store.asked = set(), []
        Drive(wire, "t", memory=Memory(folder / "state"), parallel=parallel).put(folder / "a", "a")
        assert sorted(store.asked) == sorted(set(range(1, client.parts.part_count(size) + 1)) - arrived)
        assert b"".join(store.parts[number] for number in sorted(store.parts)) == content
        assert len(store.keys) == 1


@HURRIED
@given(case=interruptions(), parallel=st.integers(1, 4), damaged=st.booleans())
def test_a_download_fetches_what_is_missing_and_what_was_damaged(
    case: tuple[int, set[int]], parallel: int, damaged: bool
) -> None:
    size, broken = case
    store = Store()
    store.content = os.urandom(size)
    with tempfile.TemporaryDirectory() as name, store.running() as wire:
        folder = Path(name)
        store.broken = broken
        with pytest.raises(Failure, match="repeat"):
            Drive(wire, "t", memory=Memory(folder / "state"), parallel=parallel).fetch("f", folder / "a")
        assert not (folder / "a").exists()
        kept = set(Memory(folder / "state").load("downloads", str(folder / "a"))["pieces"])
        missing = {number for number in range(1, client.parts.part_count(size) + 1) if str(number) not in kept}
        assert broken <= missing
        if damaged and kept:
            victim = min(int(number) for number in kept)
            with Target(folder / "a").part.open("rb+") as part:
                part.seek((victim - 1) * PART)
                part.write(bytes([store.content[(victim - 1) * PART] ^ 1]))
            missing |= {victim}
        store.broken, store.asked = set(), []
        Drive(wire, "t", memory=Memory(folder / "state"), parallel=parallel).fetch("f", folder / "a")
        assert sorted(store.asked) == sorted(missing)
        assert (folder / "a").read_bytes() == store.content
        assert sorted(path.name for path in folder.iterdir()) == ["a", "state"]


def test_a_file_that_was_changed_since_is_sent_as_it_is_now(world: World, tmp_path: Path) -> None:
    assert world.user
    store = Store()
    (tmp_path / "a").write_bytes(b"x" * 100)
    with store.running() as wire:
        store.broken = {2}
        with pytest.raises(Failure):
            Drive(wire, "t", memory=Memory(tmp_path / "state")).put(tmp_path / "a", "a")
        store.broken = set()
        (tmp_path / "a").write_bytes(b"y" * 100)
        Drive(wire, "t", memory=Memory(tmp_path / "state")).put(tmp_path / "a", "a")
    assert b"".join(store.parts.values()) == b"y" * 100
    assert len(store.keys) == 2


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"key": 1}', '{"key": "k", "sent": {"r": {"x": 1}}, "regions": 1}'])
def test_a_damaged_memory_costs_time_and_nothing_else(tmp_path: Path, damage: str) -> None:
    store = Store()
    (tmp_path / "a").write_bytes(b"x" * 100)
    with store.running() as wire:
        store.broken = {2}
        with pytest.raises(Failure):
            Drive(wire, "t", memory=Memory(tmp_path / "state")).put(tmp_path / "a", "a")
        for record in (tmp_path / "state").glob("*/*.json"):
            record.write_text(damage)
        store.broken = set()
        Drive(wire, "t", memory=Memory(tmp_path / "state")).put(tmp_path / "a", "a")
    assert b"".join(store.parts[number] for number in sorted(store.parts)) == b"x" * 100
