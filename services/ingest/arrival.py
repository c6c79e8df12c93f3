"""An object that S3 told of."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.drive import clock, files, uploads
from services.drive.environment import here
from services.drive.files import ObjectName
from services.drive.uploads import Upload


class UnknownUpload(Exception):
    """The object is ahead of its record, which comes from the other region: the event comes again."""


@dataclass(frozen=True)
class Arrival:
    """One version of an object in one of this region's buckets; `at` (milliseconds) is when it was complete."""

    name: ObjectName
    bucket: str
    s3_version: str
    at: int

    def upload(self) -> Upload:
        """Return the upload that announced it; raises UnknownUpload."""
        upload = uploads.get_upload(self.name.user, self.name.upload)
        if upload is None:
            raise UnknownUpload(self.name.upload)
        return upload


def read_event(event: Mapping[str, Any]) -> Arrival | None:
    """Return what an "Object Created" event of Amazon EventBridge tells; None if it is not about an upload of ours."""
    detail = event["detail"]
    bucket, name = detail["bucket"]["name"], files.parse_key(detail["object"]["key"])
    if name is None or bucket not in {here.files_bucket, here.replica_bucket}:
        return None
    return Arrival(name, bucket, detail["object"]["version-id"], _moment(event["time"]))


def _moment(time: str) -> int:
    # The event's time is cut to seconds. Its end, unless that is yet to come: of two uploads of one file, one committed
    # by its client and one by its event, the later one must win.
    second = datetime.fromisoformat(time).timestamp()
    return min(int(second * 1000) + 999, clock.milliseconds())
