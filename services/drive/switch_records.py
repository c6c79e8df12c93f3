"""What this region believes about the others: whether they serve, or were evacuated by an operator.

The table is regional, one in each region, so that the word about a sick region never has to be asked of it.
"""

from dataclasses import dataclass
from enum import StrEnum

from services.drive import clock, records
from services.drive.environment import here
from services.drive.records import key


class RegionState(StrEnum):
    ACTIVE = "active"
    EVACUATED = "evacuated"


@dataclass(frozen=True)
class Switch:
    """One region's switch; `since` in seconds UTC, `version` grows with every change."""

    region: str
    state: RegionState = RegionState.ACTIVE
    since: float = 0
    by: str = ""
    reason: str = ""
    version: int = 0


def read(region: str) -> Switch:
    """Return the switch of a region; one that was never written is active."""
    item = records.get(here.switch_table, key(f"REGION#{region}"))
    if not item:
        return Switch(region)
    return Switch(
        region, RegionState(item["state"]), item["since"], item.get("by", ""), item.get("reason", ""), item["version"]
    )


def is_evacuated(region: str) -> bool:
    """Return whether this region believes that `region` was evacuated."""
    return read(region).state == RegionState.EVACUATED


def turn(seen: Switch, state: RegionState, *, by: str, reason: str) -> bool:
    """Write the switch that was `seen` anew; return False, changing nothing, when somebody was faster."""
    values = {"state": state.value, "since": clock.now(), "by": by, "reason": reason, "version": seen.version + 1}
    switch = key(f"REGION#{seen.region}")
    if seen.version == 0:
        return records.insert(here.switch_table, {**switch, **values})
    return records.change(here.switch_table, switch, expect={"version": seen.version}, put=values) is not None
