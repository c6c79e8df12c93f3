"""Copies single objects into the offsite store and notes them in the chain."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aws_lambda_powertools import Logger
from botocore.exceptions import ClientError

from services.drive import aws
from services.drive.environment import here
from services.drive.files import BEATS
from services.offsite import chain, streams
from services.offsite.chain import Entry
from services.offsite.store import ABSENT, Store, stored_name

logger = Logger(service="offsite")

GONE = ABSENT | {"NoSuchVersion", "MethodNotAllowed", "405"}
"""Deleted for good, or a delete marker: there is nothing to copy any more."""

CATALOGUE = "catalogue/"
"""Exports of the table are kept under this, in EXPORT_BUCKET."""


@dataclass(frozen=True)
class Source:
    """One version of one object here."""

    bucket: str
    key: str
    version: str

    @classmethod
    def of_event(cls, event: Mapping[str, Any]) -> "Source":
        """Return what an "Object Created" event of S3 on EventBridge is about. Raises KeyError."""
        found = event["detail"]["object"]
        return cls(event["detail"]["bucket"]["name"], found["key"], found.get("version-id", ""))

    @property
    def name(self) -> str:
        return stored_name(self.bucket, self.key, self.version)

    @property
    def is_beat(self) -> bool:
        return self.key.startswith(BEATS)


def copy(store: Store, source: Source, after_part: Callable[[], None] = lambda: None) -> Entry | None:
    """Copy a version; return its entry for the chain. None if it is in the chain already, or gone."""
    if source.is_beat or store.has(f"done/{source.name}"):
        return None
    stored = f"objects/{source.name[:2]}/{source.name}"
    counted = _Counted(streams.download(aws.client("s3"), source.bucket, source.key, source.version or None))
    try:
        store.write(stored, counted, after_part)
    except ClientError as error:
        if error.response["Error"]["Code"] not in GONE or error.operation_name != "GetObject":
            raise
        logger.info("gone before it was copied", object=source.name)
        return None
    return Entry(
        kind="catalogue" if source.bucket == here.export_bucket else "file",
        bucket=source.bucket,
        key=source.key,
        version=source.version,
        size=counted.size,
        sha256=counted.sha256,
        stored=stored,
    )


def note(store: Store, entries: Sequence[Entry]) -> None:
    """Put entries into the chain, then mark them as done: a crash between the two leaves an entry twice, never none."""
    if not entries:
        return
    chain.append(store, entries)
    for entry in entries:
        store.write_new(f"done/{stored_name(entry.bucket, entry.key, entry.version)}", b"")


class _Counted:
    """Bytes on their way, counted and hashed."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = pieces
        self._digest = hashlib.sha256()
        self.size = 0

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._pieces:
            self._digest.update(piece)
            self.size += len(piece)
            yield piece

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()
