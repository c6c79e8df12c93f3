"""What the functions of backups.py have to know of the store, whatever kind it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from aws_cdk.aws_iam import PolicyStatement


@dataclass(frozen=True, kw_only=True)
class WatchedStore:
    """The store as one region has it."""

    kind: str
    """What AWS Backup calls its kind."""
    name: str
    """Empty where a region has backups only."""
    beats: bool
    """Whether heartbeats are written into it here."""
    may_beat: Sequence[PolicyStatement]
    may_check: Sequence[PolicyStatement]
    restored_into: Mapping[str, str] = field(default_factory=dict)
    """Restore metadata that AWS Backup cannot guess."""
