"""What one has: listed, linked, deleted and had back."""

import re
from datetime import datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.api import library
from services.drive.files import FILE_ID, get_file
from services.drive.limits import LINK_LIFE, UNDELETE_DAYS
from tests.services.api.conftest import ALICE, Api, empty, own, refuses, sell, store
from tests.services.conftest import REGIONS, Time

DAY = 24 * 3600


def listed(api: Api, **query: str) -> list[str]:
    """Follow a listing to its end and return the paths."""
    paths: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = api.get("/v1/files", query=query | cursor).body
        paths += [file["path"] for file in page["files"]]
        if page["cursor"] is None:
            return sorted(paths)
        cursor = {"cursor": page["cursor"]}


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    paths=st.sets(st.sampled_from([f"{folder}{number}" for folder in ("", "a/", "ä/", "a/b/") for number in range(9)])),
    limit=st.integers(1, 7),
    prefix=st.sampled_from(["", "a/", "a", "ä/", "a\u0308/", "a/b/1", "none"]),
)
def test_pages_show_every_file_once(api: Api, paths: set[str], limit: int, prefix: str) -> None:
    empty()
    for path in paths:
        store(path)
    wanted = prefix.replace("a\u0308", "ä")
    assert listed(api, limit=str(limit), prefix=prefix) == sorted(path for path in paths if path.startswith(wanted))


def test_a_rare_prefix_is_searched_in_bounded_steps(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library, "LONGEST_SEARCH", 3)
    for number in range(10):
        store(f"a{number}")
    page = api.get("/v1/files", query={"prefix": "b"}).body
    assert page["files"] == []
    assert page["cursor"]
    assert listed(api, prefix="b") == []
    assert len(listed(api, prefix="a")) == 10


def test_a_deleted_file_is_listed_only_among_the_deleted(api: Api) -> None:
    kept, gone = store("kept.txt"), store("gone.txt")
    api.send("DELETE", f"/v1/files/{gone.file}", key="k")
    assert listed(api) == [kept.path]
    assert listed(api, deleted="true") == [gone.path]


def test_a_deleted_file_cannot_be_linked_or_bundled_until_it_is_had_back(api: Api) -> None:
    file = store("notes.txt").file
    api.send("DELETE", f"/v1/files/{file}", key="k")
    assert refuses(api.get(f"/v1/files/{file}/link"), 410)
    assert refuses(api.post("/v1/downloads", {"files": [file]}, key="l"), 404)
    assert api.post(f"/v1/files/{file}/undelete", key="m").status == 200
    assert api.get(f"/v1/files/{file}/link").status == 200


def test_a_deletion_says_until_when_it_can_be_undone_and_keeps_that(api: Api, time: Time) -> None:
    file = store("notes.txt").file
    deleted = api.send("DELETE", f"/v1/files/{file}", key="k").body
    assert deleted["recoverable_until"] > deleted["deleted_at"]
    time.advance(UNDELETE_DAYS * DAY)
    assert api.post(f"/v1/files/{file}/undelete", key="l").status == 200
    api.send("DELETE", f"/v1/files/{file}", key="m")
    time.advance(UNDELETE_DAYS * DAY + 1)
    before = api.traces()
    assert refuses(api.post(f"/v1/files/{file}/undelete", key="n"), 410)
    assert api.traces() == before


def test_an_older_version_can_be_had_back(api: Api, time: Time) -> None:
    old = store("notes.txt", b"old")
    time.advance(1)
    new = store("notes.txt", b"newer")
    shown = api.get(f"/v1/files/{old.file}/versions").body
    assert shown["current"] == new.id
    assert [version["version"] for version in shown["versions"]] == [new.id, old.id]
    api.post(f"/v1/files/{old.file}/undelete", {"version": old.id}, key="k")
    assert api.get(f"/v1/files/{old.file}/link").body["size"] == len(b"old")


def test_a_version_of_another_file_is_not_this_ones(api: Api) -> None:
    file, other = store("notes.txt"), store("other.txt")
    before = api.traces()
    assert refuses(api.post(f"/v1/files/{file.file}/undelete", {"version": other.id}, key="k"), 404)
    assert api.traces() == before


def test_a_file_is_had_back_in_the_other_region(api: Api) -> None:
    file = store("notes.txt").file
    api.send("DELETE", f"/v1/files/{file}", key="k")
    with api.cloud.acting_in(REGIONS[1]):
        assert api.post(f"/v1/files/{file}/undelete", key="l").status == 200
        assert listed(api) == ["notes.txt"]


def test_what_one_owns_is_listed_in_pages(api: Api) -> None:
    for name in ("monster", "fame", "artpop"):
        own(sell(name))
    first = api.get("/v1/items", query={"limit": "2"}).body
    rest = api.get("/v1/items", query={"limit": "2", "cursor": first["cursor"]}).body
    assert [item["content"] for item in first["items"] + rest["items"]] == ["artpop", "fame", "monster"]
    assert rest["cursor"] is None
    assert refuses(api.get("/v1/items", query={"cursor": "#"}), 400)
    assert api.get("/v1/items", user="bob").body["items"] == []


def test_an_upload_that_was_committed_before_a_deletion_does_not_undo_it(api: Api, time: Time) -> None:
    old = store("notes.txt", b"old")
    committed = int(time.now * 1000) + 1000
    time.advance(2)
    api.send("DELETE", f"/v1/files/{old.file}", key="k")
    late = store("notes.txt", b"late", at=committed)
    file = get_file(ALICE, old.file)
    assert file
    assert file.deleted_at
    assert file.version == old.id
    api.post(f"/v1/files/{old.file}/undelete", {"version": late.id}, key="l")
    assert api.get(f"/v1/files/{old.file}/link").body["size"] == len(b"late")


def test_ids_and_times_have_one_form(api: Api) -> None:
    store("notes.txt")
    (file,) = api.get("/v1/files").body["files"]
    assert re.fullmatch(FILE_ID, file["file"])
    assert datetime.fromisoformat(file["committed_at"]).tzinfo
    link = api.get(f"/v1/files/{file['file']}/link").body
    expires = datetime.fromisoformat(link["expires_at"]).timestamp()
    assert 0 < expires - datetime.fromisoformat(file["committed_at"]).timestamp() <= LINK_LIFE + 1
