"""Settings of one deployment: what cdk.json says under "drive", checked."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields

FEWEST_REGIONS = 2
"""One region can be lost whole, so the data needs a second."""

REGION_NAME = re.compile(r"[a-z]{2,4}(-[a-z]+)+-\d")


class SettingsError(ValueError):
    """The settings cannot be used; the message says which one, and what it needs to be."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What differs between two deployments of the cloud drive."""

    regions: tuple[str, ...]
    """Every region that holds the data, at least two. Stacks that span regions deploy from the first."""

    def __post_init__(self) -> None:
        """Raise SettingsError unless the cloud drive can keep its promises with these settings."""
        for region in self.regions:
            if not REGION_NAME.fullmatch(region):
                raise SettingsError(f'regions: "{region}" is not the name of a region, such as "eu-west-1"')
        if len(set(self.regions)) < len(self.regions):
            raise SettingsError("regions: the same region is named twice")
        if len(self.regions) < FEWEST_REGIONS:
            raise SettingsError("regions: name at least two, so that one can be lost")

    @property
    def home(self) -> str:
        """The region that stacks spanning several regions are deployed from."""
        return self.regions[0]

    @classmethod
    def from_context(cls, context: object) -> "Settings":
        """Read the value of the context key "drive"; raises SettingsError for anything it cannot use."""
        if not isinstance(context, Mapping):
            raise SettingsError('"context" needs an object "drive"')
        known = {field.name for field in fields(cls)}
        for name in context:
            if name not in known:
                raise SettingsError(f'"{name}" is not a setting; known: {", ".join(sorted(known))}')
        regions = context.get("regions")
        if not isinstance(regions, list) or not all(isinstance(region, str) for region in regions):
            raise SettingsError('regions: a list of names is needed, such as ["eu-west-1", "eu-central-1"]')
        return cls(regions=tuple(regions))
