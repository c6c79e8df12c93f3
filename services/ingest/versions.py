"""Bytes become a version of a file, or are refused."""

import base64
from dataclasses import dataclass

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import MetricUnit, single_metric
from botocore.exceptions import ClientError

from services.drive import aws, files, uploads
from services.drive.files import Durability, Version
from services.drive.uploads import Upload, UploadState
from services.ingest.arrival import Arrival

logger = Logger(service="ingest")


class OnlyCopyHere(Exception):
    """The object is surplus, but the one that made the version has not reached this region: the event comes again."""


@dataclass(frozen=True)
class _Found:
    """What S3 says about an object: its bytes, and the id of its content in hex if S3 knows it."""

    size: int
    content: str | None


def take(arrival: Arrival) -> None:
    """Make a version of bytes that are what was announced; refuse all others.

    The version comes before the current file, and the upload's end comes last: a crash in between leaves an upload
    that the repeated event completes. Raises UnknownUpload, OnlyCopyHere, files.Contended, or what AWS raised.
    """
    upload = arrival.upload()
    if upload.state == UploadState.REJECTED:  # the client was told; also right bytes come too late now
        _delete(arrival)
    elif upload.state == UploadState.DONE:
        _drop_if_surplus(upload, arrival)
    else:
        _judge(upload, arrival)


def _judge(upload: Upload, arrival: Arrival) -> None:
    found = _look(arrival.bucket, arrival.name.key, arrival.s3_version)
    if found is None:
        logger.warning("an object was gone before it could be checked", upload=upload.id)
        return
    reason = _difference(upload, found)
    if reason:
        _refuse(upload, arrival, reason)
        return
    upload = uploads.commit_upload(upload, arrival.at)
    version = _version(upload, arrival)
    added = files.add_version(version)
    files.make_current(version)
    uploads.finish_upload(upload)
    if not added:
        _drop_if_surplus(upload, arrival)


def _drop_if_surplus(upload: Upload, arrival: Arrival) -> None:
    """Delete the object if another one made the version.

    The client may have sent it twice, or to both regions: of the same bytes one copy is enough. Or it sent others
    afterwards, which nobody asked for. But whoever brings bytes back after a loss puts them before the record names
    them, and perhaps where a lost region's name stands in the key: what may be the only copy is never deleted. Nor is
    what a client sent again because the first region was being lost, until the first object's copy is here.
    """
    version = upload.version and files.get_version(upload.user, upload.file, upload.version)
    if not version:
        return
    named = (version.bucket, version.key, version.s3_version)
    if named == (arrival.bucket, arrival.name.key, arrival.s3_version):
        return
    if version.bucket == arrival.bucket:
        if _look(*named) is None:
            logger.warning("the object that a version names is gone; another of its upload is kept", upload=upload.id)
            return
    elif version.durability is not Durability.MULTI_REGION:
        raise OnlyCopyHere(upload.id)
    _delete(arrival)


def _version(upload: Upload, arrival: Arrival) -> Version:
    if upload.committed_at is None:
        message = "an upload that was just committed has no time of its commit"
        raise ValueError(message)
    return Version(
        user=upload.user,
        file=upload.file,
        path=upload.path,
        size=upload.size,
        sha256=upload.sha256,
        committed_at=upload.committed_at,
        upload=upload.id,
        region=arrival.name.region,
        bucket=arrival.bucket,
        key=arrival.name.key,
        s3_version=arrival.s3_version,
    )


def _refuse(upload: Upload, arrival: Arrival, reason: str) -> None:
    """The record comes before the deletion: bytes must not be gone while the client is told that all is well."""
    logger.warning("bytes are not what was announced", upload=upload.id)
    with single_metric(name="UploadsRejected", unit=MetricUnit.Count, value=1) as metric:
        metric.add_dimension(name="service", value="ingest")
    uploads.reject_upload(upload, reason)
    _delete(arrival)


def _look(bucket: str, key: str, s3_version: str) -> _Found | None:
    try:
        answer = aws.client("s3").get_object_attributes(
            Bucket=bucket,
            Key=key,
            VersionId=s3_version,
            ObjectAttributes=["Checksum", "ObjectSize"],
        )
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
            return None
        raise
    checksum = answer.get("Checksum", {})
    value = checksum.get("ChecksumSHA256")
    if value is None:
        return _Found(answer["ObjectSize"], None)
    sha256 = base64.b64decode(value.partition("-")[0]).hex()  # -N says from how many parts, where S3 says it
    is_composite = checksum.get("ChecksumType") == "COMPOSITE"
    return _Found(answer["ObjectSize"], sha256 if is_composite else files.composite([sha256]))


def _difference(upload: Upload, found: _Found) -> str | None:
    """Return, in a sentence for the user, how the bytes differ from what was announced."""
    if found.size != upload.size:
        return f"The upload was announced with {upload.size} bytes, and {found.size} arrived."
    if found.content is None:
        return "The bytes arrived without their SHA-256, so nobody could tell whether they are the right ones."
    if found.content != upload.sha256:
        return "The bytes that arrived are not those of the announced SHA-256."
    return None


def _delete(arrival: Arrival) -> None:
    aws.client("s3").delete_object(Bucket=arrival.bucket, Key=arrival.name.key, VersionId=arrival.s3_version)
