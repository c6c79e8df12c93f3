"""What is backed up when, and by whom."""

from collections.abc import Sequence

from aws_cdk import Duration
from aws_cdk.aws_backup import (
    BackupPlan,
    BackupPlanCopyActionProps,
    BackupPlanRule,
    BackupResource,
    BackupVault,
    IBackupVault,
)
from aws_cdk.aws_events import Schedule
from aws_cdk.aws_iam import IManagedPolicy, IRole, ManagedPolicy, Role, ServicePrincipal
from constructs import Construct

from seawall_constructs.data_kind import BACKUP_TAG, EVERYTHING
from seawall_constructs.findings import accept_finding

KEPT = Duration.days(35)
"""As far back as DynamoDB's and S3's recovery goes: a fault is noticed within a month, or never by its date."""

MANAGED_POLICIES = (
    "service-role/AWSBackupServiceRolePolicyForBackup",
    "service-role/AWSBackupServiceRolePolicyForRestores",
    "AWSBackupServiceRolePolicyForS3Backup",
    "AWSBackupServiceRolePolicyForS3Restore",
)


class BackupRole(Role):
    """What AWS Backup makes and restores backups with."""

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        role_name: str | None = None,
        permissions_boundary: IManagedPolicy | None = None,
    ) -> None:
        super().__init__(
            scope,
            name,
            role_name=role_name,
            assumed_by=ServicePrincipal("backup.amazonaws.com"),
            managed_policies=[ManagedPolicy.from_aws_managed_policy_name(policy) for policy in MANAGED_POLICIES],
            permissions_boundary=permissions_boundary,
        )
        accept_finding(
            self,
            *(
                f"AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/{policy}]"
                for policy in MANAGED_POLICIES
            ),
            reason="AWS Backup's own policies: they follow what the service needs for each new kind of restore",
        )


class DailyPlan(BackupPlan):
    """Backs up, each night, every store that `holds_primary_data`, and copies it to other vaults.

    Survives a bad deployment: each day of the last 35 can be restored.
    Survives the loss of a region or of the account: the same day's copy lies in every vault of `copies_to`.
    Survives being forgotten: a store is in the plan by its tag, not by a list that somebody keeps.
    """

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        vault: IBackupVault,
        role: IRole,
        copies_to: Sequence[IBackupVault] = (),
        plan_name: str | None = None,
        backup: str = EVERYTHING,
    ) -> None:
        """Select the value `backup` of the tag that `holds_primary_data` sets. It starts at 02:15 UTC."""
        super().__init__(
            scope,
            name,
            backup_plan_name=plan_name,
            backup_plan_rules=[
                BackupPlanRule(
                    rule_name="daily",
                    backup_vault=vault,
                    schedule_expression=Schedule.cron(minute="15", hour="2"),
                    start_window=Duration.hours(1),
                    completion_window=Duration.hours(12),
                    delete_after=KEPT,
                    copy_actions=[
                        BackupPlanCopyActionProps(destination_backup_vault=other, delete_after=KEPT)
                        for other in copies_to
                    ],
                )
            ],
        )
        self.add_selection("Tagged", role=role, resources=[BackupResource.from_tag(BACKUP_TAG, backup)])


class ContinuousPlan(BackupPlan):
    """Backs up buckets continuously; beside a `DailyPlan`, which copies them elsewhere.

    Survives a bad deployment: any second of the last 35 days can be restored.
    """

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        vault: IBackupVault,
        role: IRole,
        buckets: Sequence[str],
        selection: str = "Files",
        plan_name: str | None = None,
    ) -> None:
        """Take `buckets` by their ARNs: by a tag, tables would be in this plan too, which it cannot back up."""
        super().__init__(
            scope,
            name,
            backup_plan_name=plan_name,
            backup_plan_rules=[
                BackupPlanRule(
                    rule_name="continuous",
                    backup_vault=vault,
                    enable_continuous_backup=True,
                    schedule_expression=Schedule.cron(minute="0"),
                    delete_after=KEPT,
                )
            ],
        )
        self.add_selection(selection, role=role, resources=[BackupResource.from_arn(bucket) for bucket in buckets])
        accept_finding(
            self,
            "SEA_BACKUP_WITHOUT_REGIONAL_COPY",
            reason="the daily plan copies the same bucket: a copy of a continuous backup would be a daily one as well",
        )


def vaults(scope: Construct, **arns: str) -> list[IBackupVault]:
    """Return vaults made elsewhere, such as `vaults(self, PeerVault="arn:aws:backup:…")`, by the constructs' ids."""
    return [BackupVault.from_backup_vault_arn(scope, name, arn) for name, arn in arns.items()]
