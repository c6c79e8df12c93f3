"""Names that lead out of the drive, look like others, or cannot be written, are refused; all others are kept."""

import unicodedata
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from services.api.errors import Problem
from services.api.paths import normalize
from services.drive.files import file_id
from tests.services.api.conftest import ALICE, Api, announcement, refuses

OUTSIDE = [
    "../secret",
    "a/../../b",
    "a/..",
    "..",
    ".",
    "./a",
    "a/./b",
    "/etc/passwd",
    "//server/share",
    "a//b",
    "a/",
    "\\\\server\\share",
    "..\\b",
    "a\\..\\b",
    "C:\\windows",
    "c:a",
    "%2e%2e/b",
    "%2E%2E%2Fb",
    "a/%2e%2e%2fb",
    "..%5cb",
    "\uff0e\uff0e/b",
    "\u2025/b",
    "a/.. /b",
    "... /b",
    " ",
    "\u3000/a",
    "",
]
UNPRINTABLE = ["a\0b", "a\nb", "a\x7f", "a\x9b31m", "a\u2028b", "\u202egpj.exe", "a\u2066b", "a\ufffe", "a\U000e0fff"]


@pytest.mark.parametrize("path", OUTSIDE + UNPRINTABLE, ids=ascii)
def test_a_name_that_leads_out_or_cannot_be_seen_is_refused(api: Api, path: str) -> None:
    before = api.traces()
    answer = api.post("/v1/uploads", announcement(path, b"bytes"), key="k")
    assert refuses(answer, 400)
    assert api.traces() == before


@pytest.mark.parametrize(
    "path",
    [
        "notes.txt",
        "photos/2011/may.jpg",
        "..hidden",
        "a..b",
        "...and justice/for all",
        "naïve café.txt",
        "日本語/写真.png",
        "👩\u200d👩\u200d👧.png",
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645.txt",  # Persian needs the zero-width non-joiner
        "100% sure.txt",
        "ab:c",
        "con",
        "a b",
    ],
)
def test_an_ordinary_name_in_any_script_is_kept(api: Api, path: str) -> None:
    assert api.post("/v1/uploads", announcement(path, b"bytes"), key="k").status == 201
    assert normalize(path) == unicodedata.normalize("NFC", path)


def test_a_name_has_at_most_1024_bytes(api: Api) -> None:
    assert api.post("/v1/uploads", announcement("a" * 1024, b"bytes"), key="k").status == 201
    for path in ("a" * 1025, "é" * 513, "👍" * 257):
        assert refuses(api.post("/v1/uploads", announcement(path, b"bytes"), key="l"), 400)


def test_one_name_typed_on_two_systems_is_one_file(api: Api) -> None:
    composed, decomposed = "caf\u00e9.txt", "cafe\u0301.txt"
    first = api.post("/v1/uploads", announcement(composed, b"bytes"), key="k")
    second = api.post("/v1/uploads", announcement(decomposed, b"bytes"), key="l")
    assert first.body["file"] == second.body["file"] == file_id(ALICE, composed)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(
        st.sampled_from(["..", ".", "/", "\\", "a", "é", " ", "%2e", "%2f", "%5C", "\u2024", "\0", ":", "~"]),
        max_size=8,
    ).map("".join)
    | st.text(max_size=40)
)
@example("a/%2e%2e/b")
def test_no_accepted_name_leads_out_however_it_is_read(path: str) -> None:
    try:
        kept = normalize(path)
    except Problem:
        return
    assert kept == normalize(kept)
    assert kept.encode()
    for reading in readings(kept):
        segments = reading.replace("\\", "/").split("/")
        assert not {"", ".", ".."} & {segment.rstrip(" ") for segment in segments}
    assert not any(unicodedata.category(character) in {"Cc", "Cs"} for character in kept)


def readings(path: str) -> list[str]:
    decoded = unquoted(path)
    return [path, decoded, unicodedata.normalize("NFKC", decoded)]


def unquoted(path: str) -> str:
    for code in ("2e", "2E", "2f", "2F", "5c", "5C"):
        path = path.replace(f"%{code}", chr(int(code, 16)))
    return path


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=30))
def test_every_name_has_one_id_and_the_id_says_nothing(path: str) -> None:
    # A lone surrogate never comes so far.
    name: Any = "".join(character for character in path if unicodedata.category(character) != "Cs")
    found = file_id(ALICE, name)
    assert len(found) == 26
    assert found == quote(found)
    assert found != file_id("0" * 32, name)
