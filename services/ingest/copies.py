"""The copy of a file of the other region has arrived in this one's replica bucket."""

from services.drive import files
from services.drive.uploads import UploadState
from services.ingest.arrival import Arrival


class NotYetAVersion(Exception):
    """The copy is ahead of its version, which the other region is about to make: the event comes again."""


def note_copy(arrival: Arrival) -> None:
    """Record that a version's bytes lie in both regions. Raises UnknownUpload or NotYetAVersion."""
    upload = arrival.upload()
    if upload.state == UploadState.REJECTED:
        return
    version = upload.version and files.get_version(upload.user, upload.file, upload.version)
    if not version:
        raise NotYetAVersion(upload.id)
    # Replication keeps S3's version id; another one is a copy of bytes that were refused, or sent a second time.
    if version.s3_version == arrival.s3_version:
        files.mark_multi_region(upload.user, upload.file, version.id)
