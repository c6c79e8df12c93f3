"""What backups, their vaults and their restore tests promise."""

from typing import Any

import pytest
from aws_cdk import App, Duration, Stack
from aws_cdk.aws_sns import Topic

from seawall_constructs.alarms import OnCall
from seawall_constructs.backup_plans import DailyPlan
from seawall_constructs.backups import Backups
from tests.constructs.conftest import Made, measured

PLAN = "AWS::Backup::BackupPlan"
VAULT = "AWS::Backup::BackupVault"
ALARM = "AWS::CloudWatch::Alarm"


def rule(service: Made, path: str) -> dict[str, Any]:
    [found] = service.one(PLAN, path)["BackupPlan"]["BackupPlanRule"]
    return dict(found)


def test_every_day_of_the_last_35_can_be_restored_here_and_elsewhere(service: Made) -> None:
    daily = rule(service, "Backups/Daily")
    assert daily["ScheduleExpression"] == "cron(15 2 * * ? *)"
    assert daily["Lifecycle"] == {"DeleteAfterDays": 35}
    [copy] = daily["CopyActions"]
    assert copy["Lifecycle"] == {"DeleteAfterDays": 35}
    assert copy["DestinationBackupVaultArn"]["Fn::Join"][1][-1] == ":backup-vault:shop-vault"


def test_a_store_is_in_the_plan_by_its_tag(service: Made) -> None:
    selection = service.one("AWS::Backup::BackupSelection", "Backups/Daily")["BackupSelection"]
    [tag] = selection["ListOfTags"]
    assert (tag["ConditionKey"], tag["ConditionType"], tag["ConditionValue"]) == (
        "seawall:backup",
        "STRINGEQUALS",
        "daily",
    )


def test_any_second_of_a_bucket_can_be_restored(service: Made) -> None:
    continuous = rule(service, "Backups/Continuous")
    assert continuous["EnableContinuousBackup"] is True
    assert continuous["Lifecycle"] == {"DeleteAfterDays": 35}
    selection = service.one("AWS::Backup::BackupSelection", "Backups/Continuous")["BackupSelection"]
    assert selection["Resources"] == [{"Fn::GetAtt": [service.id_of("AWS::S3::Bucket", "Files"), "Arn"]}]


def test_nobody_deletes_a_backup_in_its_first_week(service: Made, elsewhere: Made) -> None:
    governed = service.one(VAULT, "Backups/Vault")["LockConfiguration"]
    assert governed == {"MinRetentionDays": 7, "MaxRetentionDays": 400}
    for_ever = elsewhere.one(VAULT, "Vault")["LockConfiguration"]
    assert for_ever == {"MinRetentionDays": 7, "MaxRetentionDays": 400, "ChangeableForDays": 3}


def test_a_vault_and_its_key_outlive_the_stack(service: Made, elsewhere: Made) -> None:
    for made, vault, key in ((service, "Backups/Vault", "Backups/VaultKey"), (elsewhere, "Vault", "VaultKey")):
        for kind, path in ((VAULT, vault), ("AWS::KMS::Key", key)):
            [resource] = made.resources(kind, path)
            assert resource["DeletionPolicy"] == "Retain"
        assert made.one(VAULT, vault)["EncryptionKeyArn"] == {"Fn::GetAtt": [made.id_of("AWS::KMS::Key", key), "Arn"]}


def test_a_sandbox_has_no_lock_that_outlives_it(sandbox: Made) -> None:
    [vault] = sandbox.resources(VAULT)
    assert "LockConfiguration" not in vault["Properties"]
    assert vault["DeletionPolicy"] == "Delete"


@pytest.mark.parametrize(("kind", "field"), [("Backup", "state"), ("Copy", "state"), ("Restore", "status")])
def test_each_job_that_failed_is_a_ticket(service: Made, kind: str, field: str) -> None:
    failed = service.one("AWS::Events::Rule", f"Backups/Alarms/{kind}")
    assert failed["EventPattern"] == {
        "source": ["aws.backup"],
        "detail-type": [f"{kind} Job State Change"],
        "detail": {field: ["FAILED", "ABORTED", "EXPIRED"]},
    }
    [target] = failed["Targets"]
    assert target["Arn"] == {"Ref": service.id_of("AWS::SNS::Topic", "Alarms/Ticket")}
    assert "docs/night.md#backup-failed" in str(target["InputTransformer"]["InputTemplate"])


