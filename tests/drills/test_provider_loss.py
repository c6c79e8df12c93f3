"""The offsite copy of a running drive, restored elsewhere from the store alone; the drive itself is left alone here."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from drills import provider_loss
from drills.drill import Findings, Run
from drills.frame.plan import Design
from drills.frame.running import Drive
from drills.provider_loss import Before, Place
from drills.stores import offsite_copy
from drills.stores.offsite_copy import STORE_REGION, Elsewhere
from embedded_cloud.embedded import EmbeddedCloud
from tests.drills.region_drive import a_run, running_drive


@pytest.fixture(scope="module")
def drive(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Drive:
    return running_drive(request, tmp_path_factory.mktemp("drive"))


@pytest.fixture(scope="module")
def run(drive: Drive, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return a_run(drive, tmp_path_factory.mktemp("run"))


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Elsewhere]:
    with offsite_copy.store_elsewhere(tmp_path_factory.mktemp("elsewhere")) as store:
        yield store


@dataclass
class Story:
    """What was copied, and what came of restoring it."""

    before: Before
    found: Findings
    place: Place


@pytest.fixture(scope="module")
def story(drive: Drive, run: Run, elsewhere: Elsewhere) -> Story:
    found = Findings()
    before = provider_loss.copied(drive, run, found, elsewhere)
    place = empty_place(elsewhere.cloud, "whole")
    environment = elsewhere.cloud.environment(STORE_REGION)
    provider_loss.restore_and_count(run, found, elsewhere, before, place, environment)
    return Story(before, found, place)


def empty_place(cloud: EmbeddedCloud, name: str) -> Place:
    s3: Any = cloud.client("s3", STORE_REGION)
    dynamodb: Any = cloud.client("dynamodb", STORE_REGION)
    s3.create_bucket(Bucket=name)
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in ("pk", "sk")],
    )
    return Place(name, name, s3, dynamodb)


def test_every_file_and_every_record_of_the_copy_is_there(story: Story) -> None:
    assert [promise for promise in story.found.promises if not promise.kept] == []
    assert story.found.measurements["records"]["missing"] == 0


def test_what_is_newer_than_the_copy_is_counted_as_lost(story: Story) -> None:
    assert story.found.objects is not None
    assert (story.found.objects.into, story.found.objects.lost) == (provider_loss.FILES_IN_SHORT + 1, 1)


@pytest.mark.usefixtures("story")
def test_what_lies_elsewhere_can_be_read_by_nobody(elsewhere: Elsewhere) -> None:
    listed = elsewhere.s3.list_objects_v2(Bucket=offsite_copy.BUCKET)["Contents"]
    bodies = [elsewhere.s3.get_object(Bucket=offsite_copy.BUCKET, Key=found["Key"])["Body"].read() for found in listed]
    assert all(body.startswith(b"SEAWALL1") for body in bodies)
    assert not any(b"kept/" in body or b"USER#" in body for body in bodies)


def test_an_album_keeps_the_bytes_of_its_records(story: Story) -> None:
    found = story.place.dynamodb.scan(TableName=story.place.table)["Items"]
    restored = {item["pk"]["S"]: item["entries"]["B"] for item in found if item["sk"]["S"].startswith("PART#")}
    before = {item["pk"]["S"]: item["entries"]["B"] for item in story.before.records if "entries" in item}
    assert restored == before != {}


@pytest.mark.usefixtures("story")
def test_a_wrong_key_is_refused_before_anything_is_written(run: Run, elsewhere: Elsewhere) -> None:
    found = Findings()
    provider_loss.refuse_the_wrong_key(run, found, elsewhere)
    assert all(promise.kept for promise in found.promises)


def test_a_place_that_holds_something_is_refused(story: Story, run: Run, elsewhere: Elsewhere) -> None:
    to = ["--to-bucket", story.place.bucket, "--to-table", story.place.table]
    environment = elsewhere.cloud.environment(STORE_REGION)
    rebuilt = offsite_copy.rebuild(elsewhere, run.folder, to, environment=environment)
    assert rebuilt.code == provider_loss.REFUSED


def test_a_chain_whose_end_was_cut_off_is_noticed(story: Story, run: Run, elsewhere: Elsewhere) -> None:
    to = ["--to-folder", str(run.folder / "cut")]
    rebuilt = offsite_copy.rebuild(elsewhere, run.folder, to, link=story.before.link + 1)
    assert rebuilt.code == 1
    assert any("its end was cut off" in problem for problem in rebuilt.report["problems"])


def test_what_was_spoilt_is_named(story: Story, run: Run, elsewhere: Elsewhere) -> None:
    found = Findings()
    provider_loss.spoil(run, found, elsewhere, story.before)
    assert [promise for promise in found.promises if not promise.kept] == []


def test_the_plan_never_asks_the_lost_account_once_the_new_one_is_there(design: Design) -> None:
    steps = list(provider_loss.plan(design))
    [deployed] = [number for number, step in enumerate(steps) if "cdk deploy" in step.operation]
    assert not any(step.region == design.standby for step in steps[deployed:])


@pytest.mark.usefixtures("story")
def test_the_key_is_left_in_no_file(run: Run) -> None:
    assert not list(Path(run.folder).glob("key-*"))
