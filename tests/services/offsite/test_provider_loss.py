"""Everything at the provider is wiped, and the drive is rebuilt from the offsite store alone."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from services.drive import aws
from services.drive.environment import here
from services.offsite import __main__ as command
from services.offsite import copying, export, restoring
from services.offsite.store import configured
from services.offsite.targets import Folder, NotEmptyError
from services.offsite.worker import Worker
from tests.services.offsite.provider import (
    FILES,
    KEY,
    LARGE,
    OFFSITE_ENDPOINT,
    Provider,
    lose_everything,
    new_place,
    offsite,
    send,
    store_file,
    versions,
    work,
)


def test_the_drive_is_rebuilt_from_the_offsite_store_alone(provider: Provider, account: Any) -> None:
    store = lose_everything(provider, account)
    report = restoring.restore(store, new_place())
    assert report.is_whole
    assert (report.files, report.items) == (FILES, 2 * FILES)
    for item in versions():
        assert item["bucket"] == "new-files"
        found = aws.client("s3").get_object(Bucket=item["bucket"], Key=item["key"], VersionId=item["s3_version"])
        assert found["Body"].read() == provider.files[item["key"]]
    assert {item["path"] for item in versions()} == {f"musik/Lied {number} ♪.mp3" for number in range(FILES)}


def test_a_file_of_several_parts_comes_back_with_the_content_id_it_had(provider: Provider, account: Any) -> None:
    store_file(provider, "users/u/large", "large.flac", b"0123456789abcdef" * (LARGE // 16))
    work()
    restoring.restore(lose_everything(provider, account), new_place())
    found = aws.client("s3").get_object(Bucket="new-files", Key="users/u/large")
    assert found["ETag"].endswith('-2"')
    assert found["Body"].read() == provider.files["users/u/large"]


def test_the_drive_is_rebuilt_on_a_disk_without_any_provider(provider: Provider, account: Any, tmp_path: Path) -> None:
    store = lose_everything(provider, account)
    report = restoring.restore(store, Folder(tmp_path / "rescue"))
    assert report.is_whole
    items = [json.loads(line) for line in (tmp_path / "rescue/catalogue.jsonl").read_text("utf-8").splitlines()]
    versions = [item for item in items if item["sk"]["S"].startswith("VERSION#")]
    read = [(tmp_path / "rescue" / item["key"]["S"]).read_bytes() for item in versions]
    assert sorted(read) == sorted(provider.files.values())


def test_what_is_missing_offsite_is_counted(provider: Provider, account: Any) -> None:
    def spoil(kept: dict[str, bytes]) -> None:
        objects = sorted((name for name in kept if name.startswith("objects/")), key=lambda name: len(kept[name]))
        # The songs come first: the catalogue's two files are larger.
        for name in objects[:2]:
            del kept[name]
        kept[objects[2]] = kept[objects[2]][:-1] + bytes([kept[objects[2]][-1] ^ 1])

    store = lose_everything(provider, account, spoil)
    report = restoring.restore(store, new_place())
    assert (report.files, len(report.missing), len(report.damaged), len(report.lost)) == (FILES - 3, 2, 1, 3)
    assert not report.is_whole
    assert aws.client("s3").list_objects_v2(Bucket="new-files")["KeyCount"] == FILES - 3


def test_a_link_that_was_taken_out_of_the_chain_is_noticed(provider: Provider, account: Any) -> None:
    def spoil(kept: dict[str, bytes]) -> None:
        del kept[max(name for name in kept if name.startswith("chain/"))]

    report = restoring.restore(lose_everything(provider, account, spoil), new_place())
    assert report.problems == ["link 1 of the chain is missing"]
    assert report.files + len(report.lost) == FILES
    assert len(report.lost) == FILES


def test_links_that_were_exchanged_are_noticed(provider: Provider, account: Any) -> None:
    def spoil(kept: dict[str, bytes]) -> None:
        newest, *_, oldest = sorted(name for name in kept if name.startswith("chain/"))
        kept[newest], kept[oldest] = kept[oldest], kept[newest]

    report = restoring.restore(lose_everything(provider, account, spoil), new_place())
    assert "link 1 of the chain is damaged" in report.problems


def test_a_chain_that_was_cut_off_is_noticed_by_the_number_that_was_logged(provider: Provider, account: Any) -> None:
    links = len(list(configured().names("chain/")))

    def spoil(kept: dict[str, bytes]) -> None:
        del kept[min(name for name in kept if name.startswith("chain/"))]

    report = restoring.restore(lose_everything(provider, account, spoil), new_place(), expected_link=links)
    assert f"the chain ends at link {links - 1}, but had {links}: its end was cut off" in report.problems


def test_a_file_that_no_export_knows_is_restored_all_the_same(provider: Provider, account: Any) -> None:
    store_file(provider, "users/u/late", "late.mp3", b"uploaded after the export")
    work()
    report = restoring.restore(lose_everything(provider, account), new_place())
    assert report.is_whole
    assert report.files == FILES + 1


def test_an_export_that_did_not_arrive_whole_is_passed_over_for_the_one_before(
    provider: Provider, account: Any
) -> None:
    provider.now += 24 * 3600
    name = "catalogue/2025-11-25/AWSDynamoDB/x/manifest-files.json"
    lacking = json.dumps({"itemCount": 5, "dataFileS3Key": "catalogue/2025-11-25/AWSDynamoDB/x/data/lost.json.gz"})
    version = aws.client("s3").put_object(Bucket="export", Key=name, Body=lacking.encode())["VersionId"]
    send("export", name, version)
    work()
    report = restoring.restore(lose_everything(provider, account), new_place())
    assert report.is_whole
    assert report.export is not None
    assert report.export.startswith("catalogue/2025-11-24/")


def test_both_versions_of_an_overwritten_object_come_back_the_newer_one_on_top(
    provider: Provider, account: Any
) -> None:
    store_file(provider, "users/u/upload3", "musik/neu.mp3", b"second version")
    work()
    report = restoring.restore(lose_everything(provider, account), new_place())
    assert report.files == FILES + 1
    found = aws.client("s3").get_object(Bucket="new-files", Key="users/u/upload3")
    assert found["Body"].read() == b"second version"


def test_nothing_readable_lies_in_the_offsite_store(provider: Provider, account: Any) -> None:
    lose_everything(provider, account)
    for name, body in provider.kept.items():
        for secret in (b"song", b"upload1", b"users/u", b"musik"):
            assert secret not in name.encode() + body


def test_every_event_twice_changes_nothing(provider: Provider) -> None:
    store = configured()
    before = sorted(store.names(""))
    for key in provider.files:
        version = aws.client("s3").head_object(Bucket="replica", Key=key)["VersionId"]
        send("replica", key, version)
    work()
    assert sorted(store.names("")) == before


def test_a_crash_between_copy_and_chain_loses_nothing(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    store_file(provider, "users/u/late", "late.mp3", b"late")
    store = configured()
    with monkeypatch.context() as crashing:
        crashing.setattr(copying, "note", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            Worker(store).work()
    links = len(list(store.names("chain/")))
    version = aws.client("s3").head_object(Bucket="replica", Key="users/u/late")["VersionId"]
    send("replica", "users/u/late", version)  # as the queue does when the message was not deleted
    work()
    assert len(list(store.names("chain/"))) == links + 1


@pytest.mark.usefixtures("provider")
def test_what_was_deleted_before_its_copy_and_heartbeats_are_passed_over() -> None:
    store = configured()
    before = sorted(store.names(""))
    send("replica", "users/u/never", "v")
    beat = aws.client("s3").put_object(Bucket="replica", Key="heartbeat/us-west-2.json", Body=b"{}")["VersionId"]
    send("replica", "heartbeat/us-west-2.json", beat)
    work()
    assert sorted(store.names("")) == before


@pytest.mark.usefixtures("provider")
def test_a_message_that_nobody_understands_stays_for_the_dead_letter_queue() -> None:
    aws.client("sqs").send_message(QueueUrl=here.offsite_queue_url, MessageBody="{}")
    assert Worker(configured()).work() == 0


def test_a_restore_never_mixes_with_what_is_there(provider: Provider, account: Any, tmp_path: Path) -> None:
    store = lose_everything(provider, account)
    target = new_place()
    aws.client("s3").put_object(Bucket="new-files", Key="mine", Body=b"")
    (tmp_path / "mine").touch()
    for occupied in (target, Folder(tmp_path)):
        with pytest.raises(NotEmptyError):
            restoring.restore(store, occupied)


def test_binary_values_of_an_export_come_back_as_the_bytes_that_they_were(account: Any) -> None:
    account()
    exported = base64.b64encode(b"\x78\x9c\xff\x00").decode()  # DynamoDB's exports are JSON
    item: Any = {"pk": {"S": "MANIFEST#1"}, "sk": {"S": "PART#0000"}, "entries": {"B": exported}}
    new_place().put_item(item | {"B": {"M": {"several": {"BS": [exported]}}}})
    [found] = aws.client("dynamodb").scan(TableName="new-drive")["Items"]
    assert found["entries"] == {"B": b"\x78\x9c\xff\x00"}
    assert found["B"] == {"M": {"several": {"BS": [b"\x78\x9c\xff\x00"]}}}


def test_a_drive_that_was_just_deployed_and_only_beats_can_be_restored_into(provider: Provider, account: Any) -> None:
    store = lose_everything(provider, account)
    target = new_place()
    aws.client("s3").put_object(Bucket="new-files", Key="heartbeat/us-west-2.json", Body=b"{}")
    beat = {"pk": {"S": "HEARTBEAT#us-west-2"}, "sk": {"S": "HEARTBEAT"}}
    aws.client("dynamodb").put_item(TableName="new-drive", Item=beat)
    assert restoring.restore(store, target).is_whole


def test_the_command_restores_with_the_key_alone_and_reports(
    provider: Provider,
    account: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    lose_everything(provider, account)
    _, credentials = offsite()
    monkeypatch.setenv("OFFSITE_ACCESS_KEY", credentials["AccessKeyId"])
    monkeypatch.setenv("OFFSITE_SECRET_KEY", credentials["SecretAccessKey"])
    (tmp_path / "key").write_text(base64.b64encode(KEY).decode() + "\n")
    (tmp_path / "wrong").write_text(base64.b64encode(bytes(32)).decode())
    place = ["restore", "--endpoint", OFFSITE_ENDPOINT, "--bucket", "offsite", "--to-folder", str(tmp_path / "rescue")]
    assert command.main([*place, "--key-file", str(tmp_path / "wrong")]) == 2
    assert "refused: encrypted with key" in capsys.readouterr().err
    assert command.main([*place, "--key-file", str(tmp_path / "key")]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["files"], report["items"], report["missing"]) == (FILES, 2 * FILES, 0)


def test_the_export_waits_for_its_answer_as_long_as_a_control_plane_takes(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    make = aws.client

    def recorded(name: Any, **given: Any) -> Any:
        asked.append(given)
        return make(name, **given)

    monkeypatch.setattr(aws, "client", recorded)
    export.handle({}, None)
    assert asked == [{"read_timeout": export.READ_TIMEOUT}]
    assert provider
