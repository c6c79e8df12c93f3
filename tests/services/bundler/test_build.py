"""From a message to a published bundle, and to nothing at all where the bundle cannot be."""

from dataclasses import replace
from hashlib import sha256
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from moto.s3.models import s3_backends

from services.bundler import source
from services.drive import aws, clock, jobs, manifests
from services.drive.files import composite
from services.drive.jobs import JobState
from services.drive.limits import BUNDLER_READ_TIMEOUT, ORDER_SHARDS
from tests.services.bundler.conftest import HERE, PEER, SONGS, Album, waiting, work_once
from tests.services.conftest import ACCOUNT, Cloud


def _refusal(code: str, status: int) -> ClientError:
    response: Any = {"Error": {"Code": code, "Message": ""}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(response, "GetObject")


def test_a_message_becomes_a_bundle_of_the_files_it_names(album: Album) -> None:
    album.order()
    assert work_once()
    assert album.unpacked() == SONGS
    assert album.job().state == JobState.READY
    assert album.job().size == len(_object(album))


def test_everyone_who_waits_is_told_of_a_published_bundle(album: Album, cloud: Cloud) -> None:
    album.order()
    work_once()
    told = cloud.bodies("notify")
    assert {(body["published"], body["shard"]) for body in told} == {
        (album.content, shard) for shard in range(ORDER_SHARDS)
    }


def test_who_polls_sees_how_far_the_bundle_is(album: Album) -> None:
    album.order()
    work_once()
    status = album.status()
    assert (status["state"], status["percent"]) == ("READY", 100)


def test_a_build_leaves_nothing_but_its_bundle(album: Album, cloud: Cloud) -> None:
    album.order()
    work_once()
    assert album.objects() == [album.job().key]
    assert not album.uploads()
    assert waiting(cloud, "bundle") == 0


def test_a_file_of_several_parts_is_checked_against_its_composite_checksum(cloud: Cloud) -> None:
    data = b"x" * (17 * 1024 * 1024)
    big = Album(cloud, {"big": data})
    parts = [data[: 16 * 1024 * 1024], data[16 * 1024 * 1024 :]]
    big.entries = [replace(big.entries[0], sha256=_composite(parts))]
    big.content = manifests.write(big.entries)
    big.order()
    assert work_once()
    assert big.unpacked() == {"big": data}


def test_a_store_that_ignores_that_a_range_was_asked_for_is_read_all_the_same(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "READ_BYTES", 1000)
    album = Album(cloud, SONGS | {"long": bytes(range(250)) * 10})
    store = aws.client("s3", HERE, read_timeout=BUNDLER_READ_TIMEOUT)
    usual = store.get_object
    monkeypatch.setattr(store, "get_object", lambda Range, **asked: usual(**asked))  # noqa: ARG005,N803  boto3's name
    album.order()
    assert work_once()
    assert album.unpacked() == album.files


def test_files_of_the_other_region_are_read_from_their_copy_here(cloud: Cloud) -> None:
    far = Album(cloud, SONGS, region=PEER)
    _replicate(far, f"replica-{HERE}")
    for entry in far.entries:
        far.lose(entry)
    far.order()
    assert work_once()
    assert far.unpacked() == SONGS


def test_files_that_have_not_been_copied_yet_are_read_from_the_other_region(cloud: Cloud) -> None:
    far = Album(cloud, SONGS, region=PEER)
    far.order()
    assert work_once()


def test_a_file_lost_here_is_read_from_its_copy_in_the_other_region(album: Album) -> None:
    _replicate(album, f"replica-{PEER}")
    for entry in album.entries:
        album.lose(entry)
    album.order()
    assert work_once()
    assert album.unpacked() == SONGS


def test_a_file_that_is_nowhere_fails_the_build_and_leaves_nothing(album: Album) -> None:
    album.lose(album.entries[0])
    album.order()
    assert not work_once()
    assert (album.job().state, album.job().builds_failed) == (JobState.QUEUED, 1)
    assert album.objects() == []
    assert not album.uploads()


def test_a_file_that_is_not_where_it_was_written_is_gone_although_the_other_region_cannot_be_asked(
    album: Album, monkeypatch: pytest.MonkeyPatch
) -> None:
    _cut_off(PEER, monkeypatch)
    album.lose(album.entries[0])
    album.order()
    work_once()
    assert album.job().builds_failed == 1


def test_a_copy_that_has_not_arrived_is_waited_for_while_the_other_region_cannot_be_asked(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    far = Album(cloud, SONGS, region=PEER)
    _cut_off(PEER, monkeypatch)
    far.order()
    work_once()
    assert (far.job().state, far.job().builds_failed) == (JobState.QUEUED, 0)


@pytest.mark.parametrize(
    "wrong",
    [{"size": 2}, {"size": 4}, {"size": 100_000}, {"sha256": "0" * 64}],
    ids=["longer than stated", "shorter than stated", "much shorter than stated", "other bytes than stated"],
)
def test_a_file_that_is_not_what_was_ordered_fails_the_build(cloud: Cloud, wrong: dict[str, Any]) -> None:
    album = Album(cloud, {"song": b"one"})
    album.content = manifests.write([replace(album.entries[0], **wrong)])
    album.order()
    assert not work_once()
    assert album.job().builds_failed == 1
    assert album.objects() == []


def test_a_manifest_that_is_not_there_fails_the_build(album: Album) -> None:
    album.content = "0" * 64
    album.order()
    work_once()
    assert album.job().builds_failed == 1


def test_more_files_than_a_bundle_can_have_fail_before_anything_is_read(
    album: Album, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.bundler.bundle.BUNDLE_FILES", 2)
    monkeypatch.setattr(source, "fetch", _unexpected)
    album.order()
    work_once()
    assert "TooLarge" in (album.job().reason or "")


@pytest.mark.parametrize(
    "outage",
    [
        EndpointConnectionError(endpoint_url="https://s3.us-west-2.amazonaws.com"),
        _refusal("SlowDown", 503),
        _refusal("ThrottlingException", 400),
        _refusal("AccessDenied", 403),
    ],
    ids=["unreachable", "overloaded", "throttled", "forbidden"],
)
def test_a_build_that_aws_hinders_is_given_back_and_does_not_count_as_failed(
    album: Album, cloud: Cloud, monkeypatch: pytest.MonkeyPatch, outage: Exception
) -> None:
    def refuse(*_: Any) -> Any:
        raise outage

    monkeypatch.setattr(source, "_fetch_from", refuse)
    album.order()
    work_once()
    job = album.job()
    assert (job.state, job.builds_failed, job.builds_started) == (JobState.QUEUED, 0, 0)
    assert waiting(cloud, "bundle") == 1


def test_an_upload_that_s3_refuses_is_aborted(album: Album, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> Any:
        message = "no space"
        raise OSError(message)

    monkeypatch.setattr("services.bundler.upload.MultipartUpload._send_part", refuse)
    album.order()
    work_once()
    assert not album.uploads()
    assert album.objects() == []


def test_a_finished_bundle_waits_for_a_table_that_cannot_be_reached(
    album: Album, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "sleep", lambda _: None)
    publish, refusals = jobs.publish, [_unreachable, _unreachable]

    def reluctant(*arguments: Any, **named: Any) -> bool:
        if refusals:
            refusals.pop()()
        return publish(*arguments, **named)

    monkeypatch.setattr(jobs, "publish", reluctant)
    album.order()
    assert work_once()
    assert album.job().builds_started == 1


def _object(album: Album) -> Any:
    key = album.job().key
    assert key
    return boto3.client("s3", region_name=HERE).get_object(Bucket=f"bundles-{HERE}", Key=key)["Body"].read()


def _replicate(album: Album, bucket: str) -> None:
    """Copy the files as S3 does: key and version stay the same, which an ordinary copy cannot do."""
    backend: Any = s3_backends[ACCOUNT]["aws"]
    for entry in album.entries:
        copy = backend.put_object(bucket, entry.key, album.files[entry.name])
        copy._version_id = entry.version


def _cut_off(region: str, monkeypatch: pytest.MonkeyPatch) -> None:
    usual = source._fetch_from

    def fetch(place: source.Place, wanted: source.Range) -> bytes:
        if place.region == region:
            _unreachable()
        return usual(place, wanted)

    monkeypatch.setattr(source, "_fetch_from", fetch)


def _composite(parts: list[bytes]) -> str:
    return composite(sha256(part).hexdigest() for part in parts)


def _unreachable(*_: Any) -> Any:
    raise EndpointConnectionError(endpoint_url="https://s3.us-west-2.amazonaws.com")


def _unexpected(*_: Any) -> Any:
    pytest.fail("something was read")
