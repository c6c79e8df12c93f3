import json
from pathlib import Path
from typing import Any

import pytest

from seawall_constructs.restore_alarms import UNKNOWN
from stacks.patterns.restore_test import SERVICE
from stacks.promises import TABLE_CORRUPTED
from tests.stacks.synthesized import flat

Template = dict[str, Any]

HERE, PEER = "eu-west-1", "eu-central-1"


@pytest.fixture(scope="session")
def backups(templates: dict[str, Template]) -> Template:
    return templates[f"Backups-{HERE}"]


def of_type(template: Template, kind: str) -> list[Template]:
    found = [resource["Properties"] for resource in template["Resources"].values() if resource["Type"] == kind]
    assert found, kind
    return found


def rules(template: Template) -> dict[str, Template]:
    plans = of_type(template, "AWS::Backup::BackupPlan")
    return {rule["RuleName"]: rule for plan in plans for rule in plan["BackupPlan"]["BackupPlanRule"]}


def test_files_can_be_restored_to_any_second_of_35_days(backups: Template) -> None:
    rule = rules(backups)["continuous"]
    assert rule["EnableContinuousBackup"] is True
    assert rule["Lifecycle"] == {"DeleteAfterDays": 35}


def test_only_the_bucket_is_backed_up_continuously(backups: Template) -> None:
    """A tag would select tables as well, which AWS Backup does not know how to back up so."""
    selections = [one["BackupSelection"] for one in of_type(backups, "AWS::Backup::BackupSelection")]
    [by_name] = [selection for selection in selections if selection.get("Resources")]
    assert "ListOfTags" not in by_name
    assert "clouddrive-files-" in json.dumps(by_name["Resources"])


def test_every_days_backup_is_copied_to_the_other_region(backups: Template) -> None:
    [copy] = rules(backups)["daily"]["CopyActions"]
    assert f":backup:{PEER}:" in json.dumps(copy["DestinationBackupVaultArn"])
    assert copy["Lifecycle"] == {"DeleteAfterDays": 35}


def test_a_locked_vault_keeps_each_backup_for_its_shortest_time(backups: Template) -> None:
    [vault] = of_type(backups, "AWS::Backup::BackupVault")
    assert vault["LockConfiguration"] == {"MinRetentionDays": 7, "MaxRetentionDays": 400}


def test_a_lock_that_nobody_can_take_off_is_never_the_default(backups: Template) -> None:
    assert "ChangeableForDays" not in json.dumps(backups)
    assert "AWS::Backup::LogicallyAirGappedBackupVault" not in json.dumps(backups)


def test_the_tables_and_a_bucket_are_restored_every_week_and_all_files_every_month(backups: Template) -> None:
    plans = {plan["RestoreTestingPlanName"]: plan for plan in of_type(backups, "AWS::Backup::RestoreTestingPlan")}
    assert set(plans) == {"clouddrive_weekly", "clouddrive_monthly"}
    tested = {
        (one["RestoreTestingPlanName"], one["ProtectedResourceType"])
        for one in of_type(backups, "AWS::Backup::RestoreTestingSelection")
    }
    assert tested == {
        ("clouddrive_weekly", "DynamoDB"),
        ("clouddrive_weekly", "S3"),
        ("clouddrive_monthly", "S3"),
    }


TABLES = ("drive", "subscribers")
BUCKETS = ("golden", "files")


def test_every_table_that_cannot_be_made_again_is_restored_and_may_be_looked_into(backups: Template) -> None:
    [selection] = [
        one
        for one in of_type(backups, "AWS::Backup::RestoreTestingSelection")
        if one["ProtectedResourceType"] == "DynamoDB"
    ]
    tested = [flat(arn) for arn in selection["ProtectedResourceArns"]]
    assert tested == [f"arn:x:dynamodb:{HERE}:x:table/clouddrive-{table}" for table in TABLES]
    for function in of_type(backups, "AWS::Lambda::Function"):
        assert function["Environment"]["Variables"]["RESTORE_TABLES"] == "clouddrive-drive,clouddrive-subscribers"
    reading = [
        {flat(arn) for arn in statement["Resource"]}
        for policy in of_type(backups, "AWS::IAM::Policy")
        for statement in policy["PolicyDocument"]["Statement"]
        if "dynamodb:Scan" in statement["Action"]
    ]
    assert len(reading) == 3
    assert all(set(tested) < resources for resources in reading)


