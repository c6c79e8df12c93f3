"""The numbers that policies compare with, where the right one is the owner's decision.

``thresholds`` of ``seawall.yaml`` sets them; a policy reads ``design.thresholds``.
"""

from __future__ import annotations

from typing import NamedTuple


class Thresholds(NamedTuple):
    """What an owner demands of a design.

    ``minimum_retention_days`` is how long a backup is kept at least, ``rpo_minutes`` the most that may be
    lost (``None``: nobody has said), ``minimum_zones`` in how many availability zones work is spread.
    """

    minimum_retention_days: int = 7
    rpo_minutes: int | None = None
    minimum_zones: int = 2


DEFAULT = Thresholds()
