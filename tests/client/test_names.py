"""Names decide neither what is read nor where something is written."""

import unicodedata
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from client.errors import Mistake
from client.names import check_path, local_path, shown
from services.api.errors import Problem
from services.api.paths import normalize

PIECES = st.sampled_from(
    [
        "a",
        "é",
        "e\u0301",
        "..",
        ".",
        "/",
        "\\",
        "%2e",
        "%2F",
        "%5c",
        " ",
        "\u00a0",
        "\x00",
        "\x1b[31m",
        "\u202e",
        "\ud800",
        "C:",
        "\uff0e\uff0e",
        "\uff0f",
        "x" * 600,
        "con",
        "\u2028",
        "🎵",
        "...",
    ]
)
NAMES = st.one_of(st.text(), st.lists(PIECES, max_size=6).map("".join))


@given(name=NAMES)
@example("")
@example("a//b")
@example("../x")
@settings(max_examples=500)
def test_the_client_takes_the_paths_that_the_drive_takes(name: str) -> None:
    try:
        wanted = normalize(name)
    except Problem:
        with pytest.raises(Mistake):
            check_path(name)
    else:
        assert check_path(name) == wanted


@given(name=NAMES, below=st.sampled_from(["", "a/", "../", "/"]))
@settings(max_examples=500)
def test_no_name_leads_out_of_the_folder(name: str, below: str) -> None:
    folder = Path("/tmp/some/folder")  # noqa: S108 - nothing is written
    try:
        path = local_path(folder, name, below=below)
    except Mistake:
        return
    assert path != folder
    assert ".." not in path.parts
    assert path.is_relative_to(folder)


@pytest.mark.parametrize("name", ["CON", "a/nul.txt", "a:stream", "../a", "/etc/passwd", "a/../../b", "x" * 256])
def test_names_that_other_systems_misunderstand_are_refused(name: str) -> None:
    with pytest.raises(Mistake, match="name"):
        local_path(Path(), f"b/{name}", below="b/")


def test_a_link_inside_the_folder_leads_nowhere_else(tmp_path: Path) -> None:
    (tmp_path / "to").mkdir()
    (tmp_path / "to" / "out").symlink_to(tmp_path)
    with pytest.raises(Mistake):
        local_path(tmp_path / "to", "a/out/b", below="a/")


@given(name=st.text())
def test_what_is_shown_disturbs_no_terminal(name: str) -> None:
    assert not any(unicodedata.category(character) in {"Cc", "Cs"} for character in shown(name))
