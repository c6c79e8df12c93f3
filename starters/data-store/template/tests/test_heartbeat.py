import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from heartbeat import handler

from tests.fake_backup import PLAN, FakeBackup, LambdaContext, faked


@pytest.fixture
def backup(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeBackup]:
    for name, value in {
        "SERVICE": "shop",
        "STORE": "shop-items",
        "BEATS": "",
        "VAULT": "shop-vault",
        "RESTORE_TESTING_PLAN": PLAN,
    }.items():
        monkeypatch.setenv(name, value)
    with faked() as fake:
        yield fake


def days_said(capsys: pytest.CaptureFixture[str]) -> float:
    handler.handle({}, LambdaContext())
    line = json.loads(capsys.readouterr().out)
    assert line["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "shop"
    assert line["Source"] == "shop"
    return float(line["DaysSinceGoodRestore"])


def ago(days: float) -> datetime:
    return datetime.now(UTC) - timedelta(days=days)


def test_the_days_since_the_last_good_restore_are_counted(
    backup: FakeBackup, capsys: pytest.CaptureFixture[str]
) -> None:
    backup.add_job("arn", CompletionDate=ago(12), ValidationStatus="SUCCESSFUL")
    backup.add_job("arn", CompletionDate=ago(5), ValidationStatus="SUCCESSFUL")
    assert days_said(capsys) == pytest.approx(5, abs=0.01)


@pytest.mark.parametrize("verdict", ["FAILED", "TIMED_OUT", "VALIDATING"])
def test_a_restore_that_was_not_found_good_does_not_count(
    backup: FakeBackup, capsys: pytest.CaptureFixture[str], verdict: str
) -> None:
    backup.add_job("arn", CompletionDate=ago(12), ValidationStatus="SUCCESSFUL")
    backup.add_job("arn", CompletionDate=ago(1), ValidationStatus=verdict)
    assert days_said(capsys) == pytest.approx(12, abs=0.01)


def test_the_restores_of_another_service_do_not_count(backup: FakeBackup, capsys: pytest.CaptureFixture[str]) -> None:
    backup.vault_made = ago(3)
    backup.add_job("arn", ValidationStatus="SUCCESSFUL", CreatedBy={"RestoreTestingPlanArn": "another"})
    assert days_said(capsys) == pytest.approx(3, abs=0.01)


def test_before_the_first_restore_the_days_since_the_vault_was_made_are_counted(
    backup: FakeBackup, capsys: pytest.CaptureFixture[str]
) -> None:
    backup.vault_made = ago(2)
    assert days_said(capsys) == pytest.approx(2, abs=0.01)


@pytest.mark.usefixtures("backup")
def test_a_heartbeat_is_written_where_the_store_is_backed_up(monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[str] = []
    monkeypatch.setattr(handler, "beat", written.append)
    handler.handle({}, LambdaContext())
    assert written == []
    monkeypatch.setenv("BEATS", "yes")
    handler.handle({}, LambdaContext())
    assert written == ["shop-items"]
