"""Encryption on this side: what leaves for the offsite store can be read with the adopter's key and nothing else.

    SEAWALL1 | key id (8) | nonce (12) | wrapped data key (48) | chunk 0 | chunk 1 | …

Each object has its own data key, wrapped with the adopter's by AES-256-GCM. Chunks are AES-256-GCM with a counter as
nonce; the counter, whether it is the last one, and the object's name are authenticated, so that chunks can neither be
left out, swapped nor moved to another object (the STREAM construction; Hoang, Reyhanitabar, Rogaway, Vizár, 2015).
"""

import hashlib
import os
from collections.abc import Iterable, Iterator

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from services.drive.limits import OFFSITE_CHUNK

MAGIC = b"SEAWALL1"
KEY_BYTES = 32
NONCE_BYTES = 12
TAG_BYTES = 16
_HEADER_BYTES = len(MAGIC) + 8 + NONCE_BYTES + KEY_BYTES + TAG_BYTES


class DamagedError(Exception):
    """The bytes are not what was written: cut, altered, or another object's."""


class WrongKeyError(Exception):
    """The object was encrypted with another key; the message says which one is needed."""


def key_id(key: bytes) -> str:
    """Return the name of a key, to find the right one among several. Raises ValueError for a key of the wrong size."""
    if len(key) != KEY_BYTES:
        message = f"the key has {len(key)} bytes and needs {KEY_BYTES}"
        raise ValueError(message)
    return hashlib.sha256(b"seawall key id" + key).hexdigest()[:16]


def encrypt(pieces: Iterable[bytes], key: bytes, name: str) -> Iterator[bytes]:
    """Yield the encrypted form of `pieces` for the object `name`, in pieces."""
    identity, nonce, data_key = bytes.fromhex(key_id(key)), os.urandom(NONCE_BYTES), os.urandom(KEY_BYTES)
    yield MAGIC + identity + nonce + AESGCM(key).encrypt(nonce, data_key, name.encode())
    cipher = AESGCM(data_key)
    for number, chunk, is_last in _numbered(_cut(pieces, OFFSITE_CHUNK)):
        yield cipher.encrypt(_nonce(number), chunk, _context(name, number, is_last=is_last))


def decrypt(pieces: Iterable[bytes], key: bytes, name: str) -> Iterator[bytes]:
    """Yield what was encrypted for the object `name`. Raises WrongKeyError or DamagedError, even after some pieces."""
    stream = _Stream(pieces)
    header = stream.read(_HEADER_BYTES)
    if len(header) < _HEADER_BYTES or not header.startswith(MAGIC):
        raise DamagedError("this is no object of the offsite copy")
    identity, nonce = header[8:16].hex(), header[16:28]
    if identity != key_id(key):
        message = f"encrypted with key {identity}, not with {key_id(key)}"
        raise WrongKeyError(message)
    cipher = AESGCM(_open(AESGCM(key), nonce, header[28:], name.encode()))
    for number, chunk, is_last in _numbered(_cut(stream.rest(), OFFSITE_CHUNK + TAG_BYTES)):
        yield _open(cipher, _nonce(number), chunk, _context(name, number, is_last=is_last))


def _open(cipher: AESGCM, nonce: bytes, sealed: bytes, context: bytes) -> bytes:
    try:
        opened: bytes = cipher.decrypt(nonce, sealed, context)
    except (InvalidTag, ValueError) as error:  # ValueError: shorter than its tag
        raise DamagedError("cut, altered, or another object's") from error
    return opened


def _nonce(number: int) -> bytes:
    return number.to_bytes(NONCE_BYTES, "big")


def _context(name: str, number: int, *, is_last: bool) -> bytes:
    return f"{name}\0{number}\0{'last' if is_last else 'more'}".encode()


def _cut(pieces: Iterable[bytes], size: int) -> Iterator[bytes]:
    """Yield the same bytes in chunks of `size`; the last may be shorter, and is there even if it is empty."""
    waiting = bytearray()
    for piece in pieces:
        waiting += piece
        while len(waiting) > size:
            yield bytes(waiting[:size])
            del waiting[:size]
    yield bytes(waiting)


def _numbered(chunks: Iterator[bytes]) -> Iterator[tuple[int, bytes, bool]]:
    """Yield (number, chunk, whether it is the last)."""
    number, chunk = 0, next(chunks)
    for following in chunks:
        yield number, chunk, False
        number, chunk = number + 1, following
    yield number, chunk, True


class _Stream:
    """Pieces of which the first bytes can be taken off."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)
        self._waiting = b""

    def read(self, size: int) -> bytes:
        while len(self._waiting) < size and (piece := next(self._pieces, b"")):
            self._waiting += piece
        taken, self._waiting = self._waiting[:size], self._waiting[size:]
        return taken

    def rest(self) -> Iterator[bytes]:
        yield self._waiting
        yield from self._pieces
