"""What store.py promises."""

from pathlib import Path
from typing import Any

import pytest

from tests.stacks.written import HOME, REGIONS, SECOND, SERVICE, alarms, resources


@pytest.fixture
def template(templates: dict[str, Path]) -> Path:
    return templates[f"Store-{HOME}"]


@pytest.fixture
def table(template: Path) -> dict[str, Any]:
    [found] = resources(template, "AWS::DynamoDB::GlobalTable")
    return found


def test_every_region_has_a_full_copy(table: dict[str, Any]) -> None:
    assert {replica["Region"] for replica in table["Properties"]["Replicas"]} == set(REGIONS)


def test_any_second_of_the_last_35_days_can_be_restored_in_each_region(table: dict[str, Any]) -> None:
    for replica in table["Properties"]["Replicas"]:
        assert replica["PointInTimeRecoverySpecification"] == {
            "PointInTimeRecoveryEnabled": True,
            "RecoveryPeriodInDays": 35,
        }


def test_the_table_has_to_be_unlocked_before_it_is_deleted_and_outlives_its_stack(table: dict[str, Any]) -> None:
    assert all(replica["DeletionProtectionEnabled"] for replica in table["Properties"]["Replicas"])
    assert (table["DeletionPolicy"], table["UpdateReplacePolicy"]) == ("Retain", "Retain")


def test_capacity_follows_the_requests_and_refused_ones_are_noticed(table: dict[str, Any], template: Path) -> None:
    assert table["Properties"]["BillingMode"] == "PAY_PER_REQUEST"
    assert "items-throttled" in alarms(template)
    assert ("items-late" in alarms(template)) == bool(SECOND)


def test_the_table_is_in_the_backup_plan(table: dict[str, Any]) -> None:
    home = next(replica for replica in table["Properties"]["Replicas"] if replica["Region"] == HOME)
    assert {tag["Key"]: tag["Value"] for tag in home["Tags"]}["seawall:backup"] == SERVICE
