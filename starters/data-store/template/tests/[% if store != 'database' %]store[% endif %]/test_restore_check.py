"""What the restore check says of good and of bad restores."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from heartbeat.handler import handle as beat
from restore_check.handler import handle as check

from tests.fake_backup import LambdaContext

ORDERS = 5


@pytest.fixture
def backed_up(world: Any) -> Any:
    """Some orders, two heartbeats that list them, and a restore of it all."""
    for number in range(ORDERS):
        world.put(world.live, number, f"order {number}")
    for _ in range(2):
        beat({}, LambdaContext())
    world.back_up_and_restore()
    return world


def judged(world: Any, context: LambdaContext | None = None, **job: Any) -> tuple[str, str]:
    job_id = world.backup.add_job(world.restored_arn, **job)
    check({"detail": {"restoreJobId": job_id}}, context or LambdaContext())
    [verdict] = world.backup.verdicts
    return verdict  # type: ignore[no-any-return]


def test_a_good_restore_is_successful(backed_up: Any) -> None:
    assert judged(backed_up)[0] == "SUCCESSFUL"


def test_a_restore_without_an_item_fails(backed_up: Any) -> None:
    backed_up.remove(backed_up.restored, 3)
    assert judged(backed_up) == ("FAILED", f"{backed_up.key(3)} is missing")


def test_a_restore_with_a_corrupted_item_fails(backed_up: Any) -> None:
    backed_up.put(backed_up.restored, 2, "order X")
    assert judged(backed_up) == ("FAILED", f"{backed_up.key(2)} is not what it was")


def test_a_restore_without_a_heartbeat_fails_though_the_items_are_there(world: Any) -> None:
    for number in range(ORDERS):
        world.put(world.live, number, f"order {number}")
    world.back_up_and_restore()
    assert judged(world) == ("FAILED", "there is no heartbeat in it: it is empty, or a copy of something else")


def test_an_empty_restore_fails(world: Any) -> None:
    beat({}, LambdaContext())
    assert judged(world) == ("FAILED", "there is no heartbeat in it: it is empty, or a copy of something else")


def test_a_backup_that_shows_an_older_state_than_its_own_fails(backed_up: Any) -> None:
    later = datetime.now(UTC) + timedelta(hours=5)
    assert judged(backed_up, RecoveryPointCreationDate=later) == (
        "FAILED",
        "its newest heartbeat is 5 hours older than the backup",
    )


def test_a_backup_that_is_too_old_fails(backed_up: Any) -> None:
    made = datetime.now(UTC) - timedelta(days=10)
    verdict, why = judged(backed_up, RecoveryPointCreationDate=made)
    assert (verdict, why[:25]) == ("FAILED", "the backup is 10 days old")


def test_a_check_that_runs_out_of_time_says_failed(backed_up: Any) -> None:
    verdict = judged(backed_up, LambdaContext(seconds=5))
    assert verdict == ("FAILED", "the check was not through when its time was over")


def test_a_check_that_breaks_says_failed(backed_up: Any) -> None:
    backed_up.lose_restored()
    verdict, why = judged(backed_up)
    assert verdict == "FAILED"
    assert why.startswith("the check itself broke: ")


def test_an_item_that_was_changed_or_deleted_on_purpose_is_excused(backed_up: Any) -> None:
    for store in (backed_up.live, backed_up.restored):
        backed_up.put(store, 0, "order 0, changed after the heartbeat and before the backup")
        backed_up.remove(store, 1)
    assert judged(backed_up)[0] == "SUCCESSFUL"


def test_a_backup_made_after_most_was_deleted_fails(backed_up: Any) -> None:
    for number in range(ORDERS):
        for store in (backed_up.live, backed_up.restored):
            backed_up.remove(store, number)
    verdict, why = judged(backed_up)
    assert verdict == "FAILED"
    assert "have changed since" in why


def test_a_restore_that_failed_by_itself_is_counted_and_gets_no_verdict(
    backed_up: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    job = backed_up.backup.add_job(backed_up.restored_arn, Status="FAILED", StatusMessage="no permission")
    check({"detail": {"restoreJobId": job}}, LambdaContext())
    assert backed_up.backup.verdicts == []
    assert counted(capsys) == [("shop", 1)]


@pytest.mark.parametrize("plan", [{}, {"RestoreTestingPlanArn": "another"}])
def test_a_restore_of_somebody_else_is_left_alone(backed_up: Any, plan: dict[str, str]) -> None:
    job = backed_up.backup.add_job(backed_up.restored_arn, CreatedBy=plan)
    check({"detail": {"restoreJobId": job}}, LambdaContext())
    assert backed_up.backup.verdicts == []


def test_an_event_that_comes_twice_is_judged_once(backed_up: Any) -> None:
    job = backed_up.backup.add_job(backed_up.restored_arn)
    for _ in range(2):
        check({"detail": {"restoreJobId": job}}, LambdaContext())
    assert len(backed_up.backup.verdicts) == 1


def test_a_job_that_cannot_be_read_is_counted_and_tried_again(
    backed_up: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(KeyError):
        check({"detail": {"restoreJobId": "unheard of"}}, LambdaContext())
    assert counted(capsys) == [("unknown", 1)]
    assert backed_up.backup.verdicts == []


def counted(capsys: pytest.CaptureFixture[str]) -> list[tuple[str, int]]:
    """By source, what was counted as a bad restore."""
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    return [(line["Source"], line["RestoreFailed"]) for line in lines if "RestoreFailed" in line]
