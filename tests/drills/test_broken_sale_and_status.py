"""The drive is broken on purpose, one way at a time: the sale day and the status page have to notice."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from drills import sale_day
from drills.frame.running import Drive
from drills.sale_day import Size, play_sale
from drills.status import status_judging, status_story
from drills.status.status_story import Story
from drills.surge import sale_judging
from drills.surge.autoscaling import Raise, Scaling
from drills.surge.planned_event import event
from drills.surge.sale_judging import EARLY, Sale
from drills.traffic.distance import far_from_s3
from drills.traffic.playing import warm_up
from tests.drills.region_drive import a_run, running_drive
from tests.drills.test_broken_storm import broken_code

SMALL = Size(rate=4.0, before=12.0, sale=16.0, after=1.0, tasks_per_worker=9, build_seconds=1.4, load_factor=40.0)


@pytest.fixture
def drive(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Drive:
    return running_drive(request, tmp_path_factory.mktemp("drive"))


def _scaling(drive: Drive, *, planned: bool) -> Scaling:
    """Return what the template says every day, and what it would say of the event."""
    everyday = Scaling.of(drive.design.templates[f"Bundling-{drive.design.primary}"])
    actions = (Raise("starts", event().start - EARLY, 36), Raise("is-over", event().end + EARLY, everyday.minimum))
    return Scaling(
        everyday.minimum,
        72 if planned else everyday.maximum,
        actions if planned else (),
        everyday.late,
        everyday.backlog_per_task,
    )


def _sale(drive: Drive, folder: Path, *, planned: bool, has_capacity: bool = True) -> Sale:
    warm_up(drive.places(), drive.identity.token("warm"))
    region = drive.design.primary
    with far_from_s3(drive, region, SMALL.build_seconds / sale_day.CALLS):
        return play_sale(
            drive,
            a_run(drive, folder),
            SMALL,
            "no-capacity" if not has_capacity else "with-event",
            _scaling(drive, planned=planned),
            has_capacity=has_capacity,
        )


def test_with_the_event_its_capacity_is_at_work_before_the_sale(drive: Drive, tmp_path: Path) -> None:
    sale = _sale(drive, tmp_path, planned=True)
    assert [promise for promise in sale_judging._in_time(sale, SMALL) if not promise.kept] == []
    assert len(sale.waits()) > 0


def test_without_the_event_its_capacity_is_missing_and_the_drill_fails(drive: Drive, tmp_path: Path) -> None:
    sale = _sale(drive, tmp_path, planned=False)
    broken = [promise.text for promise in sale_judging._in_time(sale, SMALL) if not promise.kept]
    assert broken == ["and that is more than on any other day"]


def _behind_the_lever(sale: Sale, drive: Drive) -> list[str]:
    return [promise.text for promise in sale_judging._sheds(sale, SMALL, drive) if not promise.kept]


def test_a_lever_that_the_api_obeys_turns_users_away(
    drive: Drive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sale_day, "NOTICED_AFTER", 60)
    sale = _sale(drive, tmp_path, planned=True, has_capacity=False)
    broken = _behind_the_lever(sale, drive)
    assert "no capacity: of them, let in all the same" not in broken
    assert "no capacity: orders that met the lever and came too early" not in broken


def _ignore_the_lever(source: str) -> str:
    known = "lever.admit_percent"
    assert known in source
    return source.replace(known, "100")


def test_a_lever_that_the_api_ignores_lets_everybody_in_and_the_drill_fails(
    drive: Drive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sale_day, "NOTICED_AFTER", 60)
    with broken_code(drive, "api-order", "services/api/admission.py", _ignore_the_lever):
        sale = _sale(drive, tmp_path, planned=True, has_capacity=False)
    assert "no capacity: of them, let in all the same" in _behind_the_lever(sale, drive)


@contextmanager
def _story(drive: Drive, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Story]:
    """Begin the drill of the status page with three subscribers; what never comes is not waited for as long."""
    monkeypatch.setattr(status_story, "STARTING", 40.0)
    monkeypatch.setattr(status_story.Story, "look", lambda *_: None)
    with status_story.begin(drive, a_run(drive, folder), confirmed=3, asked=1) as story:
        status_story.all_is_well(story)
        yield story
    drive.cloud.bring_up(story.lost)


def _broken(story: Story) -> set[str]:
    return {promise.text for promise in status_judging.findings(story).promises if not promise.kept}


def test_customers_are_told_of_a_lost_region(drive: Drive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with _story(drive, tmp_path, monkeypatch) as story:
        status_story.region_is_lost(story)
        status_story.people_tell(story)
    broken = _broken(story)
    assert story.noticed
    assert story.drafted_at
    assert not broken & {"subscribers without a message", "messages that came twice"}
    assert "messages that name the page and the way to end them" not in broken


def test_without_the_publisher_nobody_is_told_and_the_drill_fails(
    drive: Drive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with _story(drive, tmp_path, monkeypatch) as story:
        story.desk.publish_each_minute(on=False)
        status_story.region_is_lost(story)
    assert "from the loss until the page says it" in _broken(story)
    assert "from then until the first message is drafted" in _broken(story)


def test_when_no_mail_can_be_sent_the_drill_fails(
    drive: Drive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with _story(drive, tmp_path, monkeypatch) as story:
        status_story.region_is_lost(story)
        drive.cloud.refuse("ses:SendEmail", drive.design.observer)
        try:
            status_story.people_tell(story)
        finally:
            drive.cloud.allow()
    broken = _broken(story)
    assert "subscribers without a message" in broken
    assert "from the loss until the first message has left" in broken
