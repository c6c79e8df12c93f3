import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.drive import aws
from services.drive.limits import RESTORE_EVENT_LATE, RESTORE_JUDGED_WITHIN
from services.restore_validator import checks, handler, record, watch

FILES = 4


class Context:
    def __init__(self, seconds: float = 900) -> None:
        self._seconds = seconds

    def get_remaining_time_in_millis(self) -> int:
        return int(self._seconds * 1000)


@pytest.fixture
def drive(backup: Any, now: list[float]) -> Any:
    """Four files in bucket and table, written down, backed up an hour later and restored without a fault."""
    s3, table = aws.client("s3"), aws.client("dynamodb")
    for number in range(FILES):
        key, body = f"users/u/{number}", f"content {number}".encode()
        version = s3.put_object(Bucket="files", Key=key, Body=body)["VersionId"]
        for item in _items(number, key, len(body), version):
            table.put_item(TableName="drive", Item=item)
    record.handle({}, Context())
    now[0] += 3600
    for found in s3.list_objects_v2(Bucket="files")["Contents"]:
        body = s3.get_object(Bucket="files", Key=found["Key"])["Body"].read()
        s3.put_object(Bucket="restored-files", Key=found["Key"], Body=body)
    for item in table.scan(TableName="drive")["Items"]:
        table.put_item(TableName="restored-drive", Item=item)
    return backup


def _items(number: int, key: str, size: int, version: str) -> list[dict[str, Any]]:
    pk, file_id, upload = {"S": "USER#u"}, f"file{number}", f"upload{number}"
    version_item = {
        "pk": pk,
        "sk": {"S": f"VERSION#{file_id}#1764000000000#{upload}"},
        "path": {"S": f"music/{number}.mp3"},
        "size": {"N": str(size)},
        "sha256": {"S": "0" * 64},
        "region": {"S": "us-west-2"},
        "bucket": {"S": "files"},
        "key": {"S": key},
        "s3_version": {"S": version},
        "durability": {"S": "REGIONAL"},
    }
    return [version_item, {"pk": pk, "sk": {"S": f"FILE#{file_id}"}, "version": {"S": upload}}]


def _judge_table(drive: Any, context: Any = None, **job: Any) -> tuple[str, str]:
    handler.handle(drive.restored("job", "DynamoDB", "drive", "restored-drive", **job), context or Context())
    verdict: tuple[str, str] = drive.verdicts["job"]
    return verdict


def _judge_bucket(drive: Any) -> tuple[str, str]:
    handler.handle(drive.restored("job", "S3", "files", "restored-files"), Context())
    verdict: tuple[str, str] = drive.verdicts["job"]
    return verdict


def _key(number: int) -> dict[str, Any]:
    return {"pk": {"S": "USER#u"}, "sk": {"S": f"VERSION#file{number}#1764000000000#upload{number}"}}


def _change(number: int, name: str, value: str) -> None:
    aws.client("dynamodb").update_item(
        TableName="restored-drive",
        Key=_key(number),
        UpdateExpression="SET #name = :value",
        ExpressionAttributeNames={"#name": name},
        ExpressionAttributeValues={":value": {"S": value}},
    )


def test_a_faithful_table_is_successful(drive: Any) -> None:
    assert _judge_table(drive) == ("SUCCESSFUL", "as written down before the backup")


def test_a_faithful_bucket_is_successful(drive: Any) -> None:
    assert _judge_bucket(drive)[0] == "SUCCESSFUL"


def test_a_table_that_went_on_changing_after_it_was_written_down_is_successful(drive: Any) -> None:
    _change(1, "durability", "MULTI_REGION")
    aws.client("dynamodb").put_item(TableName="restored-drive", Item=_key(99))
    assert _judge_table(drive)[0] == "SUCCESSFUL"


def test_a_table_with_a_missing_item_is_failed(drive: Any) -> None:
    aws.client("dynamodb").delete_item(TableName="restored-drive", Key=_key(2))
    status, reason = _judge_table(drive)
    assert status == "FAILED"
    assert "7 items restored, at least 8 expected" in reason
    assert "item USER#u VERSION#file2#1764000000000#upload2 is missing" in reason


