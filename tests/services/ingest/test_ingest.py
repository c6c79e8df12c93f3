"""What arrives in S3 becomes a version, once, whatever the order of events; what was not announced does not stay."""

import base64
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from random import Random
from typing import Any
from uuid import UUID

import boto3
import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.exceptions import EndpointConnectionError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.drive import files, uploads
from services.drive.files import Durability, File, ObjectName, Version, composite
from services.drive.limits import PART_BYTES
from services.drive.uploads import Upload, UploadState
from services.ingest.handler import handle
from tests.services.conftest import REGIONS, Cloud

HERE, PEER = REGIONS
USER = "0123456789abcdef" * 2
SONG = b"la la la"

pytestmark = pytest.mark.usefixtures("cloud")


@dataclass(frozen=True)
class Sent:
    """An object that was put, and the event that S3 sends about it."""

    region: str
    key: str
    version: str
    size: int

    def event(self, *, bucket: str = "", time: str = "2026-11-22T06:00:00Z") -> dict[str, Any]:
        detail = {
            "version": "0",
            "bucket": {"name": bucket or f"files-{self.region}"},
            "object": {"key": self.key, "size": self.size, "version-id": self.version, "sequencer": "1"},
            "reason": "PutObject",
        }
        return {"detail-type": "Object Created", "source": "aws.s3", "time": time, "detail": detail}

    def is_there(self) -> bool:
        listed = _s3(self.region).list_object_versions(Bucket=f"files-{self.region}", Prefix=self.key)
        return self.version in {found["VersionId"] for found in listed.get("Versions", [])}


def test_bytes_that_are_what_was_announced_become_the_current_file() -> None:
    upload = _announce(SONG)
    sent = _send(upload, SONG)
    assert _ingest(sent.event()) == []
    assert _current(upload).sha256 == upload.sha256
    assert _version(upload).s3_version == sent.version
    assert _state(upload) == UploadState.DONE


def test_a_file_of_many_parts_is_known_by_the_checksum_of_its_parts() -> None:
    parts = [b"x" * PART_BYTES, b"rest"]
    upload = _announce(*parts)
    sent = _send_parts(upload, parts)
    assert _ingest(sent.event()) == []
    assert _current(upload).size == PART_BYTES + 4


@pytest.mark.parametrize("arrived", [b"LA LA LA", b"la", b""], ids=["other bytes", "fewer bytes", "no bytes"])
def test_bytes_that_are_not_what_was_announced_are_refused_and_deleted(arrived: bytes) -> None:
    upload = _announce(SONG)
    sent = _send(upload, arrived)
    assert _ingest(sent.event()) == []
    assert _state(upload) == UploadState.REJECTED
    assert not sent.is_there()
    assert files.get_file(USER, upload.file) is None


def test_bytes_without_a_checksum_are_refused() -> None:
    upload = _announce(SONG)
    sent = _send(upload, SONG, checksum=False)
    _ingest(sent.event())
    assert "without their SHA-256" in (_upload(upload).reason or "")
    assert not sent.is_there()


def test_an_event_that_comes_twice_changes_nothing(cloud: Cloud) -> None:
    upload = _announce(SONG)
    event = _send(upload, SONG).event()
    _ingest(event)
    before = cloud.items("drive")
    assert _ingest(event, event) == []
    assert cloud.items("drive") == before


def test_a_refusal_that_comes_twice_changes_nothing(cloud: Cloud) -> None:
    upload = _announce(SONG)
    event = _send(upload, b"wrong").event()
    _ingest(event)
    before = cloud.items("drive")
    assert _ingest(event) == []
    assert cloud.items("drive") == before


@pytest.mark.parametrize("commit_first", [True, False])
def test_commit_and_event_may_come_in_either_order(commit_first: bool) -> None:
    upload = _announce(SONG)
    event = _send(upload, SONG).event()
    if commit_first:
        uploads.commit_upload(upload, 1_800_000_000_000)
    _ingest(event)
    committed = uploads.commit_upload(_upload(upload), 1_800_000_000_001)
    assert committed.version == _current(upload).version
    assert _state(upload) == UploadState.DONE


