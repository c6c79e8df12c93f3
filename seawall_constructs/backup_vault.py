"""Where backups lie, under a key and a lock of their own."""

from aws_cdk import Duration
from aws_cdk.aws_backup import BackupVault, LockConfiguration
from aws_cdk.aws_iam import PolicyDocument
from aws_cdk.aws_kms import Key
from constructs import Construct

from seawall_constructs.disposal import removal_policy

LEAST_KEPT = Duration.days(7)
"""What a lock keeps, and the least that a logically air-gapped vault can (AWS Backup API, MinRetentionDays)."""

MOST_KEPT = Duration.days(400)
"""So that a mistyped retention cannot keep personal data for a century."""


class LockedVault(BackupVault):
    """A vault whose backups nobody can delete in their first week.

    Survives an intruder: its lock keeps each backup for seven days, whoever asks. For ever only where
    `changeable_for` is given: until those days are over, and without it always, who may change the vault may take the
    lock off again (governance).
    Survives its stack: backups and the key to them stay behind when it goes.
    """

    key: Key

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        vault_name: str | None = None,
        key_alias: str | None = None,
        key_name: str | None = None,
        key_description: str = "Encrypts the backups; without it none can be restored",
        locked: bool = True,
        changeable_for: Duration | None = None,
        access_policy: PolicyDocument | None = None,
        disposable: bool = False,
    ) -> None:
        """Make the vault and its key, whose construct is `<name>Key` beside it unless `key_name` says otherwise.

        A `disposable` vault is not locked: its backups would outlive a sandbox.
        """
        self.key = Key(
            scope,
            key_name or f"{name}Key",
            alias=key_alias,
            description=key_description,
            enable_key_rotation=True,
            removal_policy=removal_policy(disposable),
        )
        lock = LockConfiguration(min_retention=LEAST_KEPT, max_retention=MOST_KEPT, changeable_for=changeable_for)
        super().__init__(
            scope,
            name,
            backup_vault_name=vault_name,
            encryption_key=self.key,
            lock_configuration=lock if locked and not disposable else None,
            removal_policy=removal_policy(disposable),
            access_policy=access_policy,
        )
