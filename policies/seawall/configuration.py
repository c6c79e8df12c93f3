"""``seawall.yaml``: what a design promises to survive, found upwards from the path that is judged.

The file's keys: ``objective`` (``multi-az`` or ``multi-region``) and ``recovery`` (``true`` judges the
recovery path of a ``multi-az`` design too). Every other key is refused by name and line.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from seawall.documents import Mapping, Unreadable, read_yaml

FILE_NAME = "seawall.yaml"
OBJECTIVES = ("multi-az", "multi-region")
KEYS = ("objective", "recovery")
MULTI_REGION_GROUP = "region"
RECOVERY_GROUP = "recovery"


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


def objective_for(path: Path, name: str | None = None) -> Objective:
    """The objective of what lies at ``path``; ``name``, where the user gave one, wins over the file's.

    Raises ``Misuse`` for a configuration file that cannot be read or says something unknown.
    """
    file = configuration_file(path)
    written = read_objective(file) if file else Objective()
    return Objective(name, written.recovery) if name else written


def configuration_file(path: Path) -> Path | None:
    """The nearest ``seawall.yaml`` in the folder at or around ``path``, then in the folders above it."""
    start = path.absolute()
    folders = [start, *start.parents] if start.is_dir() else start.parents
    return next((folder / FILE_NAME for folder in folders if (folder / FILE_NAME).is_file()), None)


def read_objective(file: Path) -> Objective:
    """The objective that a configuration file sets; raises ``Misuse``."""
    problems: list[Unreadable] = []
    try:
        root = read_yaml(file.read_text(encoding="utf-8"), problems)
    except (OSError, UnicodeDecodeError) as error:
        raise Misuse(f"{file}: cannot be read: {error}") from None
    except Unreadable as error:
        problems.append(error)
    for problem in problems:
        raise Misuse(f"{file}{_at(problem.line)}: {problem.reason}")
    if root is None:
        return Objective()
    if not isinstance(root, Mapping):
        raise Misuse(f"{file}: is no mapping; write objective: {OBJECTIVES[0]}")
    for key in root:
        if key not in KEYS:
            raise Misuse(f"{file}{_at(root.lines[key])}: unknown key {key!r}; the keys are {' and '.join(KEYS)}")
    return Objective(_objective(file, root), _recovery(file, root))


def _objective(file: Path, root: Mapping) -> str:
    name = root.get("objective", OBJECTIVES[0])
    if name not in OBJECTIVES:
        raise Misuse(f"{file}{_at(root.lines['objective'])}: objective is {' or '.join(OBJECTIVES)}, not {name!r}")
    return str(name)


def _recovery(file: Path, root: Mapping) -> bool:
    recovery = root.get("recovery", False)
    if not isinstance(recovery, bool):
        raise Misuse(f"{file}{_at(root.lines['recovery'])}: recovery is true or false, not {recovery!r}")
    return recovery


def _at(line: int | None) -> str:
    return f":{line}" if line else ""