def test_of_two_uploads_of_a_file_the_later_one_wins_whichever_event_comes_last() -> None:
    first, second = _announce(b"first", key="1"), _announce(b"second", key="2")
    events = [_send(first, b"first").event(), _send(second, b"second").event()]
    uploads.commit_upload(first, 1_000)
    uploads.commit_upload(second, 2_000)
    _ingest(*reversed(events))
    assert _current(first).sha256 == second.sha256
    assert len(files.list_versions(USER, first.file, limit=10)) == 2


def test_a_file_that_was_sent_to_both_regions_is_kept_once(cloud: Cloud) -> None:
    upload = _announce(SONG)
    here, there = _send(upload, SONG), _send(upload, SONG, region=PEER)
    _ingest(here.event())
    with cloud.acting_in(PEER):
        _ingest(here.event(bucket=f"replica-{PEER}"))
        assert _ingest(there.event()) == []
    assert _version(upload).region == HERE
    assert here.is_there()
    assert not there.is_there()


def test_what_was_sent_again_is_kept_while_the_first_object_may_be_lost_with_its_region(cloud: Cloud) -> None:
    upload = _announce(SONG)
    here, there = _send(upload, SONG), _send(upload, SONG, region=PEER)
    _ingest(here.event())
    with cloud.acting_in(PEER):
        assert _ingest(there.event()) == ["0"]
        assert there.is_there()
        _ingest(here.event(bucket=f"replica-{PEER}"))
        assert _ingest(there.event()) == []
    assert not there.is_there()


