"""The drill on a running drive; each part of it must have kept its promises, and the plan must do no harm beside it."""

from collections.abc import Iterator
from typing import Any

import pytest

from drills import bad_delete
from drills.drill import Findings
from drills.frame.plan import Design
from drills.frame.running import Drive
from drills.stores import lost_items
from tests.drills.region_drive import a_run, running_drive


@pytest.fixture(scope="module")
def drive(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Drive:
    return running_drive(request, tmp_path_factory.mktemp("drive"))


@pytest.fixture(scope="module")
def found(drive: Drive, tmp_path_factory: pytest.TempPathFactory) -> Findings:
    return bad_delete.run(drive, a_run(drive, tmp_path_factory.mktemp("run")))


def test_everything_that_was_deleted_is_had_back(found: Findings) -> None:
    assert [promise for promise in found.promises if not promise.kept] == []
    assert found.objects is not None
    assert (found.objects.into, found.objects.lost, found.objects.doubled) == (bad_delete.FILES_IN_SHORT, 0, 0)


def test_the_fault_deletes_in_both_regions_and_a_restore_to_a_moment_proves_nothing_here(found: Findings) -> None:
    assert found.measurements["items_left_in_the_other_region"] == 0
    assert found.measurements["files_fetched_meanwhile"] == 0
    assert found.measurements["items_that_a_restore_to_a_moment_lacks_here"] == 1


def test_a_users_mistake_is_undone_with_the_command_too(found: Findings) -> None:
    assert found.measurements["undeleted_by_the_command"] >= 1


def test_the_validator_names_what_is_damaged(found: Findings) -> None:
    assert "differs" in found.measurements["validator_on_a_damaged_restore"]


@pytest.fixture
def tables(drive: Drive) -> Iterator[tuple[Any, str, str]]:
    dynamodb = drive.client("dynamodb")
    names = ("live", "restored")
    for name in names:
        dynamodb.create_table(
            TableName=name,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in ("pk", "sk")],
        )
    yield dynamodb, *names
    for name in names:
        dynamodb.delete_table(TableName=name)


def item(number: int, **others: str) -> dict[str, Any]:
    return {"pk": {"S": str(number)}, "sk": {"S": "X"}, **{name: {"S": value} for name, value in others.items()}}


def test_only_what_is_missing_is_put_back_and_what_is_newer_stays(tables: tuple[Any, str, str]) -> None:
    dynamodb, live, restored = tables
    for number in range(3):
        dynamodb.put_item(TableName=restored, Item=item(number, state="old"))
    dynamodb.put_item(TableName=restored, Item=item(9, expires_at="gone"))
    dynamodb.put_item(TableName=live, Item=item(0, state="new"))
    difference = lost_items.compare(dynamodb, live, restored)
    assert [missing["pk"]["S"] for missing in difference.missing] == ["1", "2"]
    assert difference.changed == [item(0, state="old")]
    dynamodb.put_item(TableName=live, Item=item(1, state="somebody was faster"))
    assert lost_items.put_back(dynamodb, live, difference.missing) == 1
    states = {found["pk"]["S"]: found["state"]["S"] for found in lost_items.items(dynamodb, live)}
    assert states == {"0": "new", "1": "somebody was faster", "2": "old"}


def test_the_plan_restores_beside_the_table_and_never_over_it(design: Design) -> None:
    steps = bad_delete.plan(design)
    [restored] = [step for step in steps if step.operation == "RestoreTableToPointInTime"]
    [removed] = [step for step in steps if step.operation == "DeleteTable"]
    assert restored.parameters["TargetTableName"] == removed.parameters["TableName"] != design.name("drive")
    assert next(step for step in steps if step.operation == "PutItem").parameters["ConditionExpression"]
