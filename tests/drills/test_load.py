import json
import socket
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import jwt
import pytest

from drills.frame.users import AUDIENCE, Identity
from drills.traffic.arrivals import Arrival, Kind, Phase, Who, even, write
from drills.traffic.load import Load, LoadFailed, Patience, Place, Setup, Summary
from drills.traffic.play import TOO_BUSY
from services.api.errors import too_busy
from tests.drills.loopback import Loopback, Reply, Request, loopback


@pytest.fixture(scope="module")
def identity_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("identity") / "identity.json"
    Identity.new().save(path)
    return path


def arrivals(count: int, *, rate: float = 200, users: int = 20) -> Iterator[Arrival]:
    for number, at in enumerate(even([Phase(count / rate, rate)])):
        kind = Kind.PURCHASE if number % 4 == 0 else Kind.BUNDLE
        who = Who.BUYER if kind == Kind.PURCHASE else Who.CROWD
        yield Arrival(at, number, f"user-{number % users}", who, kind, "album", f"key-{number}")


def setup(
    folder: Path, identity_file: Path, *places: Place, count: int = 40, rate: float = 200, **settings: Any
) -> Setup:
    path = folder / "arrivals.jsonl"
    write(path, arrivals(count, rate=rate))
    settings = {"in_flight": 50, "time_scale": 100, **settings}
    return Setup(path, folder / "answers.jsonl", places, identity_file, **settings)


def play(setup: Setup) -> tuple[Summary, list[dict[str, Any]]]:
    with Load.start(setup) as load:
        load.begin()
        summary = load.wait(20)
    return summary, [json.loads(line) for line in setup.answers.read_text().splitlines()]


def accept(request: Request) -> Reply:
    return Reply(202, {"job": request.headers["idempotency-key"], "state": "ACCEPTED"})


def nobody_there() -> Place:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return Place("gone", f"http://127.0.0.1:{listener.getsockname()[1]}")


def place(server: Loopback) -> Place:
    return Place("here", server.url)


def test_each_arrival_is_asked_once_and_written_down_with_its_order(tmp_path: Path, identity_file: Path) -> None:
    with loopback(accept) as server:
        summary, answers = play(setup(tmp_path, identity_file, place(server)))
    assert [request.path for request in server.asked].count("/v1/purchases") == 10
    assert {request.path for request in server.asked} == {"/v1/purchases", "/v1/downloads"}
    assert sorted(answer["order"] for answer in answers) == sorted(f"key-{number}" for number in range(40))
    assert {(answer["state"], answer["status"], answer["region"]) for answer in answers} == {("accepted", 202, "here")}
    assert (summary.planned, summary.sent, summary.answers) == (40, 40, {"accepted": 40})


def test_users_sign_in_with_a_token_of_the_identity(tmp_path: Path, identity_file: Path) -> None:
    with loopback(accept) as server:
        play(setup(tmp_path, identity_file, place(server), count=8))
    key = Identity.load(identity_file).private_key.public_key()
    tokens = [request.headers["authorization"].removeprefix("Bearer ") for request in server.asked]
    claims = [jwt.decode(token, key, algorithms=["RS256"], audience=AUDIENCE) for token in tokens]
    assert {claim["sub"] for claim in claims} == {f"user-{number}" for number in range(8)}


def test_who_gets_no_answer_asks_the_other_region_with_the_same_key(tmp_path: Path, identity_file: Path) -> None:
    with loopback(accept) as server:
        _, answers = play(setup(tmp_path, identity_file, nobody_there(), place(server), rate=20))
    assert Counter(request.headers["idempotency-key"] for request in server.asked) == Counter(
        f"key-{number}" for number in range(40)
    )
    assert {answer["region"] for answer in answers} == {"here"}
    # Whoever has found the other region once goes there first: users 0 to 19 order twice each.
    assert min(answer["tries"] for answer in answers if answer["number"] >= 20) == 1


def test_who_is_answered_by_nobody_gives_up_and_says_so(tmp_path: Path, identity_file: Path) -> None:
    patience = Patience(tries=3)
    summary, answers = play(setup(tmp_path, identity_file, nobody_there(), count=4, patience=patience))
    assert summary.answers == {"failed": 4}
    assert {(answer["tries"], answer["status"], answer["reason"]) for answer in answers} == {
        (3, 0, "ConnectionRefusedError")
    }


def test_a_failing_region_is_not_taken_for_a_refusing_one(tmp_path: Path, identity_file: Path) -> None:
    with loopback(lambda _: Reply(503)) as failing, loopback(accept) as well:
        _, answers = play(setup(tmp_path, identity_file, place(failing), replace(place(well), region="other")))
    assert {answer["state"] for answer in answers} == {"accepted"}
    assert {answer["region"] for answer in answers} == {"other"}


