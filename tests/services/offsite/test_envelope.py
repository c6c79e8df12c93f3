from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.drive.limits import OFFSITE_CHUNK
from services.offsite import envelope
from services.offsite.envelope import DamagedError, WrongKeyError

KEY = bytes(range(32))


def _seal(content: bytes, name: str = "objects/x") -> bytes:
    return b"".join(envelope.encrypt([content], KEY, name))


def _open(sealed: bytes, name: str = "objects/x", key: bytes = KEY) -> bytes:
    return b"".join(envelope.decrypt([sealed], key, name))


@pytest.mark.parametrize("size", [0, 1, OFFSITE_CHUNK - 1, OFFSITE_CHUNK, OFFSITE_CHUNK + 1, 3 * OFFSITE_CHUNK])
def test_what_is_encrypted_comes_back(size: int) -> None:
    content = bytes(range(256)) * (size // 256 + 1)
    assert _open(_seal(content[:size])) == content[:size]


@given(st.lists(st.binary(max_size=300), max_size=20), st.integers(1, 200))
def test_how_the_bytes_are_cut_on_their_way_does_not_matter(pieces: list[bytes], size: int) -> None:
    sealed = b"".join(envelope.encrypt(pieces, KEY, "x"))
    cut = [sealed[place : place + size] for place in range(0, len(sealed), size)]
    assert b"".join(envelope.decrypt(cut, KEY, "x")) == b"".join(pieces)


@given(st.integers(0, 200), st.integers(1, 255))
def test_one_changed_bit_anywhere_is_noticed(place: int, change: int) -> None:
    sealed = bytearray(_seal(b"x" * 60))
    sealed[place % len(sealed)] ^= change
    with pytest.raises((DamagedError, WrongKeyError)):
        _open(bytes(sealed))


@given(st.integers(1, 200))
def test_a_cut_off_end_is_noticed(cut: int) -> None:
    sealed = _seal(b"x" * 120)
    with pytest.raises(DamagedError):
        _open(sealed[:-cut])


def test_a_cut_off_end_is_noticed_even_between_two_chunks() -> None:
    sealed = _seal(bytes(2 * OFFSITE_CHUNK))
    with pytest.raises(DamagedError):
        _open(sealed[: -(OFFSITE_CHUNK + envelope.TAG_BYTES)])


def test_chunks_cannot_be_exchanged() -> None:
    sealed, size = _seal(bytes(3 * OFFSITE_CHUNK)), OFFSITE_CHUNK + envelope.TAG_BYTES
    header = len(sealed) - 3 * size
    first, second, third = (sealed[header + n * size : header + (n + 1) * size] for n in range(3))
    with pytest.raises(DamagedError):
        _open(sealed[:header] + second + first + third)


def test_one_object_cannot_be_passed_off_as_another() -> None:
    with pytest.raises(DamagedError):
        _open(_seal(b"mine", "objects/mine"), "objects/yours")


def test_the_message_says_which_key_is_needed() -> None:
    with pytest.raises(WrongKeyError, match=envelope.key_id(KEY)):
        _open(_seal(b"x"), key=bytes(32))


@pytest.mark.parametrize("size", [0, 16, 31, 33])
def test_a_key_of_another_size_is_refused(size: int) -> None:
    with pytest.raises(ValueError, match="needs 32"):
        envelope.key_id(bytes(size))


def test_the_same_content_never_looks_the_same() -> None:
    assert _seal(b"same") != _seal(b"same")


def test_a_large_object_passes_through_little_memory() -> None:
    largest = 0

    def pieces() -> Iterator[bytes]:
        for _ in range(64):
            yield bytes(OFFSITE_CHUNK)

    for piece in envelope.decrypt(envelope.encrypt(pieces(), KEY, "x"), KEY, "x"):
        largest = max(largest, len(piece))
    assert largest == OFFSITE_CHUNK