def test_an_empty_table_is_failed_and_the_message_stays_short(drive: Any) -> None:
    for number in range(FILES):
        aws.client("dynamodb").delete_item(TableName="restored-drive", Key=_key(number))
    status, reason = _judge_table(drive)
    assert status == "FAILED"
    assert "and 2 more" in reason


def test_a_table_with_an_altered_item_is_failed(drive: Any) -> None:
    _change(2, "path", "music/other.mp3")
    status, reason = _judge_table(drive)
    assert (status, reason.endswith("upload2 differs")) == ("FAILED", True)


def test_a_table_whose_item_refers_to_a_lost_object_is_failed(drive: Any) -> None:
    s3 = aws.client("s3")
    version = s3.head_object(Bucket="files", Key="users/u/2")["VersionId"]
    s3.delete_object(Bucket="files", Key="users/u/2", VersionId=version)
    status, reason = _judge_table(drive)
    assert status == "FAILED"
    assert "refers to an object that is not there: files/users/u/2" in reason


def test_a_table_whose_item_refers_to_another_version_than_is_kept_is_failed(drive: Any) -> None:
    s3 = aws.client("s3")
    version = s3.head_object(Bucket="files", Key="users/u/2")["VersionId"]
    s3.put_object(Bucket="files", Key="users/u/2", Body=b"newer")
    s3.delete_object(Bucket="files", Key="users/u/2", VersionId=version)
    assert _judge_table(drive)[0] == "FAILED"


def test_a_version_of_the_other_region_is_looked_for_in_this_regions_replica(drive: Any, now: list[float]) -> None:
    s3, table = aws.client("s3"), aws.client("dynamodb")
    version = s3.put_object(Bucket="replica", Key="users/u/far", Body=b"far")["VersionId"]
    for item in _items(9, "users/u/far", 3, version):
        far = {"region": {"S": "us-east-2"}, "bucket": {"S": "files-far"}} if "path" in item else {}
        for name in ("drive", "restored-drive"):
            table.put_item(TableName=name, Item=item | far)
    record.handle({}, Context())
    s3.delete_object(Bucket="replica", Key="users/u/far", VersionId=version)
    now[0] += 60
    status, reason = _judge_table(drive)
    assert (status, "not there: replica/users/u/far" in reason) == ("FAILED", True)


def test_a_heartbeat_that_was_overwritten_before_the_backup_is_no_difference(drive: Any, now: list[float]) -> None:
    aws.client("s3").put_object(Bucket="files", Key="heartbeat/us-west-2.json", Body=b'{"at": 1}')
    record.handle({}, Context())
    now[0] += 60
    aws.client("s3").put_object(Bucket="restored-files", Key="heartbeat/us-west-2.json", Body=b'{"at": 2}')
    assert _judge_bucket(drive)[0] == "SUCCESSFUL"


def test_a_bucket_with_a_missing_object_is_failed(drive: Any) -> None:
    aws.client("s3").delete_object(Bucket="restored-files", Key="users/u/2")
    status, reason = _judge_bucket(drive)
    assert status == "FAILED"
    assert "object users/u/2 is missing" in reason


def test_a_bucket_with_an_altered_byte_is_failed(drive: Any) -> None:
    aws.client("s3").put_object(Bucket="restored-files", Key="users/u/2", Body=b"cantent 2")
    status, reason = _judge_bucket(drive)
    assert (status, reason) == ("FAILED", "object users/u/2 differs between bytes 0 and 9")


def test_a_bucket_with_a_shortened_object_is_failed(drive: Any) -> None:
    aws.client("s3").put_object(Bucket="restored-files", Key="users/u/2", Body=b"content")
    assert _judge_bucket(drive) == ("FAILED", "object users/u/2 has 7 bytes instead of 9")


