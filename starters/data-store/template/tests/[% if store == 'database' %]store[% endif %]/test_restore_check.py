"""What can be told of a database from outside."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from moto import mock_aws
from restore_check.handler import handle as check
from store import watching

from tests.fake_backup import PLAN, FakeBackup, LambdaContext, faked

LIVE, RESTORED = "shop-database", "awsbackup-restore-test-1"
RESTORED_ARN = f"arn:aws:rds:eu-west-1:000000000000:cluster:{RESTORED}"


@pytest.fixture
def backup(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeBackup]:
    for name, value in {
        "AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-west-1", "SERVICE": "shop", "STORE": LIVE,
        "RESTORE_TESTING_PLAN": PLAN,
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    with mock_aws(), faked() as fake:
        make(LIVE)
        yield fake


def make(name: str, **changes: Any) -> None:
    settings = {
        "Engine": "aurora-postgresql",
        "MasterUsername": "postgres",
        "MasterUserPassword": "only-moto-ever-sees-this",
        "DatabaseName": "app",
        "StorageEncrypted": True,
    }
    boto3.client("rds").create_db_cluster(DBClusterIdentifier=name, **settings | changes)


def judged(backup: FakeBackup, context: LambdaContext | None = None, **job: Any) -> tuple[str, str]:
    job_id = backup.add_job(RESTORED_ARN, **job)
    check({"detail": {"restoreJobId": job_id}}, context or LambdaContext())
    [verdict] = backup.verdicts
    return verdict


def test_a_good_restore_is_successful(backup: FakeBackup) -> None:
    make(RESTORED)
    assert judged(backup)[0] == "SUCCESSFUL"


def test_a_region_with_copies_only_judges_without_a_live_database(
    backup: FakeBackup, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STORE", "")
    make(RESTORED, DatabaseName="other")
    assert judged(backup)[0] == "SUCCESSFUL"


def test_a_restore_that_made_nothing_fails(backup: FakeBackup) -> None:
    assert judged(backup) == ("FAILED", "nothing was restored")


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"StorageEncrypted": False}, "it is not encrypted"),
        ({"DatabaseName": "other"}, "its DatabaseName is not that of shop-database"),
        ({"MasterUsername": "somebody"}, "its MasterUsername is not that of shop-database"),
    ],
)
def test_a_restore_of_something_else_fails(backup: FakeBackup, changes: dict[str, Any], why: str) -> None:
    make(RESTORED, **changes)
    assert judged(backup) == ("FAILED", why)


def test_a_backup_that_is_too_old_fails(backup: FakeBackup) -> None:
    make(RESTORED)
    verdict, why = judged(backup, RecoveryPointCreationDate=datetime.now(UTC) - timedelta(days=10))
    assert (verdict, why[:25]) == ("FAILED", "the backup is 10 days old")


def test_a_check_that_runs_out_of_time_says_failed(backup: FakeBackup) -> None:
    make(RESTORED)
    assert judged(backup, LambdaContext(seconds=5)) == ("FAILED", "the check was not through when its time was over")


def test_a_check_that_breaks_says_failed(backup: FakeBackup, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "ALIKE", None)
    make(RESTORED)
    verdict, why = judged(backup)
    assert verdict == "FAILED"
    assert why.startswith("the check itself broke: ")


def test_how_far_recovery_is_behind_is_measured(
    backup: FakeBackup, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert backup
    until = datetime.now(UTC) - timedelta(minutes=7)
    monkeypatch.setattr(watching, "_cluster", lambda _: {"LatestRestorableTime": until})
    watching.beat(LIVE)
    assert json.loads(capsys.readouterr().out)["MinutesBehind"] == pytest.approx(7, abs=0.1)


def test_a_heartbeat_without_a_database_fails(backup: FakeBackup) -> None:
    assert backup
    with pytest.raises(LookupError):
        watching.beat("shop-other")