def test_a_request_that_the_drive_does_not_understand_is_not_repeated(tmp_path: Path, identity_file: Path) -> None:
    with loopback(lambda _: Reply(400, {"detail": "no such album"})) as server:
        summary, answers = play(setup(tmp_path, identity_file, place(server), count=4))
    assert len(server.asked) == 4
    assert {answer["reason"] for answer in answers} == {"no such album"}
    assert summary.answers == {"failed": 4}


@pytest.mark.parametrize("honour", [True, False])
def test_a_polite_client_comes_back_when_it_was_told_to(tmp_path: Path, identity_file: Path, *, honour: bool) -> None:
    seen: dict[str, float] = {}
    returned: list[float] = []

    def busy(request: Request) -> Reply:
        key = request.headers["idempotency-key"]
        if key not in seen:
            seen[key] = time.monotonic()
            return Reply(429, {"type": "urn:seawall:problem:too-busy"}, {"Retry-After": "1"})
        returned.append(time.monotonic() - seen[key])
        return accept(request)

    with loopback(busy) as server:
        patience = Patience(honour_retry_after=honour)
        summary, answers = play(setup(tmp_path, identity_file, place(server), count=8, patience=patience))
    if not honour:
        assert summary.answers == {"refused": 8}
        return
    assert summary.answers == {"accepted": 8}
    assert summary.refusals == 8
    assert min(returned) >= 1  # the drive divides it by its own time scale, so that nobody else must
    assert max(returned) < 3
    assert all(answer["refusals"] == 1 and answer["refused_at"] < answer["answered_at"] for answer in answers)


def test_a_throttled_function_is_not_taken_for_admission(tmp_path: Path, identity_file: Path) -> None:
    seen: set[str] = set()

    def throttled(request: Request) -> Reply:
        key = request.headers["idempotency-key"]
        first = key not in seen
        seen.add(key)
        return Reply(429, {"message": "Too Many Requests"}) if first else accept(request)

    with loopback(throttled) as server:
        summary, answers = play(setup(tmp_path, identity_file, place(server), count=8))
    assert (summary.answers, summary.refusals) == ({"accepted": 8}, 0)
    assert {answer["tries"] for answer in answers} == {2}


def test_the_drives_own_refusal_is_known_by_its_name() -> None:
    """Should the API rename it, every refusal would count as a failure here."""
    body = json.loads(too_busy("come back", 60).response().body or "")
    assert body["type"] == TOO_BUSY


def test_latency_counts_from_the_planned_moment(tmp_path: Path, identity_file: Path) -> None:
    """Of eight requests at a time that take 0.2 s each, the last ones are sent late: they waited, and that counts."""
    with loopback(lambda request: replace(accept(request), seconds=0.2)) as server:
        summary, answers = play(setup(tmp_path, identity_file, place(server), count=80, in_flight=8))
    assert max(answer["latency"] for answer in answers) > 1.2
    assert summary.latest > 1
    assert summary.behind > 40
    assert not summary.kept_up


def test_the_load_keeps_up_with_two_hundred_requests_a_second(tmp_path: Path, identity_file: Path) -> None:
    with loopback(accept) as server:
        summary, answers = play(setup(tmp_path, identity_file, place(server), count=600))
    assert len(answers) == 600
    assert summary.kept_up, f"{summary.behind} of 600 left late, the latest by {summary.latest:.2f} s"


def test_users_of_two_active_regions_begin_in_both(tmp_path: Path, identity_file: Path) -> None:
    with loopback(accept) as one, loopback(accept) as other:
        play(setup(tmp_path, identity_file, place(one), place(other), spread=True))
    assert min(len(one.asked), len(other.asked)) > 5


def test_a_load_that_cannot_begin_says_why(tmp_path: Path, identity_file: Path) -> None:
    missing = replace(setup(tmp_path, identity_file, place(Loopback(accept))), arrivals=tmp_path / "none.jsonl")
    with pytest.raises(LoadFailed, match=r"none\.jsonl"):
        Load.start(missing)


def test_a_load_that_takes_too_long_is_ended(tmp_path: Path, identity_file: Path) -> None:
    with loopback(lambda request: replace(accept(request), seconds=5)) as server:
        load = Load.start(setup(tmp_path, identity_file, place(server), count=2))
        load.begin()
        with pytest.raises(LoadFailed, match="to its end within"):
            load.wait(0.5)
    assert not load.is_playing
