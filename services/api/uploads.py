"""Announcing and committing an upload. The bytes go straight from the client to S3, checked part by part there.

An upload that was announced in one region can be announced again, with the same key, in the other one: it then may be
sent to either. Whichever bytes arrive first make the version, and they are the same bytes, since their checksums are.
"""

import base64
from typing import Any

from botocore.exceptions import ClientError

from services.api import admission
from services.api.answers import moment
from services.api.bodies import Body, listed, matching, sha256, text, whole_number
from services.api.errors import Problem, bad_request, conflict, key_reused, not_found
from services.api.paths import normalize
from services.drive import aws, clock, orders, uploads
from services.drive.environment import here
from services.drive.files import ObjectName, composite, file_id, part_count
from services.drive.limits import (
    LARGEST_FILE,
    LONGEST_PATH,
    MOST_PARTS,
    PART_BYTES,
    PART_LINKS,
    UPLOAD_LIFE,
    UPLOAD_LINK_LIFE,
    scaled,
)
from services.drive.uploads import Upload, UploadState

Part = dict[str, Any]


def announce(user: str, key: str, body: Body, first_part: int) -> dict[str, Any]:
    """Return the answer to an announced upload: where to send its parts, from number `first_part` on."""
    path = normalize(text(body, "path", longest=LONGEST_PATH))
    size = whole_number(body["size"], "size", lowest=0, highest=LARGEST_FILE)
    content = sha256(body["sha256"], "sha256")
    parts = [sha256(part, f"parts[{index}]") for index, part in enumerate(listed(body, "parts", longest=MOST_PARTS))]
    _check_parts(size, content, parts)
    if first_part > len(parts):
        raise bad_request(f"The parameter first_part must not be greater than the number of parts, {len(parts)}.")
    upload = uploads.get_upload(user, uploads.upload_id(user, key))
    if upload is None:
        admission.admit_upload()
        upload = uploads.open_upload(_announced(user, key, path, size, content))
    if upload.request != _request(path, size, content):
        raise key_reused()
    if clock.age(upload.accepted_at) > scaled(UPLOAD_LIFE):
        raise Problem(410, "upload-expired", "This upload was announced too long ago: start again with a new key.")
    return _answer(upload, parts, first_part)


def commit(user: str, upload_id: str, body: Body) -> dict[str, Any]:
    """Return the answer to a client that says it has sent everything."""
    upload = uploads.get_upload(user, upload_id)
    if upload is None:
        raise not_found("You have no upload with this id.")
    parts = _sent_parts(listed(body, "parts", longest=MOST_PARTS))
    _check_parts(upload.size, upload.sha256, [part["sha256"] for part in parts])
    if upload.state == UploadState.REJECTED:
        raise Problem(422, "upload-rejected", upload.reason or "The bytes were not what was announced.")
    if upload.state == UploadState.OPEN:
        _complete(upload, parts)
        upload = uploads.commit_upload(upload, clock.milliseconds())
    return {"upload": upload.id, "file": upload.file, "version": upload.version}


def _check_parts(size: int, content: str, parts: list[str]) -> None:
    expected = part_count(size)
    if len(parts) != expected:
        raise bad_request(f"A file of {size} bytes has {expected} parts of {PART_BYTES} bytes, not {len(parts)}.")
    if composite(parts) != content:
        raise bad_request("The member sha256 must be the SHA-256 over the binary SHA-256s of the parts, and it is not.")


def _request(path: str, size: int, content: str) -> str:
    return orders.request_hash({"path": path, "size": size, "sha256": content})


def _announced(user: str, key: str, path: str, size: int, content: str) -> Upload:
    upload_id = uploads.upload_id(user, key)
    region = here.aws_region
    return Upload(
        user=user,
        id=upload_id,
        path=path,
        size=size,
        sha256=content,
        region=region,
        bucket=here.files_bucket,
        key=ObjectName(region, user, file_id(user, path), upload_id).key,
        accepted_at=clock.milliseconds(),
        request=_request(path, size, content),
    )


def _answer(upload: Upload, parts: list[str], first_part: int) -> dict[str, Any]:
    wanted = list(enumerate(parts, 1))[first_part - 1 : first_part - 1 + PART_LINKS]
    alternate: dict[str, Any] = {"region": here.peer_region}
    if len(parts) == 1:
        links = [_whole(upload, here.aws_region, here.files_bucket, parts[0])]
        alternate["parts"] = [_whole(upload, here.peer_region, here.peer_files_bucket, parts[0])]
    else:
        s3_upload = _s3_upload(upload)
        links = [_part(upload, s3_upload, number, checksum) for number, checksum in wanted]
    answer = {
        "upload": upload.id,
        "file": upload.file,
        "region": here.aws_region,
        "part_bytes": PART_BYTES,
        "parts": links,
        "alternate": alternate,
        "expires_at": moment(upload.accepted_at + UPLOAD_LIFE * 1000),
    }
    following = first_part + len(links)
    return answer | ({"next_part": following} if following <= len(parts) else {})


