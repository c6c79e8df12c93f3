"""Backups of everything that cannot be made again: vault, plan and alarms in one."""

from collections.abc import Sequence

from aws_cdk import Aws, Duration, Stack
from aws_cdk.aws_backup import BackupPlan
from constructs import Construct

from seawall_constructs.alarms import OnCall
from seawall_constructs.backup_alarms import BackupAlarms
from seawall_constructs.backup_plans import BackupRole, ContinuousPlan, DailyPlan, vaults
from seawall_constructs.backup_vault import LockedVault
from seawall_constructs.data_kind import EVERYTHING
from seawall_constructs.findings import accept_finding


class Backups(Construct):
    """A locked vault, the plan that fills it each night, and a ticket for each job that fails.

    Survives a bad deployment: each day of the last 35 can be restored, of every store that `holds_primary_data`.
    Survives the loss of a region or of the account: the same day's copy lies in every vault of `copies_to`.
    Survives an intruder: nobody deletes a backup in its first week.
    Survives a backup that was never made: somebody is told of each that failed.
    """

    vault: LockedVault
    role: BackupRole
    """What backups are made and restored with."""
    plan: DailyPlan

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        on_call: OnCall,
        copies_to: Sequence[str] = (),
        continuous: Sequence[str] = (),
        backup: str = EVERYTHING,
        vault_name: str | None = None,
        key_alias: str | None = None,
        plan_name: str | None = None,
        role_name: str | None = None,
        rule_prefix: str | None = None,
        changeable_for: Duration | None = None,
        disposable: bool = False,
    ) -> None:
        """Copy to the vaults `copies_to`, by their ARNs; the lock is for ever `changeable_for` after the deployment.

        Of the buckets `continuous`, by their ARNs, any second of the last 35 days can be restored.
        """
        super().__init__(scope, name)
        self.vault = LockedVault(
            self,
            "Vault",
            vault_name=vault_name,
            key_alias=key_alias,
            changeable_for=changeable_for,
            disposable=disposable,
        )
        self.role = BackupRole(self, "Role", role_name=role_name)
        self.plan = DailyPlan(
            self,
            "Daily",
            vault=self.vault,
            role=self.role,
            copies_to=vaults(self, **{f"Copy{number}": arn for number, arn in enumerate(copies_to)}),
            plan_name=plan_name,
            backup=backup,
        )
        plans: list[BackupPlan] = [self.plan]
        if continuous:
            name_of_it = f"{plan_name}-continuous" if plan_name else None
            plans.append(
                ContinuousPlan(
                    self, "Continuous", vault=self.vault, role=self.role, buckets=continuous, plan_name=name_of_it
                )
            )
        if not any(_leaves_account(self, arn) for arn in copies_to):
            for plan in plans:
                accept_finding(
                    plan,
                    "SEA_SAME_ACCOUNT_BACKUP",
                    reason="no copy goes to a vault of another account: until one does, its loss is not survived",
                )
        BackupAlarms(self, "Alarms", on_call=on_call, rule_prefix=rule_prefix)


def _leaves_account(scope: Construct, vault_arn: str) -> bool:
    """Whether the vault lies in another account, which is told by its number only."""
    return not {Aws.ACCOUNT_ID, Stack.of(scope).account} & set(vault_arn.split(":"))