@pytest.mark.parametrize(("deleted", "status"), [(1, "SUCCESSFUL"), (2, "FAILED")])
def test_what_a_customer_deleted_before_the_backup_may_be_missing_but_not_much_of_it(
    drive: Any, now: list[float], deleted: int, status: str
) -> None:
    now[0] = time.time()  # moto dates delete markers by the real clock
    record.handle({}, Context())
    for number in range(deleted):
        for bucket in ("files", "restored-files"):
            aws.client("s3").delete_object(Bucket=bucket, Key=f"users/u/{number}")
    # In four objects a thousandth is none: the count must fit too.
    aws.client("s3").put_object(Bucket="restored-files", Key="users/u/new1", Body=b"")
    aws.client("s3").put_object(Bucket="restored-files", Key="users/u/new2", Body=b"")
    now[0] += 60
    assert _judge_bucket(drive)[0] == status


def test_a_continuous_backup_is_held_against_the_moment_that_was_restored(drive: Any, now: list[float]) -> None:
    weeks_ago = datetime.fromtimestamp(now[0], UTC) - timedelta(weeks=3)
    drive.metadata["RestoreTime"] = datetime.fromtimestamp(now[0], UTC).isoformat()
    handler.handle(
        drive.restored("job", "S3", "files", "restored-files", RecoveryPointCreationDate=weeks_ago), Context()
    )
    assert drive.verdicts["job"][0] == "SUCCESSFUL"


def test_a_restore_that_nothing_was_written_down_about_is_failed(drive: Any, now: list[float]) -> None:
    now[0] -= 7200
    status, reason = _judge_table(drive)
    assert (status, reason.startswith("nothing was written down about drive before")) == ("FAILED", True)


def test_a_table_that_is_not_there_after_its_restore_is_failed(drive: Any) -> None:
    aws.client("dynamodb").delete_table(TableName="restored-drive")
    status, reason = _judge_table(drive)
    assert (status, "the check itself broke" in reason) == ("FAILED", True)


