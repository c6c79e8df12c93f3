"""Finds and imports policy files, from a checkout or from an installed wheel.

The catalogue's own are imported when they first judge: a template concerns few of them, and importing all took
half of the time that a small one needs. What is said about them before stands in ``catalogue_index``; a file that
has changed since that was written is imported at once, as are those of other folders.
"""

from __future__ import annotations

import importlib.util
import os
import sys
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from seawall.catalogue_index import INDEX
from seawall.policy import Judge, Policy, Verdict, take_registered

if TYPE_CHECKING:
    from seawall.design import Design, Resource

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


def load_policies(
    extra_folders: Iterable[Path] = (), *, at_once: bool = False
) -> tuple[list[Policy], list[BrokenPolicy]]:
    """Every policy of the catalogue and of ``extra_folders``, and the files that could not be loaded.

    ``at_once`` imports all of them now.
    """
    policies: dict[str, Policy] = {}
    broken: list[BrokenPolicy] = []
    catalogue = catalogue_folder()
    for group in GROUPS:
        for file in _files_in(os.path.join(catalogue, group)):
            indexed = None if at_once else _indexed(group, file)
            if indexed is None:
                _load(Path(file), policies, broken)
            else:
                policies[indexed.id] = indexed
    for folder in extra_folders:
        for place in (folder, *sorted(child for child in folder.iterdir() if child.is_dir())):
            for file in _files_in(str(place)):
                _load(Path(file), policies, broken)
    return list(policies.values()), broken


def _files_in(folder: str) -> Iterator[str]:
    names = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
    return (os.path.join(folder, name) for name in names if name.endswith(".py") and not name.startswith("_"))


def _indexed(group: str, file: str) -> Policy | None:
    """The policy in a file of the catalogue, not imported, if it is still the file that the index knows."""
    name = os.path.basename(file).removesuffix(".py")
    known = INDEX.get(f"{group}/{name}")
    if known is None or known[0] != checksum(file):
        return None
    _, title, types = known
    return Policy(name, f"SEA_{name.upper()}", group, title, types, _Deferred(file, name, types), file)


def checksum(file: str) -> int:
    """What tells the index that a policy's file has changed."""
    with open(file, "rb") as stream:
        return zlib.crc32(stream.read())


class _Deferred:
    """Judges by a policy that is imported when it first does."""

    def __init__(self, file: str, name: str, types: tuple[str, ...]) -> None:
        self._file = file
        self._types = types
        self._judge: Judge | None = None
        self.__name__ = name

    def __call__(self, resource: Resource, design: Design) -> Verdict:
        if self._judge is None:
            (found,) = _import(Path(self._file))
            if found.applies_to != self._types:  # constants of other modules say what it applies to
                raise ValueError("the index of the catalogue is out of date: python -m seawall.catalogue_page")
            self._judge = found.judge
        return self._judge(resource, design)


def _import(file: Path) -> list[Policy]:
    """The policies that a file registers; raises whatever it raises."""
    name = f"seawall.catalogue.{file.parent.name}.{file.stem}"
    take_registered()
    try:
        spec = importlib.util.spec_from_file_location(name, file)
        if spec is None or spec.loader is None:
            raise ImportError("Python cannot load it")
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    except BaseException:
        sys.modules.pop(name, None)
        raise
    return take_registered()


def _load(file: Path, policies: dict[str, Policy], broken: list[BrokenPolicy]) -> None:
    try:
        found = _import(file)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a stranger's file raises is reported
        broken.append(BrokenPolicy(file, f"{type(error).__name__}: {_first_line(error)}"))
        return
    if not found:
        broken.append(BrokenPolicy(file, "holds no function with @policy"))
    for policy in found:
        if policy.id in policies:
            broken.append(BrokenPolicy(file, f"{policy.id} is already defined in {policies[policy.id].file}"))
        else:
            policies[policy.id] = policy


def _first_line(error: BaseException) -> str:
    if isinstance(error, SyntaxError):
        return f"{error.msg} (line {error.lineno})"
    return (str(error).splitlines() or [""])[0]
