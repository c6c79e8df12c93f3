import json
from pathlib import Path
from typing import Any

import pytest

Template = dict[str, Any]


@pytest.fixture(scope="session")
def table(templates: dict[str, Template]) -> Template:
    tables: list[Template] = [
        resource
        for resource in templates["Catalogue"]["Resources"].values()
        if resource["Type"] == "AWS::DynamoDB::GlobalTable"
    ]
    assert len(tables) == 1
    return tables[0]


def test_each_region_holds_a_full_copy_and_accepts_writes(table: Template, repository: Path) -> None:
    settings = json.loads((repository / "cdk.json").read_text())["context"]["drive"]
    replicas = [replica["Region"] for replica in table["Properties"]["Replicas"]]
    assert len(replicas) >= 2
    assert sorted(replicas) == sorted(settings["regions"])


def test_any_second_of_the_last_35_days_can_be_restored_in_each_region(table: Template) -> None:
    for replica in table["Properties"]["Replicas"]:
        assert replica["PointInTimeRecoverySpecification"] == {
            "PointInTimeRecoveryEnabled": True,
            "RecoveryPeriodInDays": 35,
        }


def test_no_copy_can_be_deleted_without_being_unlocked_first(table: Template) -> None:
    assert all(replica["DeletionProtectionEnabled"] for replica in table["Properties"]["Replicas"])


def test_the_stack_cannot_be_deleted_without_being_unlocked_first(assembly: Path) -> None:
    manifest = json.loads((assembly / "manifest.json").read_text())
    assert manifest["artifacts"]["Catalogue"]["properties"]["terminationProtection"] is True


def test_a_deleted_stack_leaves_the_data_behind(table: Template) -> None:
    assert table["DeletionPolicy"] == "Retain"


def test_a_stack_that_replaces_the_table_leaves_the_data_behind(table: Template) -> None:
    assert table["UpdateReplacePolicy"] == "Retain"


def test_capacity_follows_the_requests(table: Template) -> None:
    assert table["Properties"]["BillingMode"] == "PAY_PER_REQUEST"
    assert "ProvisionedThroughput" not in json.dumps(table)
