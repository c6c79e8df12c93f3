"""The offsite store: a bucket at another provider, with its own credentials and the adopter's key.

objects/<2>/<hash>      encrypted files and exports; the name says nothing about what is in it
done/<hash>             written once the object's link is in the chain: a repeated event stops here
chain/<number>          see chain.py
"""

import base64
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from services.drive import aws
from services.drive.environment import here
from services.offsite import envelope, streams

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

TAKEN = {"PreconditionFailed", "ConditionalRequestConflict", "412", "409"}
ABSENT = {"NoSuchKey", "404", "NotFound"}


@dataclass(frozen=True)
class Store:
    """The offsite bucket. Everything written is encrypted for its name; everything read is checked."""

    client: "S3Client"
    bucket: str
    key: bytes

    def write(self, name: str, pieces: Iterable[bytes], after_part: Callable[[], None] = lambda: None) -> None:
        """Write an object of any size."""
        streams.upload(self.client, self.bucket, name, envelope.encrypt(pieces, self.key, name), after_part=after_part)

    def write_new(self, name: str, content: bytes) -> bytes | None:
        """Write a small object where there is none; return it as it is stored, None where there was one already.

        The store must support `If-None-Match` (Amazon S3, Cloudflare R2 and MinIO do).
        """
        sealed = b"".join(envelope.encrypt([content], self.key, name))
        try:
            self.client.put_object(Bucket=self.bucket, Key=name, Body=sealed, IfNoneMatch="*")
        except ClientError as error:
            if error.response["Error"]["Code"] not in TAKEN:
                raise
            return None
        return sealed

    def read(self, name: str) -> Iterator[bytes]:
        """Yield an object. Raises FileNotFoundError, DamagedError or WrongKeyError, possibly after some pieces."""
        yield from envelope.decrypt(self._sealed(name), self.key, name)

    def read_sealed(self, name: str) -> bytes:
        """Return a small object as it is stored. Raises FileNotFoundError."""
        return b"".join(self._sealed(name))

    def has(self, name: str) -> bool:
        """Return whether there is such an object."""
        try:
            self.client.head_object(Bucket=self.bucket, Key=name)
        except ClientError as error:
            if error.response["Error"]["Code"] not in ABSENT:
                raise
            return False
        return True

    def names(self, prefix: str, most: int | None = None) -> Iterator[str]:
        """Yield the names of objects in the order of their characters."""
        pages = self.client.get_paginator("list_objects_v2").paginate(
            Bucket=self.bucket, Prefix=prefix, PaginationConfig={"MaxItems": most} if most else {}
        )
        for page in pages:
            yield from (found["Key"] for found in page.get("Contents", []))

    def _sealed(self, name: str) -> Iterator[bytes]:
        try:
            yield from streams.download(self.client, self.bucket, name)
        except ClientError as error:
            if error.response["Error"]["Code"] in ABSENT:
                raise FileNotFoundError(name) from error
            raise


def configured() -> Store:
    """Return the store that this process is to write to. Raises ValueError for a key of the wrong size."""
    secrets = aws.client("secretsmanager")
    credentials = json.loads(secrets.get_secret_value(SecretId=here.offsite_credentials_secret)["SecretString"])
    key = base64.b64decode(secrets.get_secret_value(SecretId=here.offsite_key_secret)["SecretString"])
    envelope.key_id(key)
    client = aws.store_elsewhere(here.offsite_endpoint, credentials["access_key"], credentials["secret_key"])
    return Store(client, here.offsite_bucket, key)


def stored_name(bucket: str, key: str, version: str) -> str:
    """Return under which hash an object is stored: the same for the same version of the same object."""
    return hashlib.sha256(f"{bucket}\0{key}\0{version}".encode()).hexdigest()
