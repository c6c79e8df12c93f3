"""Objects of any size through little memory, from and into any S3-compatible store."""

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from services.drive.limits import OFFSITE_PART

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

READ_BYTES = 1024 * 1024


def download(client: "S3Client", bucket: str, key: str, version: str | None = None) -> Iterator[bytes]:
    """Yield an object's bytes in pieces. Raises ClientError."""
    which = {"VersionId": version} if version else {}
    body = client.get_object(Bucket=bucket, Key=key, **which)["Body"]  # type: ignore[arg-type]
    yield from body.iter_chunks(READ_BYTES)


def upload(
    client: "S3Client",
    bucket: str,
    key: str,
    pieces: Iterable[bytes],
    *,
    after_part: Callable[[], None] = lambda: None,
    **options: Any,
) -> str | None:
    """Write an object in parts of `OFFSITE_PART`; return its version, None where the store keeps none.

    Nothing is left behind by an upload that fails. `options` are those of CreateMultipartUpload; with a
    `ChecksumAlgorithm` even a small object is uploaded in parts, because the checksum of a whole is another one.
    """
    parts = _parts(pieces)
    first, second = next(parts), next(parts, None)
    if second is None and "ChecksumAlgorithm" not in options:
        return client.put_object(Bucket=bucket, Key=key, Body=first, **options).get("VersionId")
    upload_id = client.create_multipart_upload(Bucket=bucket, Key=key, **options)["UploadId"]
    where: dict[str, Any] = {"Bucket": bucket, "Key": key, "UploadId": upload_id}
    checksum = {"ChecksumAlgorithm": options["ChecksumAlgorithm"]} if "ChecksumAlgorithm" in options else {}
    sent_parts: list[Any] = []
    try:
        for number, part in enumerate(_joined(first, second, parts), start=1):
            sent: Any = client.upload_part(**where, PartNumber=number, Body=part, **checksum)
            kept = [name for name in ("ETag", "ChecksumSHA256") if name in sent]
            sent_parts.append({"PartNumber": number, **{name: sent[name] for name in kept}})
            after_part()
        done = client.complete_multipart_upload(**where, MultipartUpload={"Parts": sent_parts})
    except BaseException:
        client.abort_multipart_upload(**where)
        raise
    return done.get("VersionId")


def _joined(first: bytes, second: bytes | None, others: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    if second is not None:
        yield second
    yield from others


def _parts(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield parts of the size that S3 wants: all alike but the last, which is there even if it is empty."""
    waiting = bytearray()
    for piece in pieces:
        waiting += piece
        while len(waiting) > OFFSITE_PART:
            yield bytes(waiting[:OFFSITE_PART])
            del waiting[:OFFSITE_PART]
    yield bytes(waiting)
