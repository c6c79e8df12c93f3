"""The largest bundle that is promised: 2 000 files and 5 GB, in a process whose memory is watched."""

import base64
import json
import os
import subprocess
import sys
import zipfile
import zlib
from io import SEEK_CUR, SEEK_END, BytesIO
from pathlib import Path
from typing import Any

from tests.services.bundler.build_big_bundle import BYTES, FILES, LARGE, PATTERN, SMALL
from tests.services.conftest import environment

LARGEST_PEAK = 200
"""Megabytes."""


class TailOnly(BytesIO):
    """A file of which only the end is known; reading anything else fails."""

    def __init__(self, tail: bytes, size: int) -> None:
        super().__init__(tail)
        self._before = size - len(tail)

    def seek(self, offset: int, whence: int = 0) -> int:
        if whence in (SEEK_END, SEEK_CUR):
            return super().seek(offset, whence) + self._before
        return super().seek(offset - self._before) + self._before

    def tell(self) -> int:
        return super().tell() + self._before


def test_two_thousand_files_and_five_gigabytes_become_a_valid_zip_within_200_megabytes() -> None:
    built = _build()  # once: it takes a while, and tests that run beside each other share nothing

    assert built["peak_megabytes"] < LARGEST_PEAK
    assert built["sent"] == built["size"] > BYTES
    members = zipfile.ZipFile(TailOnly(base64.b64decode(built["tail"]), built["size"])).infolist()
    large, *small = members
    assert len({member.filename for member in members}) == FILES
    assert [member.file_size for member in members] == [LARGE] + [SMALL] * (FILES - 1)
    assert [member.header_offset for member in members] == built["headers"]
    assert small[0].header_offset > 2**32
    assert [large.CRC, *{member.CRC for member in small}] == [_checksum(LARGE), _checksum(SMALL)]


def _build() -> Any:
    process = subprocess.run(
        [sys.executable, "-m", "tests.services.bundler.build_big_bundle"],
        cwd=Path(__file__).parents[3],
        env={**os.environ, **environment("us-west-2")},
        stdout=subprocess.PIPE,
        check=True,
        timeout=300,
    )
    return json.loads(process.stdout)


def _checksum(size: int) -> int:
    checksum = 0
    while size:
        piece = PATTERN[:size]
        checksum = zlib.crc32(piece, checksum)
        size -= len(piece)
    return checksum