def alarms(template: Template) -> dict[str, Template]:
    return {
        alarm["AlarmName"].removeprefix("clouddrive-"): alarm for alarm in of_type(template, "AWS::CloudWatch::Alarm")
    }


def source(role: str) -> str:
    """What a table or bucket is called, and so the dimension that the validator writes."""
    return f"clouddrive-{role}-x-{HERE}" if role in BUCKETS else f"clouddrive-{role}"


@pytest.mark.parametrize(("role", "days"), [("drive", 8), ("subscribers", 8), ("golden", 8), ("files", 32)])
def test_a_good_restore_that_is_too_long_ago_is_noticed_and_so_is_silence(
    backups: Template, role: str, days: int
) -> None:
    alarm = alarms(backups)[f"restore-overdue-{role}"]
    assert (alarm["Threshold"], alarm["ComparisonOperator"]) == (days, "GreaterThanThreshold")
    assert alarm["TreatMissingData"] == "breaching"
    # Measured once an hour: one that fails is one of three.
    assert (period(alarm), alarm["EvaluationPeriods"], alarm["DatapointsToAlarm"]) == (3600, 3, 3)
    assert metric(alarm) == ("Drive", "DaysSinceGoodRestore", source(role), "restore-test")


def metric(alarm: Template) -> tuple[str, str, str, str]:
    measured = [query["MetricStat"]["Metric"] for query in alarm.get("Metrics", [])] or [alarm]
    dimensions = {one["Name"]: flat(one["Value"]) for one in measured[0]["Dimensions"]}
    assert set(dimensions) == {"Source", "service"}
    return measured[0]["Namespace"], measured[0]["MetricName"], dimensions["Source"], dimensions["service"]


def period(alarm: Template) -> int:
    return int(alarm["Period"] if "Period" in alarm else alarm["Metrics"][0]["MetricStat"]["Period"])


@pytest.mark.parametrize("role", TABLES)
def test_a_table_that_takes_longer_to_restore_than_promised_is_noticed(backups: Template, role: str) -> None:
    alarm = alarms(backups)[f"restore-slow-{role}"]
    assert (alarm["Threshold"], alarm["ComparisonOperator"]) == (
        TABLE_CORRUPTED.recovery_minutes * 60,
        "GreaterThanThreshold",
    )
    assert metric(alarm) == ("Drive", "RestoreDurationSeconds", source(role), "restore-test")


@pytest.mark.parametrize("role", [*TABLES, *BUCKETS, "unknown"])
def test_a_restore_that_is_not_good_wakes_somebody_up(backups: Template, role: str) -> None:
    alarm = alarms(backups)[f"restore-failed-{role}"]
    assert (alarm["Threshold"], alarm["ComparisonOperator"]) == (0, "GreaterThanThreshold")
    assert "clouddrive-page" in json.dumps(alarm["AlarmActions"])
    # One value a week: it must not be over before somebody has looked.
    assert period(alarm) == 24 * 3600
    found = role if role == "unknown" else source(role)
    assert metric(alarm) == ("Drive", "RestoreFailed", found, "restore-test")


@pytest.mark.parametrize("role", ["restored-missed", "hourly-missed", "daily-missed"])
def test_an_event_that_a_function_of_the_restore_test_gave_up_is_told(backups: Template, role: str) -> None:
    alarm = alarms(backups)[role]
    assert f"clouddrive-{role}" in {queue["QueueName"] for queue in of_type(backups, "AWS::SQS::Queue")}
    [watched] = [query["MetricStat"]["Metric"] for query in alarm["Metrics"]]
    assert (watched["Namespace"], watched["MetricName"]) == ("AWS/SQS", "ApproximateNumberOfMessagesVisible")
    assert watched["Dimensions"] == [{"Name": "QueueName", "Value": f"clouddrive-{role}"}]
    assert (alarm["Threshold"], alarm["ComparisonOperator"]) == (0, "GreaterThanThreshold")
    assert "clouddrive-ticket" in json.dumps(alarm["AlarmActions"])


