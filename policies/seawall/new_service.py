"""Writes a new service by Copier: all of it or, whatever happens, nothing."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

from seawall.configuration import Misuse

IGNORED = frozenset({".git"})
"""What a folder may hold and still count as empty: a repository that was just made."""


def refuse_unless_free(target: Path) -> None:
    """Raises ``Misuse`` unless the folder does not exist, or is empty but for a repository that was just made."""
    try:
        if not target.parent.is_dir():
            raise Misuse(f"the folder {target.parent} does not exist")
        if not os.path.lexists(target):
            return
        if not target.is_dir():
            raise Misuse(f"{target} exists and is no folder")
        if {path.name for path in target.iterdir()} - IGNORED:
            raise Misuse(f"the folder {target} exists and is not empty; name another with --into DIR")
    except OSError as error:
        raise Misuse(f"{target}: {_reason(error)}") from None


def write_service(source: Path, target: Path, answers: dict[str, str], *, is_checkout: bool, interactive: bool) -> None:
    """Writes what the template in `source` makes of the answers, of which `name` and `starter` are two.

    What was not answered is asked, or has its default. Raises ``Misuse`` with one line and leaves nothing behind, as an
    interruption does.
    """
    run_copy, told = _copier()
    with _in_words(target, told), _beside(target) as folder, _template(source, is_checkout=is_checkout) as template:
        made = folder / answers["name"]
        run_copy(str(template), made, data=answers, defaults=not interactive, quiet=True)
        _write_local_makefile(made)
        _move(made, target)


def _copier() -> tuple[Callable[..., Any], type[Exception]]:
    try:
        from copier import run_copy
        from copier.errors import UserMessageError
    except ImportError:
        raise Misuse("Copier is missing, which writes the files: pip install 'seawall[new]'") from None
    return run_copy, UserMessageError


@contextmanager
def _in_words(target: Path, told: type[Exception]) -> Iterator[None]:
    """Says in one line why the service could not be written."""
    try:
        yield
    except OSError as error:
        raise Misuse(f"{target} could not be written: {_reason(error)}; nothing is left of it") from None
    except (ValueError, told) as error:  # the first is what Copier says of an answer
        said = " ".join(str(error).split())
        raise Misuse(re.sub(r"^Validation error for question '\w+': ", "", said)) from None


def _reason(error: OSError) -> str:
    if error.errno == errno.ENOSPC:
        return "the disk is full"
    return (error.strerror or str(error)).lower()


@contextmanager
def _beside(target: Path) -> Iterator[Path]:
    """A folder on the target's disk, from which the service is moved in one step; it is gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix=".seawall-new-", dir=target if target.is_dir() else target.parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _template(source: Path, *, is_checkout: bool) -> Iterator[Path]:
    """The template outside a repository: in one Copier would take its last tag, not what lies there."""
    if not is_checkout:
        yield source
        return
    with tempfile.TemporaryDirectory(prefix="seawall-template-") as folder:
        shutil.copy(source / "copier.yml", folder)
        left = shutil.ignore_patterns("__pycache__", ".*_cache")
        shutil.copytree(source / "starters", Path(folder) / "starters", ignore=left)
        yield Path(folder)


def _move(made: Path, target: Path) -> None:
    if not target.is_dir():
        made.rename(target)
        return
    moved: list[Path] = []
    try:
        for entry in list(made.iterdir()):
            moved.append(target / entry.name)
            entry.rename(moved[-1])
    except BaseException:
        for path in moved:
            shutil.rmtree(path, ignore_errors=True)
            with suppress(OSError):
                path.unlink()
        raise


def _write_local_makefile(made: Path) -> None:
    """Lets the Makefile install the Seawall that wrote it, where that is no published version."""
    origin = _origin()
    if origin is None:
        return
    [line] = re.findall(r"^SEAWALL \?= (.*?) @ .*$", (made / "Makefile").read_text("utf-8"), re.MULTILINE)
    (made / "local.mk").write_text(
        "# The Seawall that wrote this service, for this machine only: git does not keep this file.\n"
        f"SEAWALL := {line} @ {origin}\n",
        "utf-8",
    )


def _origin() -> str | None:
    """What pip would install to get this Seawall (PEP 610); None where it came from an index."""
    try:
        text = distribution("seawall").read_text("direct_url.json")
    except PackageNotFoundError:
        return None
    if text is None:
        return None
    said = json.loads(text)
    if "vcs_info" in said:
        return f"{said['vcs_info']['vcs']}+{said['url']}@{said['vcs_info']['commit_id']}"
    return str(said["url"])
