import pytest
from botocore.exceptions import ClientError

from embedded_cloud.embedded import ACCOUNT, EmbeddedCloud
from embedded_cloud.vault_permissions import vault_of
from tests.cloud.small_functions import make_role
from tests.cloud.test_credentials import OPERATORS, WEST


def test_a_role_may_describe_the_vault_that_it_names_and_no_other(cloud: EmbeddedCloud) -> None:
    for vault in ("own", "foreign"):
        cloud.client("backup", WEST).create_backup_vault(BackupVaultName=vault)
    own = f"arn:aws:backup:{WEST}:{ACCOUNT}:backup-vault:own"
    role = make_role(cloud, "vault-keeper", ["backup:DescribeBackupVault"], OPERATORS, resource=own)
    client = cloud.client("backup", WEST, cloud.assume(role), attempts=1)

    assert client.describe_backup_vault(BackupVaultName="own")["BackupVaultArn"] == own
    with pytest.raises(ClientError, match="AccessDenied"):
        client.describe_backup_vault(BackupVaultName="foreign")


@pytest.mark.parametrize(
    ("path", "vault"),
    [
        ("/backup-vaults/own", "own"),
        ("/backup-vaults/own/recovery-points", "own"),
        ("/backup-vaults/", None),
        ("/restore-jobs", None),
    ],
)
def test_paths_name_their_vault(path: str, vault: str | None) -> None:
    assert vault_of(path) == vault