def test_a_check_that_crashes_says_failed(drive: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(*_: Any) -> None:
        raise MemoryError("no more")

    monkeypatch.setattr(checks, "findings", crash)
    assert _judge_table(drive) == ("FAILED", "the check itself broke: MemoryError: no more")


def test_a_check_without_enough_time_says_failed_before_it_is_killed(drive: Any) -> None:
    status, reason = _judge_table(drive, context=Context(seconds=1))
    assert (status, reason) == ("FAILED", "the check was not through when its time was over")


def test_a_restore_that_failed_itself_is_failed(drive: Any) -> None:
    status, reason = _judge_table(drive, Status="FAILED", StatusMessage="no permission")
    assert (status, reason) == ("FAILED", "the restore itself ended as FAILED: no permission")


def test_a_resource_that_nobody_can_check_is_failed(drive: Any) -> None:
    handler.handle(drive.restored("job", "EFS", "drive", "restored"), Context())
    assert drive.verdicts["job"] == ("FAILED", "there is no check for EFS")


def test_a_job_that_cannot_be_read_is_told_to_be_failed(drive: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    event = drive.restored("job", "S3", "files", "restored-files")
    monkeypatch.setattr(drive.client, "describe_restore_job", lambda **_: 1 / 0)
    handler.handle(event, Context())
    assert drive.verdicts["job"][0] == "FAILED"


def test_a_repeated_event_changes_nothing(drive: Any) -> None:
    event = drive.restored("job", "S3", "files", "restored-files")
    handler.handle(event, Context())
    aws.client("s3").delete_object(Bucket="restored-files", Key="users/u/2")  # AWS Backup cleans up after the verdict
    handler.handle(event, Context())
    assert drive.verdicts["job"][0] == "SUCCESSFUL"


@pytest.mark.parametrize("job", [{"CreatedBy": {}}, {"Status": "RUNNING"}])
def test_a_restore_that_is_not_a_finished_test_is_left_alone(drive: Any, job: dict[str, Any]) -> None:
    handler.handle(drive.restored("job", "S3", "files", "restored-files", **job), Context())
    assert drive.verdicts == {}


def test_a_restore_whose_event_was_lost_is_judged_within_the_hour(drive: Any, now: list[float]) -> None:
    drive.restored("job", "DynamoDB", "drive", "restored-drive")
    watch.handle({}, Context())
    assert drive.verdicts == {}
    now[0] += RESTORE_EVENT_LATE + 1
    watch.handle({}, Context())
    assert drive.verdicts["job"][0] == "SUCCESSFUL"


def test_no_validation_stays_open_when_the_validator_is_killed_each_time(drive: Any, now: list[float]) -> None:
    drive.restored("job", "DynamoDB", "drive", "restored-drive")
    now[0] += RESTORE_JUDGED_WITHIN + 1
    watch.handle({}, Context())
    assert drive.verdicts["job"] == ("FAILED", "nobody was able to check the restore in time")


def test_the_age_of_the_last_good_restore_is_measured(
    drive: Any, now: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    _judge_table(drive)
    now[0] += 9 * 24 * 3600
    capsys.readouterr()
    watch.handle({}, Context())
    printed = [line for line in capsys.readouterr().out.splitlines() if '"Source":"drive"' in line]
    assert '"DaysSinceGoodRestore":[9.0]' in printed[0]


def test_how_long_a_restore_took_is_measured(drive: Any, capsys: pytest.CaptureFixture[str]) -> None:
    _judge_table(drive)
    assert '"RestoreDurationSeconds":[420.0]' in capsys.readouterr().out


def _metric(printed: str, name: str) -> tuple[str, str, float]:
    """The last value of a metric, and the dimensions that its alarm looks for."""
    found = [json.loads(line) for line in printed.splitlines() if f'"{name}"' in line]
    (described,) = found[-1]["_aws"]["CloudWatchMetrics"]
    assert (described["Namespace"], described["Dimensions"]) == ("Drive", [["Source", "service"]])
    return found[-1]["Source"], found[-1]["service"], found[-1][name][0]


@pytest.mark.parametrize("function", ["restore-validator", "restore-watch"])
def test_alarms_find_what_either_function_measures_under_one_name(
    drive: Any, now: list[float], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, function: str
) -> None:
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", function)
    drive.restored("job", "DynamoDB", "drive", "restored-drive")
    if function == "restore-watch":
        now[0] += RESTORE_EVENT_LATE + 1
        watch.handle({}, Context())
    else:
        handler.handle({"detail": {"restoreJobId": "job"}}, Context())
    printed = capsys.readouterr().out
    for name, value in (("RestoreFailed", 0), ("RestoreDurationSeconds", 420), ("DaysSinceGoodRestore", 0)):
        assert _metric(printed, name) == ("drive", "restore-test", value)


def test_every_verdict_of_failure_is_counted(
    drive: Any, now: list[float], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _change(2, "path", "music/other.mp3")
    _judge_table(drive)
    assert _metric(capsys.readouterr().out, "RestoreFailed") == ("drive", "restore-test", 1)
    drive.restored("forgotten", "S3", "files", "restored-files")
    now[0] += RESTORE_JUDGED_WITHIN + 1
    watch.handle({}, Context())
    assert _metric(capsys.readouterr().out, "RestoreFailed") == ("files", "restore-test", 1)
    event = drive.restored("unreadable", "S3", "files", "restored-files")
    monkeypatch.setattr(drive.client, "describe_restore_job", lambda **_: 1 / 0)
    handler.handle(event, Context())
    assert _metric(capsys.readouterr().out, "RestoreFailed") == ("unknown", "restore-test", 1)


@pytest.mark.usefixtures("drive")
def test_a_source_that_cannot_be_read_does_not_keep_the_others_from_being_written_down(
    now: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RESTORE_TABLES", "absent,drive")
    now[0] += 60
    with pytest.raises(RuntimeError, match="absent"):
        record.handle({}, Context())
    keys = [found["Key"] for found in aws.client("s3").list_objects_v2(Bucket="expectations")["Contents"]]
    assert sum(key.startswith("expectations/table/drive/") for key in keys) == 2
