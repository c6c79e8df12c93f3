"""What backups.py and alarm_topics.py promise."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app import application
from tests.stacks.written import REGIONS, SECOND, SERVICE, alarms, properties, resources

Templates = dict[str, Path]
in_each_region = pytest.mark.parametrize("region", REGIONS)


@pytest.fixture
def backups(templates: Templates) -> Callable[[str], Path]:
    return lambda region: templates[f"Backups-{region}"]


def test_each_day_of_the_last_35_can_be_restored(backups: Callable[[str], Path]) -> None:
    [plan] = properties(backups(REGIONS[0]), "AWS::Backup::BackupPlan")
    [rule] = plan["BackupPlan"]["BackupPlanRule"]
    assert rule["ScheduleExpression"] == "cron(15 2 * * ? *)"
    assert rule["Lifecycle"] == {"DeleteAfterDays": 35}


def test_the_plan_takes_what_bears_the_services_tag(backups: Callable[[str], Path]) -> None:
    [selection] = properties(backups(REGIONS[0]), "AWS::Backup::BackupSelection")
    [tag] = selection["BackupSelection"]["ListOfTags"]
    assert (tag["ConditionKey"], tag["ConditionValue"]) == ("seawall:backup", SERVICE)


def test_each_days_backup_is_copied_to_the_second_region(backups: Callable[[str], Path]) -> None:
    [plan] = properties(backups(REGIONS[0]), "AWS::Backup::BackupPlan")
    copies = plan["BackupPlan"]["BackupPlanRule"][0].get("CopyActions", [])
    assert len(copies) == len(REGIONS) - 1
    for copy in copies:
        assert f":backup:{SECOND}:" in json.dumps(copy["DestinationBackupVaultArn"])
        assert copy["Lifecycle"] == {"DeleteAfterDays": 35}


@in_each_region
def test_the_vault_has_the_name_that_the_plan_copies_to(backups: Callable[[str], Path], region: str) -> None:
    vaults = properties(backups(region), "AWS::Backup::BackupVault")
    assert [vault["BackupVaultName"] for vault in vaults] == [f"{SERVICE}-vault"]


@in_each_region
def test_the_vault_keeps_each_backup_for_a_week_whoever_asks(backups: Callable[[str], Path], region: str) -> None:
    [vault] = resources(backups(region), "AWS::Backup::BackupVault")
    assert vault["Properties"]["LockConfiguration"]["MinRetentionDays"] == 7
    assert vault["DeletionPolicy"] == "Retain"


@in_each_region
def test_backups_are_restored_each_week_from_the_regions_own_vault(backups: Callable[[str], Path], region: str) -> None:
    [plan] = properties(backups(region), "AWS::Backup::RestoreTestingPlan")
    [vault] = plan["RecoveryPointSelection"]["IncludeVaults"]
    assert "Vault" in json.dumps(vault)
    assert plan["ScheduleExpression"] == "cron(0 6 ? * SUN *)"
    assert len(properties(backups(region), "AWS::Backup::RestoreTestingSelection")) == 1


@in_each_region
def test_what_goes_wrong_with_backups_is_told(backups: Callable[[str], Path], region: str) -> None:
    patterns = [rule.get("EventPattern", {}) for rule in properties(backups(region), "AWS::Events::Rule")]
    told = {kind for pattern in patterns for kind in pattern.get("detail-type", []) if "FAILED" in json.dumps(pattern)}
    assert told == {f"{kind} Job State Change" for kind in ("Backup", "Copy", "Restore")}
    assert {
        "restore-failed-store",
        "restore-failed-unknown",
        "restore-overdue-store",
        "restore-slow-store",
        "restore-check-missed",
        "heartbeat-missed",
    } <= alarms(backups(region))


@in_each_region
def test_the_check_can_change_nothing_but_its_verdict(backups: Callable[[str], Path], region: str) -> None:
    allowed = {
        action
        for policy in properties(backups(region), "AWS::IAM::Policy")
        if "RestoreCheck" in json.dumps(policy["Roles"])
        for statement in policy["PolicyDocument"]["Statement"]
        for action in _listed(statement["Action"])
    }
    reading = ("Get", "List", "Describe", "Query")
    changing = {action for action in allowed if not action.split(":")[1].startswith(reading)}
    assert changing == {
        "backup:PutRestoreValidationResult",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
        "sqs:SendMessage",
    }


@in_each_region
def test_each_region_has_topics_of_its_own(templates: Templates, region: str) -> None:
    names = {topic["TopicName"] for topic in properties(templates[f"Alarms-{region}"], "AWS::SNS::Topic")}
    assert names == {f"{SERVICE}-page", f"{SERVICE}-ticket"}


def test_no_stack_can_be_deleted_by_mistake_but_in_a_sandbox(tmp_path: Path) -> None:
    app = application(str(tmp_path / "sandbox"), disposable=True)
    assembly = app.synth()
    assert not any(stack.termination_protection for stack in assembly.stacks_recursively)
    text = [Path(stack.template_full_path).read_text() for stack in assembly.stacks_recursively]
    assert not any('"Retain"' in one or "LockConfiguration" in one for one in text)
    real = application(str(tmp_path / "real")).synth()
    assert all(stack.termination_protection for stack in real.stacks_recursively)


def _listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)
