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
from aws_cdk.aws_backup import CfnLogicallyAirGappedBackupVault, IBackupVault
from constructs import Construct

from seawall_constructs.backup_plans import BackupRole, ContinuousPlan, DailyPlan, vaults
from seawall_constructs.backup_vault import LEAST_KEPT, MOST_KEPT, LockedVault
from seawall_constructs.findings import accept_finding
from stacks.names import Names
from stacks.patterns.backup_audit import BackupAudit
from stacks.patterns.boundary import boundary
from stacks.patterns.data_kind import BACKUP_VALUE
from stacks.patterns.regional_stack import RegionalStack
from stacks.patterns.restore_test import RestoreTest

VAULT = "vault"
AIR_GAPPED_VAULT = "air-gapped-vault"


class Backups(RegionalStack):
    """The vault, the plans and the restore test of one data region."""

    vault: LockedVault

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
        self.vault = LockedVault(
            self,
            "Vault",
            vault_name=names.name(VAULT),
            key_name="Key",
            key_alias=names.key_alias(VAULT),
            locked=lock != "off",
            changeable_for=Duration.days(changeable_for_days) if lock == "compliance" else None,
            disposable=disposable,
        )
        copies = {"PeerVault": names.arn("backup", peer, f"backup-vault:{names.name(VAULT)}")}
        if lock == "compliance":
            self._air_gapped_vault()
            copies["PeerAirGappedVault"] = names.arn("backup", peer, f"backup-vault:{names.name(AIR_GAPPED_VAULT)}")
        if backup_account:
            copies["AccountVault"] = (
                f"arn:{self.partition}:backup:{peer}:{backup_account}:backup-vault:{names.name(VAULT)}"
            )
        role = BackupRole(
            self,
            "Role",
            role_name=names.in_region("backup", region),
            permissions_boundary=boundary(self, names),
        )
        self._plans(role, vaults(self, **copies), one_account=not backup_account)
        RestoreTest(self, "RestoreTest", names=names, vault=self.vault, role=role, every=restore_test)
        BackupAudit(self, "Audit", names=names, cross_account=backup_account is not None)

    def _air_gapped_vault(self) -> None:
        # No construct of a higher level makes one. AWS owns its key, so that deleting ours cannot take these copies.
        CfnLogicallyAirGappedBackupVault(
            self,
            "AirGappedVault",
            backup_vault_name=self.names.name(AIR_GAPPED_VAULT),
            min_retention_days=LEAST_KEPT.to_days(),
            max_retention_days=MOST_KEPT.to_days(),
        )

    def _plans(self, role: BackupRole, copies: list[IBackupVault], *, one_account: bool) -> None:
        """Every second of the files, and every day of all."""
        continuous = ContinuousPlan(
            self,
            "Continuous",
            vault=self.vault,
            role=role,
            buckets=[f"arn:{self.partition}:s3:::{self.names.bucket('files', self.region)}"],
            plan_name=self.names.name("continuous"),
        )
        daily = DailyPlan(
            self,
            "Daily",
            vault=self.vault,
            role=role,
            copies_to=copies,
            plan_name=self.names.name("daily"),
            backup=BACKUP_VALUE,
        )
        if one_account:
            for plan in (continuous, daily):
                accept_finding(
                    plan,
                    "SEA_SAME_ACCOUNT_BACKUP",
                    reason="no backup_account is set in cdk.json: "
                    "until one is, the loss of the whole account is not survived",
                )
