"""The other account's vault: what is left when the drive's own account is lost.

Survives the loss of the account: each day's backup lies here too, under a key and a lock of this account.
Survives a stolen administrator: the drive's account may copy in, and can neither read nor delete.
"""

from aws_cdk import Duration
from aws_cdk.aws_backup import BackupVault, LockConfiguration
from aws_cdk.aws_iam import AnyPrincipal, PolicyDocument, PolicyStatement
from aws_cdk.aws_kms import Key
from constructs import Construct

from stacks.backups import LEAST_KEPT, MOST_KEPT, VAULT
from stacks.names import Names
from stacks.patterns.regional_stack import RegionalStack


class BackupAccount(RegionalStack):
    """One vault in one region of the backup account, which is in the same organization as the drive's."""

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        names: Names,
        region: str,
        disposable: bool,
        account: str,
        organization: str,
        lock: str,
        changeable_for_days: int,
    ) -> None:
        super().__init__(scope, name, names=names, region=region, disposable=disposable, account=account)
        key = Key(
            self,
            "Key",
            alias=names.key_alias(VAULT),
            description="Encrypts the copies; without it none can be restored",
            enable_key_rotation=True,
            removal_policy=self.data_removal,
        )
        locked = LockConfiguration(
            min_retention=LEAST_KEPT,
            max_retention=MOST_KEPT,
            changeable_for=Duration.days(changeable_for_days) if lock == "compliance" else None,
        )
        BackupVault(
            self,
            "Vault",
            backup_vault_name=names.name(VAULT),
            encryption_key=key,
            lock_configuration=None if lock == "off" else locked,
            removal_policy=self.data_removal,
            access_policy=PolicyDocument(
                statements=[
                    PolicyStatement(
                        actions=["backup:CopyIntoBackupVault"],
                        principals=[AnyPrincipal()],
                        resources=["*"],
                        conditions={"StringEquals": {"aws:PrincipalOrgID": organization}},
                    )
                ]
            ),
        )