def test_every_kind_of_store_is_restored_each_week(service: Made) -> None:
    plan = service.one("AWS::Backup::RestoreTestingPlan", "RestoreTest")
    assert plan["RestoreTestingPlanName"] == "shop_weekly"
    assert plan["ScheduleExpression"] == "cron(0 6 ? * SUN *)"
    vault = {"Fn::GetAtt": [service.id_of(VAULT, "Backups/Vault"), "BackupVaultArn"]}
    assert plan["RecoveryPointSelection"]["IncludeVaults"] == [vault]
    selections = service.all("AWS::Backup::RestoreTestingSelection", "RestoreTest")
    assert {one["ProtectedResourceType"] for one in selections} == {"DynamoDB", "S3"}
    assert all(one["ProtectedResourceArns"] and one["ValidationWindowHours"] == 4 for one in selections)


def test_names_that_are_made_up_are_ones_that_restore_testing_knows(nameless: Made) -> None:
    plan = nameless.one("AWS::Backup::RestoreTestingPlan", "RestoreTest")
    selections = nameless.all("AWS::Backup::RestoreTestingSelection", "RestoreTest")
    names = [plan["RestoreTestingPlanName"], *(one["RestoreTestingSelectionName"] for one in selections)]
    for name in names:
        assert name.replace("_", "").isalnum()
        assert len(name) <= 50


def test_what_was_restored_is_looked_into_however_the_job_ended(service: Made) -> None:
    started = service.one("AWS::Events::Rule", "Validator")
    assert started["EventPattern"] == {
        "source": ["aws.backup"],
        "detail-type": ["Restore Job State Change"],
        "detail": {"status": ["COMPLETED", "FAILED", "ABORTED"], "restoreTestingPlanArn": [{"exists": True}]},
    }
    [target] = started["Targets"]
    assert target["Arn"] == {"Ref": service.id_of("AWS::Lambda::Alias", "Validator")}
    granted = service.one("AWS::IAM::Policy", "Validator/Role")["PolicyDocument"]["Statement"]
    assert any("backup:PutRestoreValidationResult" in one["Action"] for one in granted)


def test_a_test_that_is_no_longer_made_raises_an_alarm_as_does_its_silence(service: Made) -> None:
    overdue = service.one(ALARM, "RestoreAlarms/OverdueOrders")
    assert measured(overdue) == ("DaysSinceGoodRestore", {"Source": "shop-orders"})
    assert (overdue["Threshold"], overdue["TreatMissingData"]) == (9, "breaching")


def test_a_backup_that_was_never_good_wakes_somebody_up(service: Made) -> None:
    page = {"Ref": service.id_of("AWS::SNS::Topic", "Alarms/Page")}
    for name in ("FailedOrders", "FailedUnknown"):
        alarm = service.one(ALARM, f"RestoreAlarms/{name}")
        assert (measured(alarm)[0], alarm["Threshold"]) == ("RestoreFailed", 0)
        assert alarm["AlarmActions"] == [page]


def test_a_restore_that_takes_longer_than_promised_is_noticed(service: Made) -> None:
    slow = service.one(ALARM, "RestoreAlarms/SlowOrders")
    assert (measured(slow)[0], slow["Threshold"]) == ("RestoreDurationSeconds", 4 * 3600)


@pytest.mark.parametrize(
    ("vault", "explained"),
    [
        ("arn:aws:backup:eu-central-1:999988887777:backup-vault:copies", False),
        ("arn:aws:backup:eu-central-1:111122223333:backup-vault:copies", True),
        (None, True),
    ],
)
def test_staying_in_one_account_is_explained_until_a_copy_leaves_it(vault: str | None, explained: bool) -> None:
    stack = Stack(App(), "Small", env={"account": "111122223333", "region": "eu-west-1"})
    topic = Topic(stack, "Topic")
    backups = Backups(
        stack,
        "Backups",
        on_call=OnCall(page=topic, ticket=topic),
        copies_to=[vault] if vault else [],
        changeable_for=Duration.days(3),
    )
    assert isinstance(backups.plan, DailyPlan)
    plan: Any = backups.plan.node.default_child
    skipped = (plan.get_metadata("seawall") or {}).get("skip", [])
    assert [one["id"] for one in skipped] == (["SEA_SAME_ACCOUNT_BACKUP"] if explained else [])
