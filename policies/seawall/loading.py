"""Finds and imports policy files, from a checkout or from an installed wheel."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterable
from pathlib import Path

from seawall.policy import Policy, take_registered

GROUPS = {
    "zone": "one availability zone is lost",
    "backup": "data is deleted, overwritten or corrupted",
    "delete": "a stack update or delete takes the data along",
    "surge": "work arrives faster than it can be done",
    "region": "one region is lost",
    "recovery": "the way back itself fails when it is needed",
}
"""The groups in the order people read them, each with the failure that its policies look for."""


class BrokenPolicy(Exception):
    """A policy file that cannot be imported, or holds no policy: ``file`` and ``reason`` in one line."""

    def __init__(self, file: Path, reason: str) -> None:
        super().__init__(f"{file}: {reason}")
        self.file = file
        self.reason = reason


def catalogue_folder() -> Path:
    """The folder that holds a folder for each group: ``policies`` in a checkout, ``seawall/catalogue`` installed."""
    engine = Path(__file__).parent
    installed = engine / "catalogue"
    return installed if installed.is_dir() else engine.parent


def load_policies(extra_folders: Iterable[Path] = ()) -> tuple[list[Policy], list[BrokenPolicy]]:
    """Every policy of the catalogue and of ``extra_folders``, and the files that could not be loaded."""
    policies: list[Policy] = []
    broken: list[BrokenPolicy] = []
    catalogue = catalogue_folder()
    folders = [catalogue / group for group in GROUPS]
    for folder in extra_folders:
        folders += [folder, *sorted(child for child in folder.iterdir() if child.is_dir())]
    for folder in folders:
        for file in sorted(folder.glob("*.py")):
            if not file.name.startswith("_"):
                _load(file, policies, broken)
    return policies, broken


def _load(file: Path, policies: list[Policy], broken: list[BrokenPolicy]) -> None:
    name = f"seawall.catalogue.{file.parent.name}.{file.stem}"
    take_registered()
    try:
        spec = importlib.util.spec_from_file_location(name, file)
        if spec is None or spec.loader is None:
            raise ImportError("Python cannot load it")
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a stranger's file raises is reported
        sys.modules.pop(name, None)
        broken.append(BrokenPolicy(file, f"{type(error).__name__}: {_first_line(error)}"))
        return
    found = take_registered()
    if not found:
        broken.append(BrokenPolicy(file, "holds no function with @policy"))
    taken = {policy.id: policy.file for policy in policies}
    for policy in found:
        if policy.id in taken:
            broken.append(BrokenPolicy(file, f"{policy.id} is already defined in {taken[policy.id]}"))
        else:
            policies.append(policy)


def _first_line(error: BaseException) -> str:
    if isinstance(error, SyntaxError):
        return f"{error.msg} (line {error.lineno})"
    return (str(error).splitlines() or [""])[0]
