"""Reads a ``seawall.yaml``, which ``configuration_check`` has found to be as its schema says."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from seawall.assumptions import AssumedPlan, Tags
from seawall.configuration import Configuration, Deployed, Misuse, Objective, ObjectiveRule
from seawall.configuration_check import complaints, load_schema
from seawall.documents import Mapping as LinedMapping
from seawall.documents import Unreadable, read_yaml
from seawall.thresholds import Thresholds
from seawall.values import plain_text


def read_configuration(file: Path, groups: Iterable[str] | None = None) -> Configuration:
    """What a configuration file says; raises ``Misuse`` naming the key and the line of the first mistake.

    ``groups`` are the groups that there are; any other name is then a mistake.
    """
    root = _root(file)
    for complaint in complaints(root, load_schema()):
        raise Misuse(f"{file}{_at(complaint.line)}: {complaint.text}")
    _check_groups(file, root, groups)
    objective = Objective(root.get("objective", Objective().name), root.get("recovery", False))
    baseline = root.get("baseline")
    return Configuration(
        file=file,
        objective=objective,
        rules=tuple(_rule(entry, objective) for entry in root.get("objectives", ())),
        groups=dict(root.get("groups", {})),
        severity=dict(root.get("severity", {})),
        thresholds=Thresholds(**{name: int(value) for name, value in root.get("thresholds", {}).items()}),
        assumed=_assumed(root.get("assume", {}), file.name),
        designs=tuple(_design(file, entry["templates"]) for entry in root.get("designs", ())),
        baseline=_beside(file, baseline) if baseline else None,
    )


def _beside(file: Path, name: str) -> Path:
    """A path that the configuration writes, as short as it can be said in the working folder."""
    path = os.path.abspath(file.parent / name)
    short = os.path.relpath(path)
    return Path(path if short.startswith(os.pardir) else short)


def _root(file: Path) -> Any:
    problems: list[Unreadable] = []
    try:
        root = read_yaml(file.read_text(encoding="utf-8-sig"), problems)
    except (OSError, UnicodeDecodeError) as error:
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        raise Misuse(f"{file}: cannot be read: {reason}") from None
    except Unreadable as error:
        problems.append(error)
    for problem in problems:
        raise Misuse(f"{file}{_at(problem.line)}: {problem.reason}")
    if root is None:
        return LinedMapping(1)
    if not isinstance(root, LinedMapping):
        raise Misuse(f"{file}: is no mapping; write objective: multi-az")
    # ``thresholds:`` with everything below it commented out says as little as no such key.
    for key in [key for key, value in root.items() if value is None]:
        del root[key]
    return root


def _check_groups(file: Path, root: LinedMapping, groups: Iterable[str] | None) -> None:
    known = None if groups is None else set(groups)
    for section in ("groups", "severity"):
        for name in root.get(section, ()):
            if known is not None and name not in known:
                line = root[section].lines.get(name)
                raise Misuse(f"{file}{_at(line)}: no group is called {name!r}; there are {', '.join(sorted(known))}")


def _rule(entry: Mapping[str, Any], usual: Objective) -> ObjectiveRule:
    objective = Objective(entry["objective"], entry.get("recovery", usual.recovery))
    return ObjectiveRule(objective, tuple(entry.get("paths", ())), _tags(entry))


def _tags(entry: Mapping[str, Any]) -> Tags:
    found = []
    for key, value in entry.get("tags", {}).items():
        values = value if isinstance(value, list) else [value]
        found.append((str(key), tuple(plain_text(one) for one in values)))
    return tuple(found)


def _assumed(section: Mapping[str, Any], source: str) -> tuple[AssumedPlan, ...]:
    return tuple(
        AssumedPlan(
            name=entry.get("name") or _name_of(entry),
            source=source,
            tags=_tags(entry),
            types=tuple(entry.get("types", ())),
            copies_to=tuple(entry.get("copies_to", ())),
            retention_days=entry.get("retention_days"),
            schedule=entry.get("schedule"),
        )
        for entry in section.get("backup_plans", ())
    )


def _name_of(plan: Mapping[str, Any]) -> str:
    tags = [f"{key}={' or '.join(values)}" for key, values in _tags(plan)]
    return ", ".join(tags or plan["types"])


def _design(file: Path, templates: Any) -> tuple[Deployed, ...]:
    found = []
    for index, entry in enumerate(templates):
        line = templates.lines[index]
        if isinstance(entry, str):
            deployed = Deployed(entry, line=line)
        else:
            parameters = tuple((str(name), plain_text(value)) for name, value in entry.get("parameters", {}).items())
            deployed = Deployed(entry["path"], entry.get("stack", ""), entry.get("region"), parameters, line)
        if os.path.isabs(deployed.path) or ".." in deployed.path.split("/"):
            reason = (
                f"designs: {deployed.path} leads out of the folder of {file.name}; put the file above its templates"
            )
            raise Misuse(f"{file}{_at(line)}: {reason}")
        found.append(deployed)
    return tuple(found)


def _at(line: int | None) -> str:
    return f":{line}" if line else ""
