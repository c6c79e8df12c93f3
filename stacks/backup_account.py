"""The other account's vault: what is left when the drive's own account is lost.

Survives the loss of the account: each day's backup lies here too, under a key and a lock of this account.
Survives a stolen administrator: the drive's account may copy in, and can neither read nor delete.
"""

from aws_cdk import Duration
from aws_cdk.aws_iam import AnyPrincipal, PolicyDocument, PolicyStatement
from constructs import Construct

from seawall_constructs.backup_vault import LockedVault
from stacks.backups import VAULT
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
        LockedVault(
            self,
            "Vault",
            vault_name=names.name(VAULT),
            key_name="Key",
            key_alias=names.key_alias(VAULT),
            key_description="Encrypts the copies; without it none can be restored",
            locked=lock != "off",
            changeable_for=Duration.days(changeable_for_days) if lock == "compliance" else None,
            disposable=disposable,
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
