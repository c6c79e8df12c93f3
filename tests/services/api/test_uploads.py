"""Bytes go straight to S3, by links that take these bytes and no others."""

import base64
from typing import Any
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest
import requests
from botocore.exceptions import ClientError

from services.drive import aws, uploads
from services.drive.files import composite, parse_key
from services.drive.limits import MOST_PARTS, PART_BYTES, PART_LINKS, UPLOAD_LIFE
from tests.services.api.conftest import ALICE, Answer, Api, announcement, digest, refuses
from tests.services.conftest import REGIONS, Time

HERE, PEER = REGIONS
LARGE = (b"x" * PART_BYTES, b"bytes")


def announce(api: Api, *parts: bytes, key: str = "k") -> Any:
    return api.post("/v1/uploads", announcement("notes.txt", *parts), key=key).body


def send(parts: list[dict[str, Any]], *contents: bytes) -> list[dict[str, Any]]:
    """Send bytes as a client does; return what it commits."""
    sent = []
    for part, content in zip(parts, contents, strict=True):
        answer = requests.put(part["url"], data=content, headers=part["headers"], timeout=5)
        assert answer.status_code == 200, answer.text
        sent.append({"number": part["number"], "etag": answer.headers["ETag"], "sha256": digest(content)})
    return sent


def commit(api: Api, upload: str, parts: list[dict[str, Any]]) -> Answer:
    return api.post(f"/v1/uploads/{upload}/commit", {"parts": parts})


@pytest.mark.parametrize("parts", [(b"",), (b"bytes",), LARGE], ids=["empty", "small", "large"])
def test_what_was_sent_is_there_after_the_commit(api: Api, parts: tuple[bytes, ...]) -> None:
    announced = announce(api, *parts)
    committed = commit(api, announced["upload"], send(announced["parts"], *parts))
    assert committed.status == 202
    upload = uploads.get_upload(ALICE, announced["upload"])
    assert upload
    assert committed.body == {"upload": upload.id, "file": upload.file, "version": upload.version}
    stored = boto3.client("s3", region_name=HERE).get_object(Bucket=upload.bucket, Key=upload.key)
    assert stored["Body"].read() == b"".join(parts)
    assert parse_key(upload.key) == upload.name_in(HERE)


