"""The zip itself: readable everywhere, the same bytes each time, and safe to unpack."""

import io
import zipfile
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.bundler.archive import Member, names_inside, write_archive


class Pipe:
    """Takes bytes in order and can do nothing else, like an upload."""

    def __init__(self) -> None:
        self.received = bytearray()

    def write(self, data: bytes, /) -> int:
        self.received += data
        return len(data)


def _zip(*members: Member) -> bytes:
    pipe = Pipe()
    write_archive(pipe, members)
    return bytes(pipe.received)


def test_what_goes_in_comes_out() -> None:
    contents = {"plain.txt": b"text", "folder/öl.jpg": b"\xff" * 100_000, "empty": b""}
    written = _zip(*(Member(name, len(data), [data[:7], data[7:]]) for name, data in contents.items()))
    archive = zipfile.ZipFile(io.BytesIO(written))
    assert archive.testzip() is None
    assert {name: archive.read(name) for name in archive.namelist()} == contents


def test_the_same_files_make_the_same_bytes() -> None:
    assert _zip(Member("a", 1, [b"1"])) == _zip(Member("a", 1, [b"1"]))


def test_a_file_that_needs_it_is_written_in_zip64_form() -> None:
    written = _zip(Member("large", 2**32, [b"not really"]))  # its announced size decides, before it is known
    assert zipfile.ZipFile(io.BytesIO(written)).read("large") == b"not really"
    assert written[4:6] == (45).to_bytes(2, "little")


def test_nothing_follows_a_file_that_breaks_off() -> None:
    def breaks_off() -> Iterator[bytes]:
        yield b"beginning"
        raise OSError

    pipe = Pipe()
    with pytest.raises(OSError):  # noqa: PT011
        write_archive(pipe, [Member("a", 100, breaks_off())])
    assert b"PK\x01\x02" not in pipe.received


@pytest.mark.parametrize(
    ("path", "inside"),
    [
        ("../../etc/passwd", "etc/passwd"),
        ("/absolute", "absolute"),
        ("..", "_"),
        ("C:\\Windows\\x", "C__Windows_x"),
        ("tab\there", "tab_here"),
        ("what?.txt", "what_.txt"),
        ("folder./file. ", "folder/file"),
        ("e\u0301", "é"),
    ],
)
def test_a_path_cannot_leave_the_folder_it_is_unpacked_in(path: str, inside: str) -> None:
    assert names_inside([path]) == [inside]


@pytest.mark.parametrize(
    ("paths", "inside"),
    [
        (["a.txt", "a.txt", "a.txt"], ["a.txt", "a (2).txt", "a (3).txt"]),
        (["a.txt", "A.TXT"], ["a.txt", "A (2).TXT"]),
        (["a (2).txt", "a.txt", "a.txt"], ["a (2).txt", "a.txt", "a (3).txt"]),
        (["a", "a/b"], ["a (2)", "a/b"]),
        (["x/a.tar", "x/a.tar"], ["x/a.tar", "x/a (2).tar"]),
    ],
)
def test_two_files_never_unpack_to_the_same_place(paths: list[str], inside: list[str]) -> None:
    assert names_inside(paths) == inside


@given(st.lists(st.text(alphabet="aA/. \\é\u0301(2)", max_size=6), max_size=12))
def test_names_are_safe_and_distinct_whatever_the_paths_are(paths: list[str]) -> None:
    names = names_inside(paths)
    assert len({name.casefold() for name in names}) == len(paths)
    for name in names:
        assert name
        assert not name.startswith("/")
        assert ".." not in name.split("/")
        assert not any(other.casefold().startswith(f"{name}/".casefold()) for other in names)


def test_two_thousand_files_of_one_name_are_named_quickly() -> None:
    assert names_inside(["a"] * 2000)[-1] == "a (2000)"
