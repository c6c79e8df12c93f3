"""A request that is repeated with its key changes nothing and is answered alike, whenever and wherever it comes."""

import json
import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.drive import orders
from services.drive.files import File, get_file
from services.drive.limits import PART_BYTES, REMEMBERED_CHANGES
from tests.services.api.conftest import ALICE, Answer, Api, announcement, empty, own, refuses, sell, store
from tests.services.conftest import REGIONS, Time


def said(answer: Answer) -> tuple[int, str, str | None]:
    """What was answered, apart from signatures, which are new each time because the old ones run out."""
    return answer.status, re.sub(r"\?[^\"]*", "", answer.text), answer.headers.get("location")


def requests(file: str, album: str) -> list[tuple[str, str, Any]]:
    return [
        ("POST", "/v1/uploads", announcement("small.txt", b"bytes")),
        ("POST", "/v1/uploads", announcement("large.bin", b"x" * PART_BYTES, b"bytes")),
        ("DELETE", f"/v1/files/{file}", None),
        ("POST", f"/v1/files/{file}/undelete", {}),
        ("POST", "/v1/downloads", {"files": [file]}),
        ("POST", "/v1/downloads", {"album": album}),
        ("POST", "/v1/purchases", {"content": album}),
    ]


@pytest.mark.parametrize("number", range(7))
def test_every_mutation_can_be_repeated(api: Api, time: Time, number: int) -> None:
    album = sell()
    own(album)
    method, path, body = requests(store("notes.txt").file, album.id)[number]
    first = api.send(method, path, body, key="k")
    assert first.status < 300
    after = api.traces()
    for seconds in (0, 1, 3600):
        time.advance(seconds)
        assert said(api.send(method, path, body, key="k")) == said(first)
        assert api.traces() == after


@pytest.mark.parametrize("number", range(7))
def test_every_mutation_can_be_repeated_in_the_other_region(api: Api, number: int) -> None:
    album = sell()
    own(album)
    method, path, body = requests(store("notes.txt").file, album.id)[number]
    first = api.send(method, path, body, key="k")
    records = api.cloud.items("drive")
    with api.cloud.acting_in(REGIONS[1]):
        again = api.send(method, path, body, key="k")
        assert again.status == first.status
        for name in ("upload", "file", "job", "deleted_at", "restored_at"):
            assert again.body.get(name) == first.body.get(name)
        assert len(api.cloud.items("drive", REGIONS[1])) == len(records)


@pytest.mark.parametrize("number", range(7))
def test_a_key_is_good_for_one_request(api: Api, number: int) -> None:
    album, other = sell(), sell("monster")
    own(album)
    own(other)
    file, another = store("notes.txt"), store("more.txt").file
    method, path, body = requests(file.file, album.id)[number]
    changed = {
        "path": "other.txt",
        "files": [another],
        "album": other.id,
        "content": other.id,
        "version": file.id,
    }
    assert api.send(method, path, body, key="k").status < 300
    before = api.traces()
    different = {name: changed[name] for name in ("path", "files", "album", "content") if name in (body or {})}
    if "undelete" in path:
        different = {"version": file.id}
    if method == "DELETE":
        method, path = "POST", f"{path}/undelete"
    answer = api.send(method, path, (body or {}) | different, key="k")
    assert refuses(answer, 422)
    assert "Idempotency-Key" in answer.body["detail"]
    assert api.traces() == before


def test_the_order_of_members_and_files_makes_no_other_request(api: Api) -> None:
    files = [store("a.txt").file, store("b.txt").file]
    first = api.post("/v1/downloads", {"files": files}, key="k")
    assert said(api.post("/v1/downloads", {"files": files[::-1] + files}, key="k")) == said(first)
    body = announcement("c.txt", b"bytes")
    upload = api.post("/v1/uploads", body, key="k")
    backwards = json.dumps(dict(reversed(body.items())), indent=2)
    assert said(api.post("/v1/uploads", backwards, key="k")) == said(upload)


def test_an_order_that_was_repeated_at_the_same_moment_is_one_order(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    file = store("notes.txt").file
    first = api.post("/v1/downloads", {"files": [file]}, key="k")
    # The second one looked before the first one wrote.
    monkeypatch.setattr(orders, "find", lambda *_: None)
    assert said(api.post("/v1/downloads", {"files": [file]}, key="k")) == said(first)
    assert refuses(api.post("/v1/downloads", {"files": [store("b.txt").file]}, key="k"), 422)


def test_a_repeated_order_is_answered_even_when_its_files_are_gone(api: Api) -> None:
    file = store("notes.txt").file
    first = api.post("/v1/downloads", {"files": [file]}, key="k")
    api.send("DELETE", f"/v1/files/{file}", key="d")
    assert said(api.post("/v1/downloads", {"files": [file]}, key="k")) == said(first)


def test_an_old_deletion_does_not_come_back(api: Api) -> None:
    file = store("notes.txt").file
    deletion = api.send("DELETE", f"/v1/files/{file}", key="d")
    api.post(f"/v1/files/{file}/undelete", key="u")
    assert said(api.send("DELETE", f"/v1/files/{file}", key="d")) == said(deletion)
    assert shown(file).deleted_at is None


def shown(file: str) -> File:
    found = get_file(ALICE, file)
    assert found
    return found


actions = st.lists(
    st.tuples(st.sampled_from(["delete", "undelete", "older", "upload", "buy", "bundle"]), st.integers(0, 3)),
    min_size=1,
    max_size=8,
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(actions=actions, chance=st.randoms(use_true_random=False))
def test_no_repetition_changes_anything_however_late_it_comes(
    api: Api, time: Time, actions: list[tuple[str, int]], chance: Any
) -> None:
    empty()
    album = sell()
    first = store("notes.txt")
    time.advance(1)
    store(first.path, b"newer")
    done: list[tuple[tuple[str, str, Any, str], Answer]] = []
    for number, (action, seconds) in enumerate(actions):
        time.advance(seconds)
        method, path, body = {
            "delete": ("DELETE", f"/v1/files/{first.file}", None),
            "undelete": ("POST", f"/v1/files/{first.file}/undelete", None),
            "older": ("POST", f"/v1/files/{first.file}/undelete", {"version": first.id}),
            "upload": ("POST", "/v1/uploads", announcement(f"{number}.txt", b"bytes")),
            "buy": ("POST", "/v1/purchases", {"content": album.id}),
            "bundle": ("POST", "/v1/downloads", {"files": [first.file]}),
        }[action]
        request = (method, path, body, f"key-{number}")
        answer = api.send(method, path, body, key=request[3])
        if answer.status < 300:  # what was refused was no request yet
            done.append((request, answer))
        if not done:
            continue
        (method, path, body, key), expected = chance.choice(done)
        before = api.traces()
        repeated = api.send(method, path, body, key=key)
        assert api.traces() == before
        assert said(repeated) == said(expected)


def test_a_change_of_long_ago_is_forgotten_only_after_many_others(api: Api) -> None:
    file = store("notes.txt").file
    for number in range(REMEMBERED_CHANGES // 2):
        api.send("DELETE", f"/v1/files/{file}", key=f"d{number}")
        api.post(f"/v1/files/{file}/undelete", key=f"u{number}")
    api.send("DELETE", f"/v1/files/{file}", key="d1")
    assert shown(file).deleted_at is None
    assert len(shown(file).changes) == REMEMBERED_CHANGES
