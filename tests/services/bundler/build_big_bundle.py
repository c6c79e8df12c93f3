"""Builds one bundle from generated files into a sink that keeps nothing but what a check of the zip needs.

Run by test_memory.py as a process of its own, so that its peak of memory is its own too. Prints a JSON object.
"""

import base64
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from hashlib import sha256, shake_256
from io import BytesIO
from pathlib import Path
from time import monotonic, process_time
from typing import Any
from unittest import mock

from services.bundler.bundle import write_bundle
from services.bundler.upload import MultipartUpload
from services.drive.limits import PART_BYTES, READ_AHEAD, READ_BYTES, UPLOADS_IN_FLIGHT
from services.drive.manifests import Entry

FILES = 2000
BYTES = 5_000_000_000
LARGE = 4_300_000_000
"""One file alone needs Zip64, and everything behind it lies beyond what 32 bits can address."""
SMALL = (BYTES - LARGE) // (FILES - 1)
TAIL = 1024 * 1024
LOCAL_HEADER = b"PK\x03\x04"
PATTERN = shake_256(b"2011").digest(READ_BYTES).replace(b"P", b"Q")
"""What every file consists of, again and again. Without a P, so that headers are found fast and none by mistake."""


class CountingS3:
    """Serves generated ranges; takes parts, in any order of their arrival, and forgets them."""

    def __init__(self, files: list[Entry]) -> None:
        self.sizes = {file.key: file.size for file in files}
        self.tails: dict[int, bytes] = {}
        self.lengths: dict[int, int] = {}
        self.headers: dict[int, list[int]] = {}

    def get_object(self, *, Key: str, Range: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        first, last = (int(number) for number in Range.removeprefix("bytes=").split("-"))
        whole = self.sizes[Key]
        return {"ContentRange": f"bytes {first}-{last}/{whole}", "Body": BytesIO(PATTERN[: last - first + 1])}

    def create_multipart_upload(self, **_: Any) -> dict[str, Any]:
        return {"UploadId": "upload"}

    def upload_part(self, *, PartNumber: int, Body: BytesIO, **_: Any) -> dict[str, Any]:  # noqa: N803
        self.headers[PartNumber] = []
        read, last, tail = 0, b"", b""
        while piece := Body.read(TAIL):  # as botocore reads it: a whole part would be a second buffer
            overlap = last[-3:]
            self.headers[PartNumber] += [read - len(overlap) + at for at in _local_headers(overlap + piece)]
            read, last, tail = read + len(piece), piece, (last + piece)[-TAIL:]
        self.lengths[PartNumber] = read
        self.tails[PartNumber] = tail
        self.tails.pop(PartNumber - 4, None)
        return {"ETag": str(PartNumber), "ChecksumCRC32": "unused"}

    def complete_multipart_upload(self, *, MultipartUpload: Any, **_: Any) -> None:  # noqa: N803
        assert [part["PartNumber"] for part in MultipartUpload["Parts"]] == sorted(self.lengths)

    def tail(self) -> bytes:
        return b"".join(self.tails[number] for number in sorted(self.tails)[-2:])[-TAIL:]

    def header_offsets(self) -> list[int]:
        return [(number - 1) * PART_BYTES + at for number in sorted(self.headers) for at in self.headers[number]]


def _local_headers(part: bytes) -> list[int]:
    places = []
    at = part.find(LOCAL_HEADER[:1])
    while at >= 0:
        if part.startswith(LOCAL_HEADER, at):
            places.append(at)
        at = part.find(LOCAL_HEADER[:1], at + 1)
    return places


def _entry(number: int, size: int) -> Entry:
    return Entry(f"album/{number:04}.bin", "us-west-2", "files-us-west-2", str(number), "1", size, _content_id(size))


def _content_id(size: int) -> str:
    full = sha256(PATTERN * (PART_BYTES // READ_BYTES)).digest() if size >= PART_BYTES else b""
    rest = size % PART_BYTES
    last = sha256((PATTERN * (rest // READ_BYTES + 1))[:rest]).digest() if rest else b""
    return sha256(full * (size // PART_BYTES) + last).hexdigest()


def _peak_megabytes() -> float:
    # Not getrusage, whose maximum counts the parent's memory from before the start.
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


def main() -> None:
    small = _entry(1, SMALL)
    others = [replace(small, name=f"album/{number:04}.bin", key=str(number)) for number in range(1, FILES)]
    files = [_entry(0, LARGE), *others]
    s3: Any = CountingS3(files)
    began = monotonic()
    with (
        ThreadPoolExecutor(READ_AHEAD) as readers,
        ThreadPoolExecutor(UPLOADS_IN_FLIGHT) as senders,
        mock.patch("services.drive.aws.client", return_value=s3),
    ):
        upload = MultipartUpload(s3, "bundles", "bundle.zip", senders, lambda: None)
        write_bundle(files, upload, readers, check=lambda: None, on_bytes=lambda _: None)
        upload.complete()
    seconds = monotonic() - began
    outcome = {
        "peak_megabytes": _peak_megabytes(),
        "processor_seconds": process_time(),
        "megabytes_per_second": BYTES / 1e6 / seconds,
        "size": upload.size,
        "sent": sum(s3.lengths.values()),
        "headers": s3.header_offsets(),
        "tail": base64.b64encode(s3.tail()).decode(),
    }
    json.dump(outcome, sys.stdout)


if __name__ == "__main__":
    main()
