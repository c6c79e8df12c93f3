"""What store.py and standby.py promise."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.stacks.written import HOME, REGIONS, SECOND, SERVICE, alarms, properties, resources, tags


@pytest.fixture
def template(templates: dict[str, Path]) -> Path:
    return templates[f"Store-{HOME}"]


@pytest.fixture
def cluster(template: Path) -> dict[str, Any]:
    [found] = resources(template, "AWS::RDS::DBCluster")
    return found


def test_writer_and_readers_are_in_three_zones(template: Path) -> None:
    instances = properties(template, "AWS::RDS::DBInstance")
    assert len({json.dumps(instance["AvailabilityZone"]) for instance in instances}) == 3
    assert sorted(instance["PromotionTier"] for instance in instances) == [0, 1, 1]


def test_any_second_of_the_last_35_days_can_be_restored(cluster: dict[str, Any]) -> None:
    assert cluster["Properties"]["BackupRetentionPeriod"] == 35


def test_the_database_has_to_be_unlocked_before_it_is_deleted_and_outlives_its_stack(cluster: dict[str, Any]) -> None:
    assert cluster["Properties"]["DeletionProtection"] is True
    assert (cluster["DeletionPolicy"], cluster["UpdateReplacePolicy"]) == ("Retain", "Retain")


def test_rds_keeps_and_changes_the_password_and_services_come_in_by_iam(cluster: dict[str, Any]) -> None:
    assert cluster["Properties"]["ManageMasterUserPassword"] is True
    assert cluster["Properties"]["EnableIAMDatabaseAuthentication"] is True
    assert "MasterUserPassword" not in cluster["Properties"]


def test_it_grows_and_is_encrypted(cluster: dict[str, Any], template: Path) -> None:
    assert cluster["Properties"]["ServerlessV2ScalingConfiguration"] == {"MinCapacity": 0.5, "MaxCapacity": 8}
    assert cluster["Properties"]["StorageEncrypted"] is True
    assert {"database-full", "database-late", "database-unrecoverable"} == alarms(template)


def test_the_database_is_in_the_backup_plan(cluster: dict[str, Any]) -> None:
    assert tags(cluster)["seawall:backup"] == SERVICE


@pytest.mark.parametrize("region", REGIONS)
def test_subnets_in_three_zones_lead_nowhere_and_are_there_in_each_region(
    templates: dict[str, Path], region: str
) -> None:
    network = templates[f"{'Copy' if region == SECOND else 'Store'}-{region}"]
    subnets = properties(network, "AWS::EC2::Subnet")
    assert len({json.dumps(subnet["AvailabilityZone"]) for subnet in subnets}) == 3
    assert not resources(network, "AWS::EC2::InternetGateway")
    assert not resources(network, "AWS::EC2::NatGateway")
    [group] = properties(network, "AWS::RDS::DBSubnetGroup")
    assert (group["DBSubnetGroupName"], len(group["SubnetIds"])) == (f"{SERVICE}-database", 3)
    [override] = properties(templates[f"Backups-{region}"], "AWS::Backup::RestoreTestingSelection")
    assert override["RestoreMetadataOverrides"] == {"dbSubnetGroupName": f"{SERVICE}-database"}


def test_only_clients_may_call_the_database(template: Path) -> None:
    [rule] = properties(template, "AWS::EC2::SecurityGroupIngress")
    assert (rule["FromPort"], rule["ToPort"]) == (5432, 5432)
    assert "Clients" in json.dumps(rule["SourceSecurityGroupId"])
