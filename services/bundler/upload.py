"""The finished bundle on its way to S3: parts are sent while the next one is filled, and nothing else is kept."""

from collections import deque
from concurrent.futures import Executor, Future, wait
from io import BytesIO
from typing import TYPE_CHECKING

from aws_lambda_powertools import Logger
from botocore.exceptions import BotoCoreError, ClientError

from services.bundler.waiting import Check, result
from services.drive.limits import GIVE_UP_WITHIN, PART_BYTES, UPLOADS_IN_FLIGHT

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_s3.type_defs import CompletedPartTypeDef

logger = Logger(service="bundler")


class MultipartUpload:
    """A multipart upload that is written like a file. Nothing is visible under its key before `complete` returned.

    Memory: UPLOADS_IN_FLIGHT + 1 parts of PART_BYTES. Writing raises what S3 raised for an earlier part, or `check`.
    """

    def __init__(self, s3: "S3Client", bucket: str, key: str, senders: Executor, check: Check) -> None:
        self.size = 0
        self._s3, self._bucket, self._key, self._senders, self._check = s3, bucket, key, senders, check
        self._free = [BytesIO() for _ in range(UPLOADS_IN_FLIGHT + 1)]
        self._part = self._free.pop()
        self._sending: deque[Future[tuple[BytesIO, CompletedPartTypeDef]]] = deque()
        self._parts: list[CompletedPartTypeDef] = []
        self._id = s3.create_multipart_upload(
            Bucket=bucket,
            Key=key,
            ContentType="application/zip",
            ContentDisposition='attachment; filename="files.zip"',
            # A key is written once, so whoever has a link may keep what it got.
            CacheControl="private, max-age=31536000, immutable",
            ChecksumAlgorithm="CRC32",
        )["UploadId"]

    def write(self, data: bytes, /) -> int:
        """Take all of `data`; waits while every buffer is on its way."""
        rest = memoryview(data)
        while rest:
            taken = self._part.write(rest[: PART_BYTES - self._part.tell()])
            rest = rest[taken:]
            if self._part.tell() == PART_BYTES:
                self._send()
        self.size += len(data)
        return len(data)

    def complete(self) -> None:
        """Send the rest and make the object visible."""
        if self._part.tell():
            self._send()
        while self._sending:
            self._settle()
        self._s3.complete_multipart_upload(
            Bucket=self._bucket, Key=self._key, UploadId=self._id, MultipartUpload={"Parts": self._parts}
        )

    def give_up(self) -> None:
        """Leave nothing behind in S3. Never raises: what cannot be removed now, the bucket's lifecycle rule removes."""
        for future in self._sending:
            future.cancel()
        # A part that arrives after the upload was aborted would stay, and be paid for.
        wait(self._sending, timeout=GIVE_UP_WITHIN)
        abort(self._s3, self._bucket, self._key, self._id)

    def _send(self) -> None:
        number = len(self._parts) + len(self._sending) + 1
        self._sending.append(self._senders.submit(self._send_part, number, self._part))
        if not self._free:
            self._settle()
        self._part = self._free.pop()

    def _settle(self) -> None:
        buffer, part = result(self._sending.popleft(), self._check)
        self._parts.append(part)
        buffer.seek(0)
        buffer.truncate()
        self._free.append(buffer)

    def _send_part(self, number: int, buffer: BytesIO) -> "tuple[BytesIO, CompletedPartTypeDef]":
        buffer.seek(0)
        answer = self._s3.upload_part(
            Bucket=self._bucket,
            Key=self._key,
            UploadId=self._id,
            PartNumber=number,
            Body=buffer,
            ChecksumAlgorithm="CRC32",
        )
        return buffer, {"PartNumber": number, "ETag": answer["ETag"], "ChecksumCRC32": answer["ChecksumCRC32"]}


def abort(s3: "S3Client", bucket: str, key: str, upload_id: str) -> None:
    """Abort one upload; never raises."""
    try:
        s3.abort_multipart_upload(Bucket=bucket, Key=key, UploadId=upload_id)
    except (ClientError, BotoCoreError) as error:
        logger.warning("an upload could not be aborted: the lifecycle rule will", reason=str(error))


def abort_others(s3: "S3Client", bucket: str, prefix: str) -> None:
    """Abort every upload under `prefix`: what a lost worker left, or is still writing.

    This fences off a worker that lost its lease without noticing: S3 refuses to complete an aborted upload.
    """
    for upload in s3.list_multipart_uploads(Bucket=bucket, Prefix=prefix).get("Uploads", []):
        abort(s3, bucket, upload["Key"], upload["UploadId"])
