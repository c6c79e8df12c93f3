import io
import json
import socket
import time
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest

from drills.traffic.arrivals import Crowd, Phase, even, write
from drills.traffic.direct import Direct, Made
from drills.traffic.load import Load, Patience, Place, Setup, Summary

SLOW = Made(files=1, size=1000, seconds=0.2)


@pytest.fixture(scope="module")
def direct() -> Iterator[Direct]:
    with Direct.started(made=Made(files=3, size=100_000), processes=1, threads=2) as running:
        yield running


def play(folder: Path, url: str, *phases: Phase, **settings: Any) -> tuple[Summary, list[dict[str, Any]]]:
    arrivals = folder / "arrivals.jsonl"
    write(arrivals, Crowd(users=50).orders(even(phases), seed=1))
    patience = settings.pop("patience", Patience(tries=1, timeout=1))
    places = [Place("direct", url)]
    setup = Setup(arrivals, folder / "answers.jsonl", places, patience=patience, in_flight=120, **settings)
    with Load.start(setup) as load:
        load.begin()
        summary = load.wait(30)
    return summary, [json.loads(line) for line in setup.answers.read_text().splitlines()]


def test_a_bundle_is_the_answer(direct: Direct) -> None:
    answer = httpx.get(f"{direct.url}/downloads/album")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        assert [(entry.filename, entry.file_size) for entry in archive.infolist()] == [
            ("00", 100_000),
            ("01", 100_000),
            ("02", 100_000),
        ]
        assert archive.read("00").startswith(b"album")


def test_a_purchase_stands_in_the_same_line(direct: Direct) -> None:
    assert httpx.get(f"{direct.url}/purchases/single").status_code == 200
    assert httpx.get(f"{direct.url}/nothing/single").status_code == 404


def test_nonsense_does_not_end_a_worker(direct: Direct) -> None:
    address = ("127.0.0.1", int(direct.url.rpartition(":")[2]))
    for nonsense in (b"", b"\r\n\r\n", b"\x00" * 9000):
        with socket.create_connection(address) as connection:
            connection.sendall(nonsense)
    assert httpx.get(f"{direct.url}/downloads/album").status_code == 200


def test_the_workers_end_with_the_drill() -> None:
    with Direct.started(made=Made(), processes=1, threads=1) as running:
        pids = running.pids
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{running.url}/downloads/album")
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)


def test_files_come_from_one_place() -> None:
    with pytest.raises(ValueError, match="either"), Direct.started():
        pass


def test_everybody_is_served_while_there_are_workers_enough(tmp_path: Path) -> None:
    with Direct.started(made=SLOW, processes=1, threads=8) as running:
        summary, answers = play(tmp_path, running.url, Phase(1, 10))
    assert summary.answers == {"ready": 10}
    assert _percentile([answer["latency"] for answer in answers], 0.5) < 0.6


def test_at_several_times_the_rate_many_are_not_and_all_ask_again(tmp_path: Path) -> None:
    """Two workers build ten bundles a second; forty a second are asked for, and who gives up comes again."""
    with Direct.started(made=SLOW, processes=1, threads=2, backlog=4) as running:
        patience = Patience(tries=3, timeout=1, shortest_pause=0.5, longest_pause=0.5)
        summary, answers = play(tmp_path, running.url, Phase(3, 40), patience=patience)
    assert summary.answers["failed"] > 20
    assert summary.sent > 1.5 * summary.planned
    waits = [answer["latency"] for answer in answers if answer["state"] == "ready"]
    assert _percentile(waits, 0.5) > 0.5


def test_who_gave_up_is_built_for_all_the_same() -> None:
    with Direct.started(made=Made(files=1, size=10, seconds=1), processes=1, threads=1) as running:
        with pytest.raises(httpx.ReadTimeout):
            httpx.get(f"{running.url}/downloads/album", timeout=0.2)
        begun = time.monotonic()
        httpx.get(f"{running.url}/downloads/album", timeout=10)
        assert time.monotonic() - begun > 1.5


def _percentile(values: Sequence[float], share: float) -> float:
    return sorted(values)[int(share * (len(values) - 1))]