def test_a_second_copy_is_dropped_also_while_the_first_is_half_done(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = _announce(SONG)
    here, there = _send(upload, SONG), _send(upload, SONG, region=PEER)
    with monkeypatch.context() as crash:
        crash.setattr(files, "make_current", _unreachable)
        _ingest(here.event())
    with cloud.acting_in(PEER):
        assert _ingest(there.event()) == ["0"]
        assert _state(upload) == UploadState.DONE
        _ingest(here.event(bucket=f"replica-{PEER}"))
        assert _ingest(there.event()) == []
    assert _current(upload).version == _version(upload).id
    assert _version(upload).s3_version == here.version
    assert not there.is_there()


def test_bytes_that_are_brought_back_before_their_record_names_them_are_kept(cloud: Cloud) -> None:
    upload = _announce(SONG)
    lost = _send(upload, SONG)
    _ingest(lost.event())
    _s3(HERE).delete_object(Bucket=f"files-{HERE}", Key=lost.key, VersionId=lost.version)
    back = _send(upload, SONG)
    before = cloud.items("drive")
    assert _ingest(back.event()) == []
    assert back.is_there()
    assert cloud.items("drive") == before  # whoever brings them back says so in the record


def test_bytes_that_were_restored_into_another_region_are_kept(cloud: Cloud) -> None:
    upload = _announce(SONG)
    there = _send(upload, SONG, region=PEER)
    with cloud.acting_in(PEER):
        _ingest(there.event())
    restored = _s3(HERE).put_object(Bucket=f"files-{HERE}", Key=there.key, Body=SONG)["VersionId"]
    _says(cloud, region=HERE, bucket=f"files-{HERE}", s3_version=restored)
    back = replace(there, region=HERE, version=restored)
    assert _ingest(back.event()) == []
    assert back.is_there()


def _says(cloud: Cloud, **place: str) -> None:
    """Change what the one version's record says of its object, as a restore does."""
    [version] = [item for item in cloud.items("drive") if item["sk"]["S"].startswith("VERSION#")]
    written = {**version, **{name: {"S": value} for name, value in place.items()}}
    for region in REGIONS:
        boto3.client("dynamodb", region_name=region).put_item(TableName="drive", Item=written)


def test_other_bytes_under_the_same_key_cannot_replace_a_version() -> None:
    upload = _announce(SONG)
    first = _send(upload, SONG)
    _ingest(first.event())
    second = _send(upload, b"forged")
    _ingest(second.event())
    assert _state(upload) == UploadState.DONE
    assert _version(upload).s3_version == first.version
    assert first.is_there()
    assert not second.is_there()


def test_the_right_bytes_after_the_wrong_ones_are_refused_too_because_the_client_was_told() -> None:
    upload = _announce(SONG)
    _ingest(_send(upload, b"wrong").event())
    late = _send(upload, SONG)
    _ingest(late.event())
    assert _state(upload) == UploadState.REJECTED
    assert not late.is_there()


def test_a_copy_in_the_other_region_makes_a_version_survive_this_one(cloud: Cloud) -> None:
    upload = _announce(SONG)
    sent = _send(upload, SONG)
    _ingest(sent.event())
    assert _version(upload).durability == Durability.REGIONAL
    with cloud.acting_in(PEER):
        assert _ingest(sent.event(bucket=f"replica-{PEER}")) == []
    assert _version(upload).durability == Durability.MULTI_REGION


def test_a_copy_that_is_ahead_of_its_version_is_noted_when_its_event_comes_again(cloud: Cloud) -> None:
    upload = _announce(SONG)
    sent = _send(upload, SONG)
    with cloud.acting_in(PEER):
        assert _ingest(sent.event(bucket=f"replica-{PEER}")) == ["0"]
    _ingest(sent.event())
    with cloud.acting_in(PEER):
        assert _ingest(sent.event(bucket=f"replica-{PEER}")) == []
    assert _version(upload).durability == Durability.MULTI_REGION


def test_a_late_repetition_does_not_take_back_that_a_version_is_in_both_regions(cloud: Cloud) -> None:
    upload = _announce(SONG)
    sent = _send(upload, SONG)
    _ingest(sent.event())
    with cloud.acting_in(PEER):
        _ingest(sent.event(bucket=f"replica-{PEER}"))
    _ingest(sent.event())
    assert _version(upload).durability == Durability.MULTI_REGION


def test_a_copy_of_refused_bytes_means_nothing(cloud: Cloud) -> None:
    upload = _announce(SONG)
    wrong = _send(upload, b"wrong")
    _ingest(wrong.event())
    with cloud.acting_in(PEER):
        assert _ingest(wrong.event(bucket=f"replica-{PEER}")) == []


def test_the_regions_heartbeats_are_passed_over_in_silence(caplog: pytest.LogCaptureFixture) -> None:
    beat = Sent(HERE, f"{files.BEATS}{HERE}.json", version="1", size=20)
    assert _ingest(beat.event()) == []
    assert caplog.records == []


def test_an_object_that_no_upload_made_is_left_alone() -> None:
    sent = Sent(HERE, "golden/manifest.json", "1", 1)
    assert _ingest(sent.event()) == []


def test_an_object_whose_record_has_not_arrived_yet_comes_again() -> None:
    name = ObjectName(HERE, USER, "a" * 26, "b" * 32)
    assert _ingest(Sent(HERE, name.key, "1", 1).event()) == ["0"]


def test_one_bad_message_does_not_hold_up_the_others() -> None:
    upload = _announce(SONG)
    assert _ingest({"no": "event"}, _send(upload, SONG).event()) == ["0"]
    assert _state(upload) == UploadState.DONE


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(chance=st.randoms(use_true_random=False), number=st.uuids())
def test_events_in_any_order_and_number_lead_to_the_same_files(cloud: Cloud, chance: Random, number: UUID) -> None:
    uploaded = [_announce(data, key=f"{number} {data!r}", path=f"{number}") for data in (b"first", b"second")]
    sent = [_send(upload, data) for upload, data in zip(uploaded, (b"first", b"second"), strict=True)]

    def copy_of(one: Sent) -> None:
        with cloud.acting_in(PEER):
            _ingest(one.event(bucket=f"replica-{PEER}"))

    deeds: list[Callable[[], object]] = [
        *(partial(_ingest, one.event()) for one in sent),
        *(partial(copy_of, one) for one in sent),
        *(partial(_commit, upload, at) for at, upload in enumerate(uploaded, 1_000)),
    ]
    commits = deeds[-2:]
    for deed in [*commits, *chance.choices(deeds, k=6), *chance.sample(deeds, k=6), *chance.sample(deeds, k=6)]:
        deed()
    assert _current(uploaded[0]).sha256 == uploaded[1].sha256
    assert {_version(upload).durability for upload in uploaded} == {Durability.MULTI_REGION}
    assert {_state(upload) for upload in uploaded} == {UploadState.DONE}


@pytest.mark.parametrize("broken", ["add_version", "make_current"])
def test_an_event_completes_what_a_crash_left_half_done(monkeypatch: pytest.MonkeyPatch, broken: str) -> None:
    upload = _announce(SONG)
    event = _send(upload, SONG).event()
    with monkeypatch.context() as crash:
        crash.setattr(files, broken, _unreachable)
        assert _ingest(event) == ["0"]
    assert _ingest(event) == []
    assert _current(upload).version == _version(upload).id
    assert _state(upload) == UploadState.DONE


def _announce(*parts: bytes, key: str = "key", path: str = "music/song.mp3") -> Upload:
    upload_id = uploads.upload_id(USER, key)
    name = ObjectName(HERE, USER, files.file_id(USER, path), upload_id)
    content = composite(hashlib.sha256(part).hexdigest() for part in parts)
    size = sum(len(part) for part in parts)
    announced = Upload(USER, upload_id, path, size, content, HERE, f"files-{HERE}", name.key, 1, "request")
    return uploads.open_upload(announced)


def _commit(upload: Upload, at: int) -> None:
    uploads.commit_upload(upload, at)


def _send(upload: Upload, data: bytes, *, region: str = HERE, checksum: bool = True) -> Sent:
    key, bucket = upload.name_in(region).key, f"files-{region}"
    checked = {"ChecksumAlgorithm": "SHA256", "ChecksumSHA256": _base64(data)} if checksum else {}
    version = _s3(region).put_object(Bucket=bucket, Key=key, Body=data, **checked)["VersionId"]
    return Sent(region, key, version, len(data))


def _send_parts(upload: Upload, parts: list[bytes]) -> Sent:
    s3, where = _s3(HERE), {"Bucket": f"files-{HERE}", "Key": upload.key}
    started = s3.create_multipart_upload(**where, ChecksumAlgorithm="SHA256", ChecksumType="COMPOSITE")["UploadId"]
    listed = []
    for number, part in enumerate(parts, 1):
        answer = s3.upload_part(**where, UploadId=started, PartNumber=number, Body=part, ChecksumSHA256=_base64(part))
        listed.append({"PartNumber": number, "ETag": answer["ETag"], "ChecksumSHA256": _base64(part)})
    answer = s3.complete_multipart_upload(**where, UploadId=started, MultipartUpload={"Parts": listed})
    return Sent(HERE, upload.key, answer["VersionId"], sum(len(part) for part in parts))


def _ingest(*events: dict[str, Any]) -> list[str]:
    """Let the function have the events as one batch; return which of them must come again, by their number."""
    records = [
        {"messageId": str(number), "eventSource": "aws:sqs", "body": json.dumps(event)}
        for number, event in enumerate(events)
    ]
    answer = handle({"Records": records}, LambdaContext())
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def _upload(upload: Upload) -> Upload:
    found = uploads.get_upload(USER, upload.id)
    assert found
    return found


def _state(upload: Upload) -> UploadState:
    return _upload(upload).state


def _current(upload: Upload) -> File:
    file = files.get_file(USER, upload.file)
    assert file
    return file


def _version(upload: Upload) -> Version:
    version = files.get_version(USER, upload.file, _upload(upload).version or "")
    assert version
    return version


def _base64(data: bytes) -> str:
    return base64.b64encode(hashlib.sha256(data).digest()).decode()


def _s3(region: str) -> Any:
    return boto3.client("s3", region_name=region)


def _unreachable(*_: Any) -> Any:
    raise EndpointConnectionError(endpoint_url="https://dynamodb.us-west-2.amazonaws.com")
