"""The drive is broken on purpose, one way at a time: the drills of deletions, restores and the provider notice."""

from dataclasses import replace
from pathlib import Path

import pytest

from drills import bad_delete, provider_loss, restore_test
from drills.bad_delete import Scene
from drills.drill import Findings, Run
from drills.frame.running import Drive
from drills.stores import backups, offsite_copy, thief
from drills.stores.offsite_copy import STORE_REGION
from embedded_cloud.embedded import EmbeddedCloud
from tests.drills.region_drive import a_run, running_drive
from tests.drills.test_broken_storm import broken_code
from tests.drills.test_provider_loss import empty_place

CHECKS = "services/restore_validator/checks.py"


@pytest.fixture(scope="module")
def drive(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Drive:
    return running_drive(request, tmp_path_factory.mktemp("drive"))


@pytest.fixture
def scene(drive: Drive, tmp_path: Path) -> Scene:
    """A drill that waits a tenth as long for what will not come."""
    run = a_run(drive, tmp_path)
    hurried = replace(run.options, time_scale=10 * run.options.time_scale)
    return bad_delete.begun(drive, Run(hurried, run.design, run.folder, run.console))


def broken(found: Findings) -> set[str]:
    return {promise.text for promise in found.promises if not promise.kept}


def accept_anything(source: str) -> str:
    """Find nothing, whatever was restored."""
    known = "    compare = _item_finding"
    assert known in source
    return source.replace(known, f"    return []\n{known}")


def test_a_validator_that_does_not_look_fails_the_drill(scene: Scene) -> None:
    source = backups.sources(scene.drive, scene.drive.design.primary)[0]
    backups.write_expectations(scene.drive, source.region)
    point = backups.back_up(scene.drive, source)
    with broken_code(scene.drive, "restore-validator", CHECKS, accept_anything):
        bad_delete.judge(scene, source, point)
    assert broken(scene.found) == {"validator: of a damaged restore"}


def expect_nothing(source: str) -> str:
    """Write down that a source is empty."""
    known = "return Expectations(kind=kind, name=name, written_at=written_at, count=count, samples=samples)"
    assert known in source
    return source.replace(known, known.replace("count=count, samples=samples", "count=0, samples=()"))


def test_expectations_that_say_nothing_fail_the_drill(scene: Scene) -> None:
    source = backups.sources(scene.drive, scene.drive.design.primary)[0]
    with broken_code(scene.drive, "restore-expectations", "services/restore_validator/record.py", expect_nothing):
        backups.write_expectations(scene.drive, source.region)
    bad_delete.judge(scene, source, backups.back_up(scene.drive, source))
    assert broken(scene.found) == {"validator: of a damaged restore"}


def test_expectations_that_are_never_written_fail_the_restore_test(
    drive: Drive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    s3, bucket = drive.client("s3"), drive.bucket("expectations")
    for found in s3.list_objects_v2(Bucket=bucket).get("Contents", []):
        s3.delete_object(Bucket=bucket, Key=found["Key"])
    monkeypatch.setattr(backups, "write_expectations", lambda *_: None)
    told, run = Findings(), a_run(drive, tmp_path)
    restore_test.promise_restores(told, list(restore_test.week(drive, run, told, drive.design.primary)))
    assert broken(told) == {"restores that were found good", "good restores with evidence written down"}


def test_a_bucket_whose_versions_are_suspended_fails_the_restore_test(drive: Drive) -> None:
    s3, bucket = drive.client("s3"), drive.bucket("golden")
    [source] = [one for one in backups.sources(drive, drive.design.primary) if one.role == "golden"]
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
    try:
        s3.put_object(Bucket=bucket, Key="known", Body=b"before")
        backups.write_expectations(drive, source.region)
        point = backups.back_up(drive, source)
        s3.put_object(Bucket=bucket, Key="known", Body=b"after!")
        restored = backups.try_restore(drive, source, point)
    finally:
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    backups.remove(drive, source, restored.name)
    assert (restored.good, "known differs" in restored.message) == (False, True)


def test_copies_without_a_lock_fail_the_drill(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thief, "lock_copies", lambda *_: 0)
    bad_delete.by_a_thief(scene)
    assert {"thief: deletions of locked copies", "thief: files lost"} <= broken(scene.found)


def test_paused_replication_fails_the_drill(drive: Drive, tmp_path: Path) -> None:
    drive.cloud.pause_replication("s3")
    try:
        run = a_run(drive, tmp_path)
        hurried = replace(run.options, time_scale=10 * run.options.time_scale)
        scene = bad_delete.begun(drive, Run(hurried, run.design, run.folder, run.console))
        bad_delete.by_a_thief(scene)
    finally:
        drive.cloud.resume_replication("s3")
    assert {"thief: files copied to the other region in time", "thief: files lost"} <= broken(scene.found)


def test_an_offsite_copy_that_stopped_before_the_end_fails_the_drill(drive: Drive, tmp_path: Path) -> None:
    run, found = a_run(drive, tmp_path), Findings()
    with offsite_copy.store_elsewhere(tmp_path / "elsewhere") as elsewhere:
        before = provider_loss.copied(drive, run, found, elsewhere, patience=0)
        cloud: EmbeddedCloud = elsewhere.cloud
        place, environment = empty_place(cloud, "partly"), cloud.environment(STORE_REGION)
        cut_off(elsewhere)
        provider_loss.restore_and_count(run, found, elsewhere, before, place, environment)
    assert {"restore: ended with", "records of the copy"} <= broken(found)


def cut_off(elsewhere: offsite_copy.Elsewhere) -> None:
    """Take the newest link away: as if the copier had stopped one batch earlier."""
    links = elsewhere.s3.list_objects_v2(Bucket=offsite_copy.BUCKET, Prefix="chain/", MaxKeys=1).get("Contents", [])
    for link in links:
        elsewhere.s3.delete_object(Bucket=offsite_copy.BUCKET, Key=link["Key"])
