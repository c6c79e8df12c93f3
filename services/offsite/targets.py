"""Where a drive is rebuilt: an empty bucket and table anywhere, or a folder on a disk."""

import base64
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol
from urllib.parse import quote

from services.drive import aws
from services.drive.environment import here
from services.drive.files import BEATS
from services.offsite import streams

BEAT_ITEMS = "HEARTBEAT#"
"""Begins the keys of the regions' heartbeats in the table (services/switch/gauge.py)."""
FEW = 10
"""More than there are regions: among so many things one is no heartbeat, unless there are only heartbeats."""


class NotEmptyError(Exception):
    """The target already holds something, which a restore would mix with the copy."""


class Target(Protocol):
    """Takes files and items. `place` is what an item says about where its file is now."""

    def check_empty(self) -> None:
        """Raise NotEmptyError."""

    def put_file(self, key: str, number: int, pieces: Iterable[bytes]) -> dict[str, str]:
        """Write a version of a file, the `number`th under its key; return its place."""

    def put_item(self, item: dict[str, Any]) -> None:
        """Write an item in DynamoDB's typed form."""

    def close(self) -> None:
        """Finish what is still open."""


@dataclass(frozen=True)
class Cloud:
    """A versioned bucket and a table, at Amazon or wherever AWS_ENDPOINT_URL_S3 and AWS_ENDPOINT_URL_DYNAMODB point."""

    bucket: str
    table: str

    def check_empty(self) -> None:
        # A drive that was just deployed writes heartbeats already, one for each region.
        listed = aws.client("s3").list_objects_v2(Bucket=self.bucket, MaxKeys=FEW).get("Contents", [])
        if any(not found["Key"].startswith(BEATS) for found in listed):
            message = f"bucket {self.bucket} is not empty"
            raise NotEmptyError(message)
        read = aws.client("dynamodb").scan(TableName=self.table, Limit=FEW)["Items"]
        if any(not item["pk"]["S"].startswith(BEAT_ITEMS) for item in read):
            message = f"table {self.table} is not empty"
            raise NotEmptyError(message)

    def put_file(self, key: str, number: int, pieces: Iterable[bytes]) -> dict[str, str]:
        del number  # the bucket keeps versions itself
        # Same parts as the original upload, so that the composite SHA-256 is again the id of the content.
        version = streams.upload(aws.client("s3"), self.bucket, key, pieces, ChecksumAlgorithm="SHA256")
        return {"region": here.aws_region, "bucket": self.bucket, "key": key, "s3_version": version or ""}

    def put_item(self, item: dict[str, Any]) -> None:
        aws.client("dynamodb").put_item(TableName=self.table, Item=_with_bytes(item))

    def close(self) -> None:
        return


def _with_bytes(value: Any) -> Any:
    """Return a value of an export as the SDK wants it: exports hold binary values in base64, the SDK encodes them."""
    if isinstance(value, list):
        return [_with_bytes(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    match value:
        case {"B": str(one), **others} if not others:
            return {"B": base64.b64decode(one)}
        case {"BS": [*several], **others} if not others:
            return {"BS": [base64.b64decode(one) for one in several]}
    return {name: _with_bytes(inner) for name, inner in value.items()}


class Folder:
    """A directory: `files/` with the files, `catalogue.jsonl` with the items. Needs no provider at all."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._catalogue: IO[str] | None = None

    def check_empty(self) -> None:
        if self._path.exists() and any(self._path.iterdir()):
            message = f"{self._path} is not empty"
            raise NotEmptyError(message)

    def put_file(self, key: str, number: int, pieces: Iterable[bytes]) -> dict[str, str]:
        # Quoted, and without dots alone: a key can be any text, and must not lead out of the folder.
        safe = [
            quote(part, safe="").replace(".", "%2E") if set(part) <= {"."} else quote(part, safe="")
            for part in key.split("/")
        ]
        path = self._path.joinpath("files", *(part or "%2F" for part in safe))
        path = path.with_name(f"{path.name}.v{number}")
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_name(f"{path.name}.part")
        try:
            with unfinished.open("wb") as out:
                for piece in pieces:
                    out.write(piece)
            unfinished.rename(path)
        finally:
            unfinished.unlink(missing_ok=True)
        relative = path.relative_to(self._path).as_posix()
        return {"region": "folder", "bucket": "files", "key": relative, "s3_version": str(number)}

    def put_item(self, item: dict[str, Any]) -> None:
        if self._catalogue is None:
            self._path.mkdir(parents=True, exist_ok=True)
            self._catalogue = (self._path / "catalogue.jsonl").open("w", encoding="utf-8")
        self._catalogue.write(json.dumps(item, sort_keys=True) + "\n")

    def close(self) -> None:
        if self._catalogue:
            self._catalogue.close()
