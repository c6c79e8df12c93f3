"""Nobody reads or writes what is not theirs, nor learns that it is there."""

from collections.abc import Callable

import pytest

from services.drive import orders
from tests.services.api.conftest import ALICE, Answer, Api, announcement, own, refuses, sell, store

PART = {"number": 1, "etag": "e", "sha256": "0" * 64}


def attempts(api: Api, file: str, version: str, upload: str, order: str) -> dict[str, Callable[[], Answer]]:
    """Everything that Bob can try with ids that he should not know."""
    return {
        "link": lambda: api.get(f"/v1/files/{file}/link", user="bob"),
        "versions": lambda: api.get(f"/v1/files/{file}/versions", user="bob"),
        "delete": lambda: api.send("DELETE", f"/v1/files/{file}", user="bob", key="b1"),
        "undelete": lambda: api.post(f"/v1/files/{file}/undelete", user="bob", key="b2"),
        "restore": lambda: api.post(f"/v1/files/{file}/undelete", {"version": version}, user="bob", key="b3"),
        "bundle": lambda: api.post("/v1/downloads", {"files": [file]}, user="bob", key="b4"),
        "commit": lambda: api.post(f"/v1/uploads/{upload}/commit", {"parts": [PART]}, user="bob"),
        "job": lambda: api.get(f"/v1/jobs/{order}", user="bob"),
    }


@pytest.mark.parametrize("what", ["link", "versions", "delete", "undelete", "restore", "bundle", "commit", "job"])
def test_what_belongs_to_somebody_else_looks_as_if_it_were_not_there(api: Api, what: str) -> None:
    version = store("notes.txt")
    upload = api.post("/v1/uploads", announcement("more.txt", b"bytes"), key="a1").body["upload"]
    order = api.post("/v1/downloads", {"files": [version.file]}, key="a2").body["job"]
    before = api.traces()
    theirs = attempts(api, version.file, version.id, upload, order)[what]()
    absent = attempts(api, "a" * 26, version.id, "f" * 32, "f" * 32)[what]()
    assert refuses(theirs, 404)
    assert theirs.text.replace(version.file, "a" * 26) == absent.text
    assert api.traces() == before


def test_a_listing_shows_ones_own_files_only(api: Api) -> None:
    store("notes.txt")
    assert len(api.get("/v1/files").body["files"]) == 1
    assert api.get("/v1/files", user="bob").body["files"] == []


def test_a_cursor_of_somebody_else_leads_into_ones_own_files(api: Api) -> None:
    for number in range(5):
        store(f"{number}.txt")
    cursor = api.get("/v1/files", query={"limit": "1"}).body["cursor"]
    assert api.get("/v1/files", query={"cursor": cursor}, user="bob").body == {"files": [], "cursor": None}


def test_one_name_and_one_key_are_two_uploads_for_two_users(api: Api) -> None:
    hers = api.post("/v1/uploads", announcement("notes.txt", b"bytes"), key="k").body
    his = api.post("/v1/uploads", announcement("notes.txt", b"bytes"), key="k", user="bob").body
    assert hers["upload"] != his["upload"]
    assert hers["file"] != his["file"]


def test_one_key_is_two_orders_for_two_users(api: Api) -> None:
    album = sell()
    hers = api.post("/v1/purchases", {"content": album.id}, key="k").body["job"]
    his = api.post("/v1/purchases", {"content": album.id}, key="k", user="bob").body["job"]
    assert hers != his


def test_an_album_needs_to_be_ones_own(api: Api) -> None:
    album = sell()
    own(album)
    before = api.traces()
    assert refuses(api.post("/v1/downloads", {"album": album.id}, key="k", user="bob"), 404)
    assert api.traces() == before
    assert api.post("/v1/downloads", {"album": album.id}, key="k").status == 202


def test_an_album_that_was_bought_and_has_not_arrived_cannot_be_downloaded_yet(api: Api) -> None:
    album = sell()
    api.post("/v1/purchases", {"content": album.id}, key="k")
    assert refuses(api.post("/v1/downloads", {"album": album.id}, key="l"), 404)
    assert not orders.owns(ALICE, album.id)


def test_a_bundle_of_some_own_and_some_other_files_is_refused_whole(api: Api) -> None:
    hers = store("notes.txt").file
    bobs = api.post("/v1/uploads", announcement("notes.txt", b"bytes"), key="k", user="bob").body["file"]
    before = api.traces()
    answer = api.post("/v1/downloads", {"files": [hers, bobs]}, key="l")
    assert refuses(answer, 404)
    assert bobs in answer.body["detail"]
    assert api.traces() == before
