"""One week's restore test on a running drive, and AWS Backup's jobs as the embedded cloud simulates them."""

from pathlib import Path
from typing import Any

import pytest

from drills import restore_test
from drills.drill import CouldNotRun, Findings, Options, Run
from drills.frame.plan import Actor, Design
from drills.frame.running import Drive
from drills.stores import backups
from tests.drills.region_drive import a_run, running_drive


@pytest.fixture(scope="module")
def drive(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Drive:
    return running_drive(request, tmp_path_factory.mktemp("drive"))


@pytest.fixture(scope="module")
def found(drive: Drive, tmp_path_factory: pytest.TempPathFactory) -> Findings:
    return restore_test.run(drive, a_run(drive, tmp_path_factory.mktemp("run")))


def test_every_restore_is_good_and_every_damaged_one_is_called_bad(found: Findings) -> None:
    assert [promise for promise in found.promises if not promise.kept] == []
    assert sum("verdict on" in promise.text for promise in found.promises) == 3


def test_each_verdict_is_that_of_the_deployed_validator_about_this_week(found: Findings, drive: Drive) -> None:
    for source in backups.sources(drive, drive.design.primary):
        assert found.measurements[str(source)]["evidence"]
        assert found.measurements[str(source)]["message"] == "as written down before the backup"


def test_a_restore_shows_the_moment_of_its_backup(drive: Drive) -> None:
    s3, bucket = drive.client("s3"), drive.bucket("golden")
    [source] = [one for one in backups.sources(drive, drive.design.primary) if one.role == "golden"]
    s3.put_object(Bucket=bucket, Key="known", Body=b"before")
    point = backups.back_up(drive, source)
    s3.put_object(Bucket=bucket, Key="known", Body=b"after!")
    backups.restore(drive, source, point, "looked-into")
    assert s3.get_object(Bucket="looked-into", Key="known")["Body"].read() == b"before"
    backups.remove(drive, source, "looked-into")


def test_a_restore_that_no_test_made_gets_no_verdict(drive: Drive) -> None:
    [source] = [one for one in backups.sources(drive, drive.design.primary) if one.role == "subscribers"]
    job = backups.restore(drive, source, backups.back_up(drive, source), "for-a-person")
    backups.remove(drive, source, "for-a-person")
    assert "ValidationStatus" not in job
    backup = drive.client("backup")
    with pytest.raises(backup.exceptions.InvalidRequestException):
        backup.put_restore_validation_result(RestoreJobId=job["RestoreJobId"], ValidationStatus="SUCCESSFUL")


def test_what_was_never_backed_up_cannot_be_restored(drive: Drive) -> None:
    [source] = [one for one in backups.sources(drive, drive.design.primary) if one.role == "drive"]
    backup = drive.client("backup")
    with pytest.raises(backup.exceptions.ResourceNotFoundException):
        backups.restore(drive, source, "arn:aws:backup:eu-west-1:000000000000:recovery-point:none", "nothing")


def test_a_restore_over_something_that_is_there_fails(drive: Drive) -> None:
    [source] = [one for one in backups.sources(drive, drive.design.primary) if one.role == "drive"]
    point = backups.back_up(drive, source)
    with pytest.raises(CouldNotRun, match="FAILED"):
        backups.restore(drive, source, point, source.name)


def test_the_plan_names_every_source_of_both_regions_and_only_new_places(design: Design) -> None:
    steps = restore_test.plan(design)
    restores = [step for step in steps if step.operation == "StartRestoreJob"]
    assert len(restores) == 2 * (len(backups.TABLES) + len(backups.BUCKETS))
    assert all("restore-drill-<id>" in str(step.parameters["Metadata"]) for step in restores)
    assert {step.actor for step in steps} == {Actor.CALL, Actor.PERSON}


def test_nothing_is_done_in_another_account_than_the_one_that_was_named(
    design: Design, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, drive: Drive
) -> None:
    asked: list[str] = []

    def client(_: Any, service: str, region: str | None = None) -> Any:
        asked.append(service)
        return drive.client(service, region)

    monkeypatch.setattr(restore_test.Account, "client", client)
    run = a_run(drive, tmp_path)
    run = Run(Options(folder=tmp_path, target="aws", execute="123456789012"), design, tmp_path, run.console)
    with pytest.raises(CouldNotRun, match="nothing was done"):
        restore_test.execute(design, run)
    assert asked == ["sts"]
