"""Uploads: files that were announced and whose bytes are on their way, straight from the client to S3.

OPEN → COMMITTED → DONE (a version was added) or REJECTED (the bytes are not what was announced)
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from services.drive import records
from services.drive.environment import here
from services.drive.files import ObjectName, attributes, file_id, known, version_id
from services.drive.records import ABSENT, Item, key


class UploadState(StrEnum):
    OPEN = "OPEN"
    COMMITTED = "COMMITTED"
    DONE = "DONE"
    REJECTED = "REJECTED"


@dataclass(frozen=True)
class Upload:
    """An announced file: `size` in bytes, `sha256` the composite in hex, times in milliseconds."""

    user: str
    id: str
    path: str
    size: int
    sha256: str
    region: str
    bucket: str
    key: str
    accepted_at: int
    request: str
    state: UploadState = UploadState.OPEN
    committed_at: int | None = None
    reason: str | None = None

    @property
    def file(self) -> str:
        """The id of the file that this upload is for."""
        return file_id(self.user, self.path)

    @property
    def version(self) -> str | None:
        """The id of the version that it becomes, known from the commit on."""
        return None if self.committed_at is None else version_id(self.committed_at, self.id)

    def name_in(self, region: str) -> ObjectName:
        """Return the name of its object, should the client send the bytes to `region`."""
        return ObjectName(region, self.user, self.file, self.id)


def upload_id(user: str, idempotency_key: str) -> str:
    """Return the id of an upload: a repeated request meets the first one's record, in either region."""
    return hashlib.sha256("\0".join([user, "upload", idempotency_key]).encode()).hexdigest()[:32]


def open_upload(upload: Upload) -> Upload:
    """Record an announced upload, or return the one that an earlier request with the same key recorded."""
    item = {**_upload_key(upload.user, upload.id), **attributes(upload, "user", "id")}
    if records.insert(here.drive_table, item):
        return upload
    return get_upload(upload.user, upload.id) or upload


def get_upload(user: str, upload: str) -> Upload | None:
    """Return a user's upload, or None: also when it is somebody else's."""
    item = records.get(here.drive_table, _upload_key(user, upload))
    return _upload(user, upload, item) if item else None


def s3_upload(upload: Upload, region: str, start: Callable[[], str], abort: Callable[[str], None]) -> str:
    """Return the id of the S3 multipart upload in `region`; the first call starts it.

    The record comes first: a crash in between leaves a multipart upload that S3's lifecycle rule ends, never a client
    with links that lead nowhere.
    """
    known = known_s3_upload(upload, region)
    if known:
        return known
    started = start()
    attribute = _s3_upload(region)
    upload_key = _upload_key(upload.user, upload.id)
    if records.change(here.drive_table, upload_key, expect={attribute: ABSENT}, put={attribute: started}):
        return started
    abort(started)
    return known_s3_upload(upload, region) or started


def known_s3_upload(upload: Upload, region: str) -> str | None:
    """Return the id of the S3 multipart upload that was started in `region`, if one was."""
    item = records.get(here.drive_table, _upload_key(upload.user, upload.id)) or {}
    found = item.get(_s3_upload(region))
    return None if found is None else str(found)


def commit_upload(upload: Upload, at: int) -> Upload:
    """Record that the client has sent everything, at `at` milliseconds; a repetition keeps the first moment."""
    put = {"state": UploadState.COMMITTED.value, "committed_at": at}
    expect = {"state": UploadState.OPEN.value, "committed_at": ABSENT}
    upload_key = _upload_key(upload.user, upload.id)
    item = records.change(here.drive_table, upload_key, expect=expect, put=put)
    item = item or records.get(here.drive_table, upload_key)
    return _upload(upload.user, upload.id, item) if item else upload


def finish_upload(upload: Upload) -> None:
    """Record that the upload has become a version."""
    _end_upload(upload, {"state": UploadState.DONE.value})


def reject_upload(upload: Upload, reason: str) -> None:
    """Record that the bytes are not what was announced; `reason` is a sentence for the user."""
    _end_upload(upload, {"state": UploadState.REJECTED.value, "reason": reason})


def _end_upload(upload: Upload, put: Item) -> None:
    for state in (UploadState.COMMITTED, UploadState.OPEN):
        if records.change(
            here.drive_table, _upload_key(upload.user, upload.id), expect={"state": state.value}, put=put
        ):
            return


def _upload_key(user: str, upload: str) -> records.Key:
    return key(f"USER#{user}", f"UPLOAD#{upload}")


def _s3_upload(region: str) -> str:
    return f"s3_upload_{region}"


def _upload(user: str, upload: str, item: Item) -> Upload:
    return Upload(**known(Upload, item) | {"user": user, "id": upload, "state": UploadState(item["state"])})
