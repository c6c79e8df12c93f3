"""Whatever arrives, the answer is a 4xx with a sentence, and nothing is left behind."""

import base64
import json
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.drive.limits import BUNDLE_FILES, LARGEST_BODY, LARGEST_FILE, PART_BYTES
from tests.services.api.conftest import Api, announcement, event, refuses, sell

MUTATIONS = [
    "/v1/uploads",
    f"/v1/uploads/{'0' * 32}/commit",
    f"/v1/files/{'a' * 26}/undelete",
    "/v1/downloads",
    "/v1/purchases",
]

quickly = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
members = st.sampled_from(["path", "size", "sha256", "parts", "files", "album", "content", "version"])


def leaves_nothing(api: Api, send: Callable[[], Any], *statuses: int) -> None:
    before = api.traces()
    answer = send()
    assert refuses(answer, *statuses), answer
    assert api.traces() == before


@quickly
@given(path=st.sampled_from(MUTATIONS), body=anything | st.dictionaries(members, anything, max_size=4))
def test_any_json_is_refused(api: Api, path: str, body: Any) -> None:
    leaves_nothing(api, lambda: api.post(path, json.dumps(body), key="k"), 400, 404, 413)


@quickly
@given(path=st.sampled_from(MUTATIONS), body=st.text(max_size=80) | st.binary(max_size=80))
def test_any_text_and_any_bytes_are_refused(api: Api, path: str, body: str | bytes) -> None:
    leaves_nothing(api, lambda: api.post(path, body, key="k"), 400, 404)


@quickly
@given(st.data())
def test_one_wrong_member_refuses_an_upload(api: Api, data: st.DataObject) -> None:
    body = announcement("notes.txt", b"bytes")
    name = data.draw(st.sampled_from(sorted(body)))
    wrong = data.draw(anything.filter(lambda value: not may_be(name, value) and value != body[name]))
    leaves_nothing(api, lambda: api.post("/v1/uploads", body | {name: wrong}, key="k"), 400, 413)


def may_be(name: str, value: Any) -> bool:
    """Whether a file of one part can have this member: names have tests of their own."""
    if name == "path":
        return isinstance(value, str)
    return name == "size" and type(value) is int and 0 <= value <= PART_BYTES


@quickly
@given(name=st.sampled_from(["path", "size", "sha256", "parts"]), value=anything)
def test_a_member_that_comes_twice_is_refused(api: Api, name: str, value: Any) -> None:
    body = announcement("notes.txt", b"bytes")
    pairs = [*body.items(), (name, value)]
    text = "{" + ", ".join(f"{json.dumps(key)}: {json.dumps(content)}" for key, content in pairs) + "}"
    leaves_nothing(api, lambda: api.post("/v1/uploads", text, key="k"), 400)


def test_the_member_that_comes_twice_is_named_however_deep_it_is(api: Api) -> None:
    answer = api.post("/v1/uploads/" + "0" * 32 + "/commit", '{"parts": [{"number": 1, "number": 2}]}', key="k")
    assert refuses(answer, 400)
    assert '"number"' in answer.body["detail"]


@pytest.mark.parametrize("escape", ["\\u0061lbum", "alb\\u0075m"])
def test_an_escaped_name_is_the_same_name(api: Api, escape: str) -> None:
    leaves_nothing(api, lambda: api.post("/v1/downloads", f'{{"album": "a", "{escape}": "b"}}', key="k"), 400)


@pytest.mark.parametrize(
    "text",
    [
        '{"content": NaN}',
        '{"content": -Infinity}',
        '{"content": 1e999}',
        '{"content": ' + "9" * 5000 + "}",
        '{"content": "\\ud800"}',
        '{"\\udfff": 1}',
        "[" * 50_000,
        '{"a":' * 50_000,
        '{"content": "a"} {"content": "b"}',
        '\ufeff{"content": "a"}',
        "{'content': 'a'}",
        '{"content": "a",}',
        "",
        "null",
        "{}",
    ],
    ids=lambda text: text[:24],
)
def test_almost_json_is_refused(api: Api, text: str) -> None:
    leaves_nothing(api, lambda: api.post("/v1/purchases", text, key="k"), 400)


