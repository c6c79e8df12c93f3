"""What cannot be made again survives deletions, and can be had back."""

import json
from typing import Any

from tests.matrix.conftest import Drive, Template

STORES = ("AWS::S3::Bucket", "AWS::DynamoDB::GlobalTable", "AWS::DynamoDB::Table", "AWS::SQS::Queue")

DERIVED_STORES = {
    # Made again from what is left, or worth nothing once it is lost.
    "AWS::S3::Bucket": {
        "bundles",
        "replica",
        "logs",
        "expectations",
        "status",
        "canaries",
        "offsite-export",
        "edge-logs",
    },
    "AWS::DynamoDB::GlobalTable": {"jobs", "pace", "switch"},
    "AWS::DynamoDB::Table": set(),
}


def kind(resource: Template) -> str | None:
    properties = resource.get("Properties", {})
    tags = properties.get("Tags") or [
        tag for replica in properties.get("Replicas", []) for tag in replica.get("Tags", [])
    ]
    return next((tag["Value"] for tag in tags if tag["Key"] == "seawall:data"), None)


def role(drive: Drive, resource: Template) -> str:
    """What the store is called between the prefix and its region."""
    properties = resource["Properties"]
    name = properties.get("BucketName") or properties.get("TableName") or properties.get("QueueName")
    flat = name if isinstance(name, str) else name["Fn::Join"][1][0]
    return str(flat).removeprefix(f"{drive.settings.prefix}-").rstrip("-")


def test_every_store_says_what_it_holds(drive: Drive) -> None:
    unsaid = [
        (stack, name)
        for stack, name, resource in drive.resources(*STORES)
        if kind(resource) not in {"primary", "derived"}
    ]
    assert unsaid == []


def test_derived_stores_are_these_and_no_others(drive: Drive) -> None:
    for type_, allowed in DERIVED_STORES.items():
        derived = {role(drive, resource) for _, _, resource in drive.resources(type_) if kind(resource) == "derived"}
        assert derived <= allowed


def test_every_primary_store_outlives_its_stack(drive: Drive) -> None:
    for stack, name, resource in drive.resources(*STORES):
        if kind(resource) == "primary":
            assert resource["DeletionPolicy"] == "Retain", (stack, name)
            assert resource["UpdateReplacePolicy"] == "Retain", (stack, name)


def test_every_primary_table_is_protected_in_each_region(drive: Drive) -> None:
    for stack, name, resource in drive.resources("AWS::DynamoDB::GlobalTable"):
        if kind(resource) == "primary":
            for replica in resource["Properties"]["Replicas"]:
                assert replica["DeletionProtectionEnabled"] is True, (stack, name)
                recovery = replica["PointInTimeRecoverySpecification"]
                assert recovery["PointInTimeRecoveryEnabled"] is True, (stack, name)


def test_every_primary_store_is_in_the_daily_backup(drive: Drive) -> None:
    """The plan selects by a tag; what is primary carries it."""
    for region in drive.settings.regions.data:
        template = drive.templates[f"Backups-{region}"]
        conditions = [
            condition
            for resource in template["Resources"].values()
            if resource["Type"] == "AWS::Backup::BackupSelection"
            for condition in resource["Properties"]["BackupSelection"].get("ListOfTags", [])
        ]
        assert [(one["ConditionKey"], one["ConditionValue"]) for one in conditions] == [("seawall:backup", "drive")]
    primary = [resource for _, _, resource in drive.resources(*STORES) if kind(resource) == "primary"]
    assert primary
    for resource in primary:
        assert json.dumps({"Key": "seawall:backup", "Value": "drive"}) in json.dumps(resource)


def test_every_primary_store_of_a_data_region_is_in_a_restore_test(drive: Drive) -> None:
    for region in drive.settings.regions.data:
        tested = json.dumps(
            [
                resource["Properties"]["ProtectedResourceArns"]
                for resource in drive.templates[f"Backups-{region}"]["Resources"].values()
                if resource["Type"] == "AWS::Backup::RestoreTestingSelection"
            ]
        )
        assert f"table/{drive.settings.prefix}-drive" in tested
        buckets = {
            role(drive, resource)
            for stack, _, resource in drive.resources("AWS::S3::Bucket")
            if drive.regions[stack] == region and kind(resource) == "primary"
        }
        assert buckets
        for bucket in buckets:
            assert f"{drive.settings.prefix}-{bucket}-" in tested


def test_every_primary_table_is_in_a_restore_test_of_a_region_that_holds_a_copy(drive: Drive) -> None:
    tables = [
        resource["Properties"]
        for _, _, resource in drive.resources("AWS::DynamoDB::GlobalTable", "AWS::DynamoDB::Table")
        if kind(resource) == "primary"
    ]
    assert {table["TableName"].removeprefix(f"{drive.settings.prefix}-") for table in tables} >= {
        "drive",
        "subscribers",
    }
    for table in tables:
        copies = {replica["Region"] for replica in table.get("Replicas", [])}
        tested = {
            region
            for region in drive.settings.regions.data
            if region in copies and f":table/{table['TableName']}" in restored_tables(drive, region)
        }
        assert tested, table["TableName"]


def restored_tables(drive: Drive, region: str) -> set[str]:
    """How the ARNs end of the tables that are restored as a test in a region."""
    return {
        arn["Fn::Join"][1][-1]
        for resource in drive.templates[f"Backups-{region}"]["Resources"].values()
        if resource["Type"] == "AWS::Backup::RestoreTestingSelection"
        and resource["Properties"]["ProtectedResourceType"] == "DynamoDB"
        for arn in resource["Properties"]["ProtectedResourceArns"]
    }


def test_every_copy_leaves_the_region(drive: Drive) -> None:
    for region in drive.settings.regions.data:
        plans: list[Any] = [
            resource["Properties"]["BackupPlan"]
            for resource in drive.templates[f"Backups-{region}"]["Resources"].values()
            if resource["Type"] == "AWS::Backup::BackupPlan"
        ]
        copies = [
            json.dumps(action["DestinationBackupVaultArn"])
            for plan in plans
            for rule in plan["BackupPlanRule"]
            for action in rule.get("CopyActions", [])
        ]
        assert copies
        assert all(drive.settings.regions.peer(region) in copy for copy in copies)
        if drive.settings.backup_account:
            assert any(drive.settings.backup_account in copy for copy in copies)
