"""Backups of everything that cannot be made again, and the proof that they restore.

Survives a bad deployment: files can be restored to any second of the last 35 days, tables by their own recovery.
Survives the loss of a region: every day's backup is copied to the vault of the other region.
Survives the loss of the account: every day's backup is copied to the backup account, where there is one.
Survives an intruder: a locked vault keeps each backup for its shortest time, whoever asks; where a compliance lock is
consented to, a logically air-gapped vault holds another copy.
Survives its own decay: a restore of every table and bucket is tried on a schedule and looked into; a bad one wakes
somebody up, and one that is overdue or takes longer than promised is noticed.
"""

from aws_cdk import Duration
from aws_cdk.aws_backup import (
    BackupPlan,
    BackupPlanCopyActionProps,
    BackupPlanRule,
    BackupResource,
    BackupVault,
    CfnLogicallyAirGappedBackupVault,
    IBackupVault,
    LockConfiguration,
)
from aws_cdk.aws_events import Schedule
from aws_cdk.aws_iam import ManagedPolicy, Role, ServicePrincipal
from aws_cdk.aws_kms import Key
from constructs import Construct

from stacks.names import Names
from stacks.patterns.backup_audit import BackupAudit
from stacks.patterns.boundary import boundary
from stacks.patterns.data_kind import BACKUP_TAG, BACKUP_VALUE
from stacks.patterns.exception import accept_finding
from stacks.patterns.regional_stack import RegionalStack
from stacks.patterns.restore_test import RestoreTest

KEPT = Duration.days(35)
"""As far back as DynamoDB's and S3's recovery goes: a fault is noticed within a month, or never by its date."""

LEAST_KEPT = Duration.days(7)
"""What a lock keeps, and the least that a logically air-gapped vault can (AWS Backup API, MinRetentionDays)."""

MOST_KEPT = Duration.days(400)
"""So that a mistyped retention cannot keep personal data for a century."""

MANAGED_POLICIES = (
    "service-role/AWSBackupServiceRolePolicyForBackup",
    "service-role/AWSBackupServiceRolePolicyForRestores",
    "AWSBackupServiceRolePolicyForS3Backup",
    "AWSBackupServiceRolePolicyForS3Restore",
)

VAULT = "vault"
AIR_GAPPED_VAULT = "air-gapped-vault"


class Backups(RegionalStack):
    """The vault, the plans and the restore test of one data region."""

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        names: Names,
        region: str,
        disposable: bool,
        peer: str,
        backup_account: str | None,
        lock: str,
        changeable_for_days: int,
        restore_test: str,
    ) -> None:
        super().__init__(scope, name, names=names, region=region, disposable=disposable)
        self._lock = lock
        self._changeable_for = Duration.days(changeable_for_days) if lock == "compliance" else None
        self.vault = self._vault()
        copies = [self._elsewhere("PeerVault", names.arn("backup", peer, f"backup-vault:{names.name(VAULT)}"))]
        if lock == "compliance":
            self._air_gapped_vault()
            arn = names.arn("backup", peer, f"backup-vault:{names.name(AIR_GAPPED_VAULT)}")
            copies.append(self._elsewhere("PeerAirGappedVault", arn))
        if backup_account:
            arn = f"arn:{self.partition}:backup:{peer}:{backup_account}:backup-vault:{names.name(VAULT)}"
            copies.append(self._elsewhere("AccountVault", arn))
        role = self._role()
        plans = [self._every_second_of_the_files(role), self._every_day(role, copies)]
        if not backup_account:
            _stay_in_one_account(plans)
        RestoreTest(self, "RestoreTest", names=names, vault=self.vault, role=role, every=restore_test)
        BackupAudit(self, "Audit", names=names, cross_account=backup_account is not None)

    def _vault(self) -> BackupVault:
        key = Key(
            self,
            "Key",
            alias=self.names.key_alias(VAULT),
            description="Encrypts the backups; without it none can be restored",
            enable_key_rotation=True,
            removal_policy=self.data_removal,
        )
        locked = LockConfiguration(
            min_retention=LEAST_KEPT, max_retention=MOST_KEPT, changeable_for=self._changeable_for
        )
        return BackupVault(
            self,
            "Vault",
            backup_vault_name=self.names.name(VAULT),
            encryption_key=key,
            lock_configuration=None if self._lock == "off" else locked,
            removal_policy=self.data_removal,
        )

    def _air_gapped_vault(self) -> None:
        # No construct of a higher level makes one. AWS owns its key, so that deleting ours cannot take these copies.
        CfnLogicallyAirGappedBackupVault(
            self,
            "AirGappedVault",
            backup_vault_name=self.names.name(AIR_GAPPED_VAULT),
            min_retention_days=LEAST_KEPT.to_days(),
            max_retention_days=MOST_KEPT.to_days(),
        )

    def _elsewhere(self, name: str, arn: str) -> IBackupVault:
        return BackupVault.from_backup_vault_arn(self, name, arn)

    def _role(self) -> Role:
        role = Role(
            self,
            "Role",
            role_name=self.names.in_region("backup", self.region),
            assumed_by=ServicePrincipal("backup.amazonaws.com"),
            managed_policies=[ManagedPolicy.from_aws_managed_policy_name(policy) for policy in MANAGED_POLICIES],
            permissions_boundary=boundary(self, self.names),
        )
        accept_finding(
            role,
            *(
                f"AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/{policy}]"
                for policy in MANAGED_POLICIES
            ),
            reason="AWS Backup's own policies: they follow what the service needs for each new kind of restore",
        )
        return role

    def _every_second_of_the_files(self, role: Role) -> BackupPlan:
        """S3 by name: selected by a tag, tables would be in this plan too, which continuous backup does not know."""
        plan = BackupPlan(
            self,
            "Continuous",
            backup_plan_name=self.names.name("continuous"),
            backup_plan_rules=[
                BackupPlanRule(
                    rule_name="continuous",
                    backup_vault=self.vault,
                    enable_continuous_backup=True,
                    schedule_expression=Schedule.cron(minute="0"),
                    delete_after=KEPT,
                )
            ],
        )
        bucket = f"arn:{self.partition}:s3:::{self.names.bucket('files', self.region)}"
        plan.add_selection("Files", role=role, resources=[BackupResource.from_arn(bucket)])
        accept_finding(
            plan,
            "SEA_BACKUP_WITHOUT_REGIONAL_COPY",
            reason="the daily plan copies the same bucket: a copy of a continuous backup would be a daily one as well",
        )
        return plan

    def _every_day(self, role: Role, copies: list[IBackupVault]) -> BackupPlan:
        plan = BackupPlan(
            self,
            "Daily",
            backup_plan_name=self.names.name("daily"),
            backup_plan_rules=[
                BackupPlanRule(
                    rule_name="daily",
                    backup_vault=self.vault,
                    schedule_expression=Schedule.cron(minute="15", hour="2"),
                    start_window=Duration.hours(1),
                    completion_window=Duration.hours(12),
                    delete_after=KEPT,
                    copy_actions=[
                        BackupPlanCopyActionProps(destination_backup_vault=vault, delete_after=KEPT) for vault in copies
                    ],
                )
            ],
        )
        plan.add_selection("Tagged", role=role, resources=[BackupResource.from_tag(BACKUP_TAG, BACKUP_VALUE)])
        return plan


def _stay_in_one_account(plans: list[BackupPlan]) -> None:
    for plan in plans:
        accept_finding(
            plan,
            "SEA_SAME_ACCOUNT_BACKUP",
            reason="no backup_account is set in cdk.json: until one is, the loss of the whole account is not survived",
        )