def _whole(upload: Upload, region: str, bucket: str, checksum: str) -> Part:
    parameters = {
        "Bucket": bucket,
        "Key": upload.name_in(region).key,
        "ContentLength": upload.size,
        "ChecksumSHA256": _base64(checksum),
    }
    return _link("put_object", region, parameters, 1, checksum)


def _part(upload: Upload, s3_upload: str, number: int, checksum: str) -> Part:
    parameters = {
        "Bucket": here.files_bucket,
        "Key": upload.name_in(here.aws_region).key,
        "UploadId": s3_upload,
        "PartNumber": number,
        "ChecksumSHA256": _base64(checksum),
    }
    return _link("upload_part", here.aws_region, parameters, number, checksum)


def _link(operation: str, region: str, parameters: dict[str, Any], number: int, checksum: str) -> Part:
    # Signing covers the checksum, so this link takes these bytes and no others; it calls nobody.
    url = aws.client("s3", region).generate_presigned_url(
        operation, Params=parameters, ExpiresIn=max(1, int(scaled(UPLOAD_LINK_LIFE)))
    )
    return {"number": number, "url": url, "headers": {"x-amz-checksum-sha256": _base64(checksum)}}


def _s3_upload(upload: Upload) -> str:
    """Return the id of the S3 upload in this region, starting one if need be."""
    s3, bucket, key = aws.client("s3"), here.files_bucket, upload.name_in(here.aws_region).key

    def start() -> str:
        answer = s3.create_multipart_upload(
            Bucket=bucket, Key=key, ChecksumAlgorithm="SHA256", ChecksumType="COMPOSITE"
        )
        return answer["UploadId"]

    def abort(started: str) -> None:
        s3.abort_multipart_upload(Bucket=bucket, Key=key, UploadId=started)

    return uploads.s3_upload(upload, here.aws_region, start, abort)


def _sent_parts(parts: list[Any]) -> list[Part]:
    sent = []
    for index, part in enumerate(parts):
        if not isinstance(part, dict) or part.keys() != {"number", "etag", "sha256"}:
            raise bad_request(f"The member parts[{index}] must be an object with number, etag and sha256.")
        if whole_number(part["number"], f"parts[{index}].number", lowest=1, highest=MOST_PARTS) != index + 1:
            raise bad_request("The parts must be listed in the order of their numbers, from 1 on, each once.")
        etag = matching(part, "etag", r'"?[0-9A-Za-z-]{1,64}"?', "the ETag that S3 answered")
        sent.append({"number": index + 1, "etag": etag, "sha256": sha256(part["sha256"], f"parts[{index}].sha256")})
    return sent


def _complete(upload: Upload, parts: list[Part]) -> None:
    """Let S3 put the parts together; an earlier attempt may have done so and lost its answer."""
    s3_upload = uploads.known_s3_upload(upload, here.aws_region)
    if s3_upload is None:
        _must_be_there(upload)
        return
    listing: Any = [
        {"PartNumber": part["number"], "ETag": part["etag"], "ChecksumSHA256": _base64(part["sha256"])}
        for part in parts
    ]
    try:
        aws.client("s3").complete_multipart_upload(
            Bucket=here.files_bucket,
            Key=upload.name_in(here.aws_region).key,
            UploadId=s3_upload,
            MultipartUpload={"Parts": listing},
        )
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code == "NoSuchUpload":
            _must_be_there(upload)
            return
        if code in {"InvalidPart", "InvalidPartOrder", "EntityTooSmall", "BadDigest", "InvalidRequest"}:
            raise conflict(
                "S3 does not hold all these parts: send those that are missing, then commit again."
            ) from None
        raise


def _must_be_there(upload: Upload) -> None:
    try:
        aws.client("s3").head_object(Bucket=here.files_bucket, Key=upload.name_in(here.aws_region).key)
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] != 404:
            raise
        raise conflict(
            f"Nothing of this upload has arrived in {here.aws_region}: send it, or commit it where it was sent."
        ) from None


def _base64(sha256_hex: str) -> str:
    return base64.b64encode(bytes.fromhex(sha256_hex)).decode()
