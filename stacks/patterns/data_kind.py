"""Which stores the drive backs up."""

from constructs import IConstruct

from seawall_constructs import data_kind

BACKUP_VALUE = "drive"


def holds_primary_data(store: IConstruct) -> None:
    """Mark `store` as one whose loss is a loss: the backup plan and the restore test select it by its tags."""
    data_kind.holds_primary_data(store, backup=BACKUP_VALUE)
