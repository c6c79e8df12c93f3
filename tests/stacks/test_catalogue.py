import json
from pathlib import Path
from typing import Any

import pytest

from stacks.catalogue import READS, WRITES, Catalogue
from stacks.patterns.global_table import DEFAULT_READS, DEFAULT_WRITES, GlobalTable
from stacks.patterns.regional_stack import RegionalStack
from tests.stacks.synthesized import NAMES, Template, settings, synthesized

DATA_REGIONS = ["eu-central-1", "eu-west-1"]


def resource(template: Template, role: str) -> dict[str, Any]:
    """A table by its role."""
    [found] = [
        one
        for one in template["Resources"].values()
        if one["Type"] == "AWS::DynamoDB::GlobalTable" and one["Properties"]["TableName"] == f"clouddrive-{role}"
    ]
    return dict(found)


@pytest.fixture(scope="session")
def template(templates: dict[str, Template]) -> Template:
    return templates["Catalogue"]


@pytest.fixture(scope="session", params=["drive", "jobs"])
def table(template: Template, request: pytest.FixtureRequest) -> dict[str, Any]:
    return resource(template, request.param)


def made(**overrides: object) -> Template:
    arguments = {"region": "eu-west-1", "replicas": ["eu-central-1"], "witness": None, "requests_per_second": 100}
    return synthesized(Catalogue, **(arguments | overrides))


def test_each_region_holds_a_full_copy_and_accepts_writes(table: dict[str, Any]) -> None:
    assert sorted(replica["Region"] for replica in table["Properties"]["Replicas"]) == DATA_REGIONS


def test_with_a_witness_no_accepted_write_is_lost_with_the_region(template: Template) -> None:
    drive = resource(template, "drive")["Properties"]
    assert settings().strong
    assert drive["MultiRegionConsistency"] == "STRONG"
    assert drive["GlobalTableWitnesses"] == [{"Region": settings().witness}]


def test_without_a_witness_the_copies_follow() -> None:
    drive = resource(made(), "drive")["Properties"]
    assert drive.get("MultiRegionConsistency", "EVENTUAL") == "EVENTUAL"
    assert "GlobalTableWitnesses" not in drive


def test_the_strong_table_has_nothing_that_a_strong_table_cannot_have(template: Template) -> None:
    drive = resource(template, "drive")["Properties"]
    assert "TimeToLiveSpecification" not in drive
    assert "LocalSecondaryIndexes" not in drive


def test_a_strong_table_whose_items_expire_is_refused() -> None:
    class Wrong(RegionalStack):
        def __init__(self, scope: Any, name: str, **arguments: Any) -> None:
            super().__init__(scope, name, **arguments)
            GlobalTable(
                self,
                "Wrong",
                names=NAMES,
                role="wrong",
                replicas=["eu-central-1"],
                witness="eu-west-2",
                indexes=[],
                expiry="expires_at",
            )

    with pytest.raises(ValueError, match="wrong: a strongly consistent table cannot have items that expire"):
        synthesized(Wrong, region="eu-west-1")


def test_what_is_being_built_is_forgotten_by_itself(template: Template) -> None:
    jobs = resource(template, "jobs")["Properties"]
    assert jobs["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}
    assert jobs.get("MultiRegionConsistency", "EVENTUAL") == "EVENTUAL"


@pytest.mark.parametrize(
    ("role", "indexes"),
    [("drive", {"open-orders": "open", "waiting-orders": "waits_for"}), ("jobs", {"working-jobs": "working"})],
)
def test_orders_and_jobs_are_found_oldest_first(template: Template, role: str, indexes: dict[str, str]) -> None:
    properties = resource(template, role)["Properties"]
    found = {
        index["IndexName"]: [key["AttributeName"] for key in index["KeySchema"]]
        for index in properties["GlobalSecondaryIndexes"]
    }
    assert found == {name: [key, "accepted_at"] for name, key in indexes.items()}
    types = {one["AttributeName"]: one["AttributeType"] for one in properties["AttributeDefinitions"]}
    assert types["accepted_at"] == "N"


def test_each_regions_outbox_sees_what_an_order_was_and_is(template: Template) -> None:
    stream = resource(template, "drive")["Properties"]["StreamSpecification"]
    assert stream == {"StreamViewType": "NEW_AND_OLD_IMAGES"}


def test_any_second_of_the_last_35_days_can_be_restored_in_each_region(table: dict[str, Any]) -> None:
    for replica in table["Properties"]["Replicas"]:
        assert replica["PointInTimeRecoverySpecification"] == {
            "PointInTimeRecoveryEnabled": True,
            "RecoveryPeriodInDays": 35,
        }


def test_no_copy_can_be_deleted_without_being_unlocked_first(table: dict[str, Any]) -> None:
    assert all(replica["DeletionProtectionEnabled"] for replica in table["Properties"]["Replicas"])


def test_the_stack_cannot_be_deleted_without_being_unlocked_first(assembly: Path) -> None:
    manifest = json.loads((assembly / "manifest.json").read_text())
    assert manifest["artifacts"]["Catalogue"]["properties"]["terminationProtection"] is True


def test_a_deleted_stack_leaves_the_data_behind(table: dict[str, Any]) -> None:
    assert table["DeletionPolicy"] == "Retain"


def test_a_stack_that_replaces_the_table_leaves_the_data_behind(table: dict[str, Any]) -> None:
    assert table["UpdateReplacePolicy"] == "Retain"


def test_a_sandbox_can_be_thrown_away() -> None:
    drive = resource(made(disposable=True), "drive")
    assert drive["DeletionPolicy"] == "Delete"
    assert not any(replica["DeletionProtectionEnabled"] for replica in drive["Properties"]["Replicas"])


def test_capacity_follows_the_requests(table: dict[str, Any]) -> None:
    assert table["Properties"]["BillingMode"] == "PAY_PER_REQUEST"
    assert "ProvisionedThroughput" not in json.dumps(table)


def test_what_a_planned_event_needs_is_there_before_it() -> None:
    drive = resource(made(requests_per_second=10_000), "drive")["Properties"]
    assert drive["WarmThroughput"] == {
        "ReadUnitsPerSecond": 10_000 * READS,
        "WriteUnitsPerSecond": 10_000 * WRITES,
    }
    for index in drive["GlobalSecondaryIndexes"]:
        assert index["WarmThroughput"]["WriteUnitsPerSecond"] == 10_000 * WRITES


def test_a_table_is_never_warmed_to_less_than_a_new_one_has() -> None:
    assert "WarmThroughput" not in json.dumps(made())
    reads_only = resource(made(requests_per_second=DEFAULT_WRITES // WRITES + 1), "drive")["Properties"]
    assert reads_only["WarmThroughput"]["ReadUnitsPerSecond"] >= DEFAULT_READS


def test_orders_are_backed_up_and_jobs_are_made_again(template: Template) -> None:
    kinds = {
        role: {tag["Value"] for tag in resource(template, role)["Properties"]["Replicas"][0]["Tags"]}
        for role in ("drive", "jobs")
    }
    assert "primary" in kinds["drive"]
    assert "derived" in kinds["jobs"]