@pytest.mark.parametrize("text", ['{"content": "\\ud800"}', '{"\\udfff": 1}'])
def test_half_a_character_is_named_as_the_reason(api: Api, text: str) -> None:
    assert "surrogate" in api.post("/v1/purchases", text, key="k").body["detail"]


@pytest.mark.parametrize("encoding", ["utf-16", "latin-1", "utf-8-sig"])
def test_other_encodings_are_refused(api: Api, encoding: str) -> None:
    body = '{"content": "é"}'.encode(encoding)
    leaves_nothing(api, lambda: api.post("/v1/purchases", body, key="k"), 400)


def test_broken_base64_is_refused(api: Api, provider: Any) -> None:
    headers = {"Authorization": f"Bearer {provider.token()}", "Idempotency-Key": "k"}
    request = event("POST", "/v1/purchases", "not base64!", headers, {}) | {"isBase64Encoded": True}
    leaves_nothing(api, lambda: api.deliver(request), 400)


@pytest.mark.parametrize("binary", [False, True])
def test_a_body_that_is_too_large_is_refused_unread(api: Api, binary: bool) -> None:
    text = json.dumps({"content": "a" * LARGEST_BODY})
    leaves_nothing(api, lambda: api.post("/v1/purchases", text.encode() if binary else text, key="k"), 413)
    # Few characters, many bytes.
    leaves_nothing(api, lambda: api.post("/v1/purchases", '"' + "€" * (LARGEST_BODY // 2) + '"', key="k"), 413)


def test_a_body_of_only_repeated_members_is_refused_at_once(api: Api) -> None:
    text = "{" + ",".join(f'"{number:06}":0' for number in range(90_000)) + ',"089999":0}'
    leaves_nothing(api, lambda: api.post("/v1/purchases", text, key="k"), 400)


def test_another_media_type_is_refused(api: Api) -> None:
    def send() -> Any:
        headers = {"content-type": "text/xml"}
        return api.post("/v1/purchases", {"content": "a"}, key="k", headers=headers)

    leaves_nothing(api, send, 415)


@pytest.mark.parametrize(
    ("size", "status"),
    [(-1, 400), (True, 400), (5.0, 400), ("5", 400), (None, 400), (LARGEST_FILE + 1, 400), (10**30, 400)],
)
def test_an_impossible_size_is_refused(api: Api, size: Any, status: int) -> None:
    body = announcement("notes.txt", b"bytes") | {"size": size}
    leaves_nothing(api, lambda: api.post("/v1/uploads", body, key="k"), status)


def test_sizes_parts_and_checksums_must_agree(api: Api) -> None:
    body = announcement("notes.txt", b"bytes")
    more = announcement("notes.txt", b"x" * PART_BYTES, b"bytes")
    for wrong in (
        body | {"size": PART_BYTES + 1},
        body | {"parts": more["parts"]},
        body | {"sha256": more["sha256"]},
        more | {"size": PART_BYTES},
        more | {"parts": more["parts"][::-1]},
    ):
        leaves_nothing(api, partial(api.post, "/v1/uploads", wrong, key="k"), 400)


def test_more_than_fits_is_refused(api: Api) -> None:
    digest = "0" * 64
    body = {"path": "a", "size": 5, "sha256": digest, "parts": [digest] * 10_001}
    leaves_nothing(api, lambda: api.post("/v1/uploads", body, key="k"), 413)
    files = {"files": ["a" * 26] * (BUNDLE_FILES + 1)}
    leaves_nothing(api, lambda: api.post("/v1/downloads", files, key="k"), 413)


@pytest.mark.parametrize("path", ["/v1/uploads", "/v1/downloads", "/v1/purchases", f"/v1/files/{'a' * 26}/undelete"])
@pytest.mark.parametrize("key", [None, "", "two words", "ü", "k" * 256, "a\nb"])
def test_a_mutation_without_a_usable_key_is_refused(api: Api, path: str, key: str | None) -> None:
    leaves_nothing(api, lambda: api.post(path, {"content": "a"}, key=key), 400)


def test_headers_and_parameters_that_come_twice_are_refused(api: Api, provider: Any) -> None:
    token = f"Bearer {provider.token()}"
    headers = {"Authorization": token, "Idempotency-Key": "k"}
    request = event("POST", "/v1/purchases", {"content": sell().id}, headers, {})
    for name, values in (
        ("Idempotency-Key", ["k", "l"]),
        ("Authorization", [token, f"Bearer {provider.token('bob')}"]),
    ):
        twice = request | {"multiValueHeaders": request["multiValueHeaders"] | {name: values}}
        leaves_nothing(api, partial(api.deliver, twice), 400)
    listing = event("GET", "/v1/files", None, headers, {"limit": "5"})
    twice = listing | {"multiValueQueryStringParameters": {"limit": ["5", "6"]}}
    leaves_nothing(api, lambda: api.deliver(twice), 400)


@quickly
@given(
    name=st.sampled_from(["limit", "cursor", "deleted"]),
    value=st.text(max_size=12).filter(lambda text: not text.isdigit() and text not in {"true", "false"}),
)
def test_parameters_that_nobody_gave_out_are_refused(api: Api, name: str, value: str) -> None:
    if name == "deleted" and not value:
        return
    leaves_nothing(api, lambda: api.get("/v1/files", query={name: value}), 400)


@pytest.mark.parametrize("limit", ["0", "-1", "501", "1e2", "٣", "999999999999"])
def test_a_page_has_between_1_and_500_files(api: Api, limit: str) -> None:
    leaves_nothing(api, lambda: api.get("/v1/files", query={"limit": limit}), 400)


@pytest.mark.parametrize("path", ["/", "/v1", "/v2/files", "/v1/files/../items", "/v1/files/a/b/link", "/switch/"])
def test_an_address_that_does_not_exist_is_answered_alike(api: Api, path: str) -> None:
    assert refuses(api.get(path), 404)


@quickly
@given(st.text(max_size=40).filter(lambda text: "/" not in text))
def test_no_id_breaks_a_route(api: Api, noise: str) -> None:
    before = api.traces()
    for path in (f"/v1/files/{noise}/link", f"/v1/files/{noise}/versions", f"/v1/jobs/{noise}", f"/switch/{noise}"):
        assert refuses(api.get(path), 404)
    assert refuses(api.send("DELETE", f"/v1/files/{noise}", key="k"), 404)
    assert refuses(api.post(f"/v1/uploads/{noise}/commit", {"parts": [PART]}, key="k"), 404)
    assert api.traces() == before


PART = {"number": 1, "etag": "e", "sha256": "0" * 64}


@pytest.mark.parametrize(
    "parts",
    [
        [],
        [1],
        [PART | {"number": 2}],
        [PART | {"number": "1"}],
        [PART | {"etag": "e" * 65}],
        [PART | {"etag": "<e>"}],
        [PART | {"sha256": "0"}],
        [PART | {"more": 1}],
        [PART, PART],
        {"1": PART},
    ],
    ids=str,
)
def test_a_commit_lists_every_part_once_and_in_order(api: Api, parts: Any) -> None:
    upload = api.post("/v1/uploads", announcement("notes.txt", b"bytes"), key="k").body["upload"]
    leaves_nothing(api, lambda: api.post(f"/v1/uploads/{upload}/commit", {"parts": parts}), 400)


@pytest.mark.parametrize("body", [{}, {"files": []}, {"album": "a", "files": ["a" * 26]}, {"files": ["a" * 25]}])
def test_a_download_names_files_or_an_album(api: Api, body: Any) -> None:
    leaves_nothing(api, lambda: api.post("/v1/downloads", body, key="k"), 400)


@quickly
@given(st.text(min_size=1, max_size=30))
def test_a_content_that_is_not_sold_cannot_be_bought(api: Api, content: str) -> None:
    leaves_nothing(api, lambda: api.post("/v1/purchases", {"content": content}, key="k"), 400, 404)


def test_what_is_refused_today_may_be_sent_again_corrected_with_the_same_key(api: Api) -> None:
    assert refuses(api.post("/v1/uploads", announcement("../notes.txt", b"bytes"), key="k"), 400)
    assert api.post("/v1/uploads", announcement("notes.txt", b"bytes"), key="k").status == 201


def test_a_checksum_may_be_written_as_s3_writes_it(api: Api) -> None:
    body = announcement("notes.txt", b"bytes")
    written = base64.b64encode(bytes.fromhex(body["sha256"])).decode()
    first = api.post("/v1/uploads", body, key="k")
    again = api.post("/v1/uploads", body | {"sha256": f"{written}-1"}, key="k")
    assert first.body["upload"] == again.body["upload"]
