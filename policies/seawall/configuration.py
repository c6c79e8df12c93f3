"""``seawall.yaml``: what designs promise to survive, found upwards from the path that is judged.

What it may hold is described by ``configuration.jsonschema``, which decides, and by docs/configuration.md. Reading
it is left to ``configuration_file``: most runs have none.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from seawall.thresholds import DEFAULT, Thresholds

if TYPE_CHECKING:
    from seawall.assumptions import AssumedPlan, Tags

FILE_NAME = "seawall.yaml"
OBJECTIVES = ("multi-az", "multi-region")
SEVERITIES = ("error", "warning", "note")
MULTI_REGION_GROUP = "region"
RECOVERY_GROUP = "recovery"
NOTHING: Mapping[str, Any] = MappingProxyType({})


class Misuse(Exception):
    """What the user asked for cannot be done; the message says why and what to write instead."""


class Objective(NamedTuple):
    """What a design promises to survive: ``name`` is one of ``OBJECTIVES``."""

    name: str = OBJECTIVES[0]
    recovery: bool = False

    def judges(self, group: str) -> bool:
        """Whether policies of this group are judged unless the user says otherwise."""
        if self.name == "multi-region":
            return True
        return group != MULTI_REGION_GROUP and (group != RECOVERY_GROUP or self.recovery)


class ObjectiveRule(NamedTuple):
    """An objective for the resources in some files, with some tags, or both: what is empty asks for nothing."""

    objective: Objective
    paths: tuple[str, ...] = ()
    tags: Tags = ()


class Deployed(NamedTuple):
    """One template of a design, or all that fit a pattern, and what is known about where it is deployed."""

    path: str
    stack: str = ""
    region: str | None = None
    parameters: tuple[tuple[str, str], ...] = ()
    line: int | None = None


class Configuration(NamedTuple):
    """What a configuration file says, or the defaults where there is none.

    ``file`` is the file, ``objective`` what holds where no rule fits. ``fixed`` tells that the user gave the
    objective: then neither rules nor tags count. ``groups`` are on or off whatever the objective; ``designs``
    lists templates that are deployed together; ``baseline`` is a file beside or below the configuration.
    """

    file: Path | None = None
    objective: Objective = Objective()
    fixed: bool = False
    rules: tuple[ObjectiveRule, ...] = ()
    groups: Mapping[str, bool] = NOTHING
    severity: Mapping[str, str] = NOTHING
    thresholds: Thresholds = DEFAULT
    assumed: tuple[AssumedPlan, ...] = ()
    designs: tuple[tuple[Deployed, ...], ...] = ()
    baseline: Path | None = None

    @property
    def folder(self) -> str:
        """The folder that its paths start from."""
        return os.path.dirname(os.path.abspath(self.file)) if self.file else os.getcwd()

    def judges(self, group: str, objective: Objective | None = None) -> bool:
        """Whether a group is judged where ``objective`` holds, by default the one for everything."""
        switch = self.groups.get(group)
        return (objective or self.objective).judges(group) if switch is None else switch

    def severity_of(self, group: str) -> str:
        """How much a finding of the group weighs: one of ``SEVERITIES``."""
        return self.severity.get(group, SEVERITIES[0])


def configuration_for(
    path: Path, *, file: Path | None = None, objective: str | None = None, groups: Iterable[str] | None = None
) -> Configuration:
    """The configuration of what lies at ``path``: that of ``file``, or of the nearest ``seawall.yaml``.

    ``objective``, where the user gave one, wins over everything in the file and over tags. ``groups`` are those that
    there are; without them unknown names are not noticed. Raises ``Misuse`` for a file that cannot be read
    or says something unknown.
    """
    found = file or configuration_file(path)
    configuration = Configuration()
    if found is not None:
        from seawall.configuration_file import read_configuration  # most runs have no file

        configuration = read_configuration(found, groups)
    if objective is None:
        return configuration
    fixed = Objective(objective, configuration.objective.recovery)
    return configuration._replace(objective=fixed, fixed=True, rules=())


def configuration_file(path: Path) -> Path | None:
    """The nearest ``seawall.yaml`` in the folder at or around ``path``, then in the folders above it."""
    start = path.absolute()
    folders = [start, *start.parents] if start.is_dir() else start.parents
    return next((folder / FILE_NAME for folder in folders if (folder / FILE_NAME).is_file()), None)
