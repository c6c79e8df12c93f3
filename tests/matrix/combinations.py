"""The settings that the whole drive is synthesized with: a choice for every run, all of them for `make matrix`."""

import os
from dataclasses import dataclass
from itertools import product
from typing import Any

REGION_SETS = {
    "EU": {"primary": "eu-west-1", "standby": "eu-central-1", "observer": "eu-north-1"},
    "US": {"primary": "us-west-2", "standby": "us-east-2", "observer": "ca-central-1"},
}
TIERS = ("pilot_light", "warm_standby", "active_active")

OPTIONS: dict[str, dict[str, Any]] = {
    "domain": {"domain": "drive.example.com", "status_domain": "status.example.net"},
    "backup-account": {"backup_account": "123456789012", "organization": "o-abcdefghij"},
    "offsite": {"offsite": "https://s3.example.org/drive-offsite"},
}


@dataclass(frozen=True)
class Combination:
    """One row: a tier, a set of regions, and which optional parts are on."""

    tier: str
    regions: str
    on: tuple[str, ...]

    @property
    def name(self) -> str:
        """What the test's name shows."""
        return "-".join((self.tier, self.regions, *self.on))

    @property
    def settings(self) -> dict[str, Any]:
        """Settings by name, as on the command line."""
        chosen: dict[str, Any] = {"tier": self.tier, "regions": REGION_SETS[self.regions]}
        for option in self.on:
            chosen |= OPTIONS[option]
        return chosen

    @property
    def choices(self) -> tuple[tuple[str, object], ...]:
        """Every factor and what this row chooses for it."""
        options = tuple((option, option in self.on) for option in OPTIONS)
        return (("tier", self.tier), ("regions", self.regions), *options)


ALL = tuple(
    Combination(tier, regions, tuple(option for option, on in zip(OPTIONS, switches, strict=True) if on))
    for tier in TIERS
    for regions in REGION_SETS
    for switches in product((False, True), repeat=len(OPTIONS))
)

PAIRWISE = (
    Combination("warm_standby", "EU", ()),
    Combination("warm_standby", "US", ("domain", "backup-account", "offsite")),
    Combination("pilot_light", "EU", ("domain", "backup-account")),
    Combination("pilot_light", "US", ("offsite",)),
    Combination("active_active", "EU", ("backup-account", "offsite")),
    Combination("active_active", "US", ("domain",)),
)
"""Every two choices of different factors meet in one of these; a test holds it to that."""


def chosen() -> tuple[Combination, ...]:
    """Return what this run goes through."""
    return ALL if os.environ.get("SEAWALL_MATRIX") == "all" else PAIRWISE
