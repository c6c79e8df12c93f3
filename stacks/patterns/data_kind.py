"""Which stores hold what cannot be made again, and which hold only what can."""

from aws_cdk import Tags
from constructs import IConstruct

DATA_TAG = "seawall:data"
PRIMARY = "primary"
DERIVED = "derived"
BACKUP_TAG = "seawall:backup"
BACKUP_VALUE = "drive"


def holds_primary_data(store: IConstruct) -> None:
    """Mark `store` as one whose loss is a loss: the backup plan and the restore test select it by these tags."""
    Tags.of(store).add(DATA_TAG, PRIMARY)
    Tags.of(store).add(BACKUP_TAG, BACKUP_VALUE)


def holds_derived_data(store: IConstruct) -> None:
    """Mark `store` as one that is rebuilt from primary data rather than backed up; a test lists all of them."""
    Tags.of(store).add(DATA_TAG, DERIVED)
