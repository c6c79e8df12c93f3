"""Packages of Python functions for this machine: without the libraries that were gathered for AWS's processors.

A library is known by what pip wrote beside it (`name-1.0.dist-info/RECORD`). One that this machine lacks stays.
"""

import csv
import re
import shutil
from collections.abc import Iterable, Iterator
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

LIBRARIES = (Path(), Path("python"))
"""Where libraries lie: at the top of a function's package, and of a layer's."""


def copy_python(source: Path, target: Path, handlers: Iterable[str]) -> Iterator[str]:
    """Copy a package to `target`; say in what the copy differs.

    A package that is the one folder of code that its handlers name, not what holds it, is put into such a folder.
    """
    folders = {handler.split(".")[0] for handler in handlers if handler.count(".") > 1}
    missing = next((one for one in folders if not (source / one).exists() and not (source / f"{one}.py").exists()), "")
    if missing:
        yield f"its code is put into a folder {missing}, where its handlers are looked for"
    if names := _copy_without_libraries(source, target / missing):
        yield f"this machine's libraries instead of its own: {', '.join(names)}"


def _copy_without_libraries(source: Path, target: Path) -> list[str]:
    left_out: set[Path] = set()
    names = []
    for folder in LIBRARIES:
        for told in sorted((source / folder).glob("*.dist-info")):
            name = _name(told)
            if _is_here(name):
                names.append(name)
                left_out |= {told, *_files(told)}

    def ignored(folder: str, files: list[str]) -> list[str]:
        return [name for name in files if Path(folder, name) in left_out or name == "__pycache__"]

    shutil.copytree(source, target, ignore=ignored)
    for folder in sorted((path for path in target.rglob("*") if path.is_dir()), reverse=True):
        if not any(folder.iterdir()) and any((source / folder.relative_to(target)).iterdir()):
            folder.rmdir()  # an empty folder would be a package of that name, in the place of this machine's
    return names


def _name(told: Path) -> str:
    found = re.search(r"^Name: *(.+)$", (told / "METADATA").read_text(errors="replace"), flags=re.MULTILINE)
    return found[1].strip() if found else told.name.rsplit("-", 1)[0]


def _is_here(name: str) -> bool:
    try:
        distribution(name)
    except PackageNotFoundError:
        return False
    return True


def _files(told: Path) -> Iterator[Path]:
    record = told / "RECORD"
    if record.is_file():
        for row in csv.reader(record.read_text().splitlines()):
            if row:
                yield told.parent / row[0]
