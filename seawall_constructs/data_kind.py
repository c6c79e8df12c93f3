"""Which stores hold what cannot be made again, and which hold only what can."""

from aws_cdk import Tags
from constructs import IConstruct

DATA_TAG = "seawall:data"
PRIMARY = "primary"
DERIVED = "derived"

BACKUP_TAG = "seawall:backup"
"""What backup plans select stores by; its value says which plan."""

EVERYTHING = "daily"
"""Its value where one plan is enough for all."""


def holds_primary_data(store: IConstruct, *, backup: str = EVERYTHING) -> None:
    """Mark `store` as one whose loss is a loss: plans that select the value `backup` back it up."""
    Tags.of(store).add(DATA_TAG, PRIMARY)
    Tags.of(store).add(BACKUP_TAG, backup)


def holds_derived_data(store: IConstruct) -> None:
    """Mark `store` as one that is rebuilt from primary data rather than backed up."""
    Tags.of(store).add(DATA_TAG, DERIVED)
