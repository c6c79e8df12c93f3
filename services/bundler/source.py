"""The content of a bundle's files, read from S3 in ranges and a few ranges ahead of the one that is being written."""

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Executor, Future
from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError

from services.bundler.waiting import Check, result
from services.drive import aws
from services.drive.environment import here
from services.drive.limits import BUNDLER_READ_TIMEOUT, READ_AHEAD, READ_BYTES
from services.drive.manifests import Entry

READ_ROUNDS = 2
"""The SDK repeats a request, but not the reading of an answer that breaks off: each place is asked so often."""


class SourceLost(Exception):
    """A file of the bundle is in none of its places, or is not what the manifest says."""


@dataclass(frozen=True)
class Range:
    """Bytes `first` to `last` (inclusive) of a file."""

    file: Entry
    first: int
    last: int

    @property
    def length(self) -> int:
        """Bytes."""
        return self.last - self.first + 1


@dataclass(frozen=True)
class Place:
    """Where a copy of a file is. Replication keeps key and version (Amazon S3, "What is replicated")."""

    region: str
    bucket: str


def ranges(file: Entry) -> list[Range]:
    """Return the ranges that make up a file: none for an empty one."""
    starts = range(0, file.size, READ_BYTES)
    return [Range(file, start, min(start + READ_BYTES, file.size) - 1) for start in starts]


def places(file: Entry) -> list[Place]:
    """Return both copies of a file, the one in this region first."""
    if file.region == here.aws_region:
        return [Place(here.aws_region, file.bucket), Place(here.peer_region, here.peer_replica_bucket)]
    return [Place(here.aws_region, here.replica_bucket), Place(file.region, file.bucket)]


def fetch(wanted: Range) -> bytes:
    """Return a range from the first place that has it.

    Raises SourceLost when it is not even where the file was written. Where only a copy is missing, which may be on its
    way, and the other region cannot be reached, raises what the other region's S3 raised.
    """
    failures: dict[Place, Exception] = {}
    for place in places(wanted.file) * READ_ROUNDS:
        try:
            return _fetch_from(place, wanted)
        except (ClientError, BotoCoreError, SourceLost) as failure:
            failures[place] = failure
    first = failures[Place(wanted.file.region, wanted.file.bucket)]
    if _is_gone(first):
        message = f"a file is gone, or changed: {first}"
        raise SourceLost(message) from first
    raise first


def read_ahead(wanted: Iterable[Range], readers: Executor, check: Check) -> Iterator[bytes]:
    """Yield the bytes of each range, in order, with READ_AHEAD of them under way; raises what `check` does."""
    pending: deque[Future[bytes]] = deque()
    try:
        for each in wanted:
            pending.append(readers.submit(fetch, each))
            if len(pending) >= READ_AHEAD:
                yield result(pending.popleft(), check)
        while pending:
            yield result(pending.popleft(), check)
    finally:
        for future in pending:
            future.cancel()


def _fetch_from(place: Place, wanted: Range) -> bytes:
    file = wanted.file
    answer = aws.client("s3", place.region, read_timeout=BUNDLER_READ_TIMEOUT).get_object(
        Bucket=place.bucket, Key=file.key, VersionId=file.version, Range=f"bytes={wanted.first}-{wanted.last}"
    )
    # Who answers with the whole file says nothing of a range, and may do so (RFC 9110, section 14.2).
    is_range = "ContentRange" in answer
    whole = int(answer["ContentRange"].rpartition("/")[2]) if is_range else answer["ContentLength"]
    if whole != file.size:
        message = f"a file has {whole} bytes where the manifest says {file.size}"
        raise SourceLost(message)
    content = answer["Body"].read()
    return content if is_range else content[wanted.first : wanted.last + 1]


def _is_gone(failure: Exception) -> bool:
    """Tell what will not get better: no such key or version, only a delete marker, or fewer bytes than were asked for.

    To those who may not list a bucket S3 says 403 instead of 404, which must not pass for a missing permission.
    """
    if isinstance(failure, ClientError):
        return failure.response["ResponseMetadata"]["HTTPStatusCode"] in {404, 405, 416}
    return isinstance(failure, SourceLost)