def test_a_commit_can_be_repeated_whatever_got_lost(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    announced = announce(api, *LARGE)
    parts = send(announced["parts"], *LARGE)
    with monkeypatch.context() as crash:
        # S3 put the parts together, and the function was gone before it could write that down.
        crash.setattr(uploads, "commit_upload", lambda *_: 1 / 0)
        assert refuses(commit(api, announced["upload"], parts), 500)
    first = commit(api, announced["upload"], parts)
    after = api.traces()
    again = commit(api, announced["upload"], parts)
    assert (again.status, again.text) == (first.status, first.text) == (202, first.text)
    assert api.traces() == after


def test_s3_forgets_an_upload_that_it_put_together_and_the_commit_still_counts(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    announced = announce(api, *LARGE)
    parts = send(announced["parts"], *LARGE)
    s3: Any = aws.client("s3")
    complete = s3.complete_multipart_upload

    def answer_is_lost(**request: Any) -> None:
        complete(**request)
        raise no_such_upload()

    def gone(**_: Any) -> None:
        raise no_such_upload()

    with monkeypatch.context() as never_sent:
        never_sent.setattr(s3, "complete_multipart_upload", gone)
        assert refuses(commit(api, announced["upload"], parts), 409)
    monkeypatch.setattr(s3, "complete_multipart_upload", answer_is_lost)
    assert commit(api, announced["upload"], parts).status == 202


def no_such_upload() -> ClientError:
    return ClientError({"Error": {"Code": "NoSuchUpload", "Message": "gone"}}, "CompleteMultipartUpload")


def test_a_commit_of_what_was_never_sent_is_refused(api: Api) -> None:
    for parts in ((b"bytes",), LARGE):
        announced = announce(api, *parts, key=f"k{len(parts)}")
        claimed = [{"number": number, "etag": "e", "sha256": digest(part)} for number, part in enumerate(parts, 1)]
        before = api.traces()
        assert refuses(commit(api, announced["upload"], claimed), 409)
        assert api.traces() == before


def test_a_commit_of_other_bytes_is_refused(api: Api) -> None:
    announced = announce(api, b"bytes")
    before = api.traces()
    assert refuses(commit(api, announced["upload"], [{"number": 1, "etag": "e", "sha256": digest(b"other")}]), 400)
    assert api.traces() == before


def test_an_upload_whose_bytes_were_wrong_says_so(api: Api) -> None:
    announced = announce(api, b"bytes")
    upload = uploads.get_upload(ALICE, announced["upload"])
    assert upload
    uploads.reject_upload(upload, "The bytes that arrived have another checksum.")
    answer = commit(api, upload.id, [{"number": 1, "etag": "e", "sha256": digest(b"bytes")}])
    assert refuses(answer, 422)
    assert "checksum" in answer.body["detail"]


def test_a_link_covers_the_checksum_and_leads_to_its_own_region(api: Api) -> None:
    for part in announce(api, *LARGE)["parts"]:
        address = urlsplit(part["url"])
        assert address.hostname == f"files-{HERE}.s3.{HERE}.amazonaws.com"
        signed = parse_qs(address.query)["X-Amz-SignedHeaders"][0].split(";")
        assert "x-amz-checksum-sha256" in signed
        assert len(base64.b64decode(part["headers"]["x-amz-checksum-sha256"])) == 32


def test_a_small_file_can_be_sent_to_the_other_region_with_the_same_answer(api: Api) -> None:
    announced = announce(api, b"bytes")
    assert announced["alternate"]["region"] == PEER
    send(announced["alternate"]["parts"], b"bytes")
    objects = boto3.client("s3", region_name=PEER).list_objects_v2(Bucket=f"files-{PEER}")["Contents"]
    name = parse_key(objects[0]["Key"])
    assert name
    assert (name.region, name.user, name.upload) == (PEER, ALICE, announced["upload"])


def test_a_large_file_can_be_announced_again_in_the_other_region(api: Api) -> None:
    first = announce(api, *LARGE)
    with api.cloud.acting_in(PEER):
        second = announce(api, *LARGE)
        assert second["upload"] == first["upload"]
        assert f"files-{PEER}" in second["parts"][0]["url"]
        parts = send(second["parts"], *LARGE)
        assert commit(api, second["upload"], parts).status == 202
    upload = uploads.get_upload(ALICE, first["upload"])
    assert upload
    assert upload.committed_at


def test_a_commit_is_sent_to_the_wrong_region_in_vain_and_says_so(api: Api) -> None:
    announced = announce(api, *LARGE)
    parts = send(announced["parts"], *LARGE)
    with api.cloud.acting_in(PEER):
        answer = commit(api, announced["upload"], parts)
    assert refuses(answer, 409)
    assert PEER in answer.body["detail"]


def test_the_links_of_a_very_large_file_come_in_pages(api: Api) -> None:
    count = PART_LINKS + 3
    digests = [f"{number:064x}" for number in range(count)]
    body = {"path": "disk", "size": count * PART_BYTES, "sha256": composite(digests), "parts": digests}
    first = api.post("/v1/uploads", body, key="k").body
    assert [part["number"] for part in first["parts"]] == list(range(1, PART_LINKS + 1))
    before = api.traces()
    rest = api.post("/v1/uploads", body, key="k", query={"first_part": str(first["next_part"])}).body
    assert [part["number"] for part in rest["parts"]] == list(range(PART_LINKS + 1, count + 1))
    assert "next_part" not in rest
    assert api.traces() == before


def test_the_largest_file_fits_into_one_request(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    digests = [f"{number:064x}" for number in range(MOST_PARTS)]
    body = {"path": "disk", "size": MOST_PARTS * PART_BYTES, "sha256": composite(digests), "parts": digests}
    announced = api.post("/v1/uploads", body, key="k")
    assert announced.status == 201
    assert len(announced.text) < 2_000_000
    parts = [
        {
            "number": number,
            "etag": '"' + "0" * 32 + '"',
            "sha256": base64.b64encode(bytes.fromhex(sha256)).decode(),
        }
        for number, sha256 in enumerate(digests, 1)
    ]
    monkeypatch.setattr(aws.client("s3"), "complete_multipart_upload", lambda **_: None)
    assert commit(api, announced.body["upload"], parts).status == 202


def test_an_upload_is_forgotten_after_three_days(api: Api, time: Time) -> None:
    announce(api, b"bytes")
    time.advance(UPLOAD_LIFE + 1)
    answer = api.post("/v1/uploads", announcement("notes.txt", b"bytes"), key="k")
    assert refuses(answer, 410)