def test_alarms_about_restores_look_for_the_names_that_the_services_write(repository: Path) -> None:
    written = (repository / "services" / "restore_validator" / "measures.py").read_text()
    assert f'SERVICE = "{SERVICE}"' in written
    assert f'UNKNOWN = "{UNKNOWN}"' in written


def test_a_restore_is_looked_into_and_one_that_nobody_heard_of_is_found(backups: Template) -> None:
    handlers = {function["Handler"] for function in of_type(backups, "AWS::Lambda::Function")}
    assert handlers == {
        "services.restore_validator.handler.handle",
        "services.restore_validator.watch.handle",
        "services.restore_validator.record.handle",
    }
    patterns = [rule.get("EventPattern") for rule in of_type(backups, "AWS::Events::Rule")]
    [pattern] = [one for one in patterns if one]
    assert pattern["detail-type"] == ["Restore Job State Change"]
    assert set(pattern["detail"]["status"]) == {"COMPLETED", "FAILED", "ABORTED"}


def test_what_must_be_there_is_written_down_before_the_backup_is_made(backups: Template) -> None:
    schedules = [rule.get("ScheduleExpression", "") for rule in of_type(backups, "AWS::Events::Rule")]
    assert "cron(15 1 * * ? *)" in schedules
    assert rules(backups)["daily"]["ScheduleExpression"] == "cron(15 2 * * ? *)"


def test_the_audit_looks_at_plan_age_retention_encryption_and_region(backups: Template) -> None:
    [framework] = of_type(backups, "AWS::Backup::Framework")
    assert {control["ControlName"] for control in framework["FrameworkControls"]} == {
        "BACKUP_RESOURCES_PROTECTED_BY_BACKUP_PLAN",
        "BACKUP_RESOURCES_PROTECTED_BY_CROSS_REGION",
        "BACKUP_LAST_RECOVERY_POINT_CREATED",
        "BACKUP_RECOVERY_POINT_MINIMUM_RETENTION_CHECK",
        "BACKUP_RECOVERY_POINT_ENCRYPTED",
        "BACKUP_RECOVERY_POINT_MANUAL_DELETION_DISABLED",
    }


def test_a_consented_lock_brings_an_air_gapped_vault_and_a_backup_account_a_third_copy() -> None:
    from aws_cdk import App
    from aws_cdk.assertions import Template as Synthesized

    from stacks.backups import Backups
    from stacks.names import Names

    stack = Backups(
        App(),
        "Backups",
        names=Names("clouddrive"),
        region=HERE,
        disposable=False,
        peer=PEER,
        backup_account="123456789012",
        lock="compliance",
        changeable_for_days=3,
        restore_test="weekly",
    )
    template = dict(Synthesized.from_stack(stack).to_json())
    [vault] = of_type(template, "AWS::Backup::BackupVault")
    assert vault["LockConfiguration"]["ChangeableForDays"] == 3
    assert of_type(template, "AWS::Backup::LogicallyAirGappedBackupVault")
    copies = json.dumps(rules(template)["daily"]["CopyActions"])
    assert copies.count("DestinationBackupVaultArn") == 3
    assert "123456789012" in copies


def test_the_backup_account_takes_copies_from_its_organization_only() -> None:
    from aws_cdk import App
    from aws_cdk.assertions import Template as Synthesized

    from stacks.backup_account import BackupAccount
    from stacks.names import Names

    stack = BackupAccount(
        App(),
        "BackupAccount",
        names=Names("clouddrive"),
        region=HERE,
        disposable=False,
        account="123456789012",
        organization="o-abcdefghij",
        lock="governance",
        changeable_for_days=3,
    )
    [vault] = of_type(dict(Synthesized.from_stack(stack).to_json()), "AWS::Backup::BackupVault")
    [statement] = vault["AccessPolicy"]["Statement"]
    assert statement["Action"] == "backup:CopyIntoBackupVault"
    assert statement["Condition"] == {"StringEquals": {"aws:PrincipalOrgID": "o-abcdefghij"}}
    assert vault["LockConfiguration"]["MinRetentionDays"] == 7
