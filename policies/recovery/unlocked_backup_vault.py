"""See unlocked_backup_vault.md: why it matters, how to fix it, what is and is not flagged."""

from seawall.design import Design, Resource
from seawall.policy import Verdict, accepted, flagged, policy, undecided
from seawall.values import Unknown, reasons

AT = "LockConfiguration.MinRetentionDays"
FIX = f"set {AT}, and ChangeableForDays so that nobody can take the lock off again"


@policy(applies_to=("AWS::Backup::BackupVault", "AWS::Backup::LogicallyAirGappedBackupVault"))
def unlocked_backup_vault(vault: Resource, design: Design) -> Verdict:
    """Backups in this vault can be deleted before their time."""
    if vault.type == "AWS::Backup::LogicallyAirGappedBackupVault":
        return accepted("a logically air-gapped vault is locked from its creation", at="MinRetentionDays")
    days = vault.number(AT)
    if isinstance(days, Unknown) or reasons(vault.get("LockConfiguration.ChangeableForDays")):
        because = days if isinstance(days, Unknown) else vault.get("LockConfiguration.ChangeableForDays")
        return undecided(because, at=AT, fix=FIX)
    if days is None or days < 1:
        problem = "no lock keeps its backups for a minimum of days: whoever gets hold of the account deletes them first"
        return flagged(problem, fix=FIX, at=AT)
    if vault.get("LockConfiguration.ChangeableForDays") is None:
        return accepted(
            f"locked for {days:g} days in governance mode: who may change the vault may take the lock off",
            at=AT,
        )
    return accepted(f"locked for {days:g} days, for everyone", at=AT)
