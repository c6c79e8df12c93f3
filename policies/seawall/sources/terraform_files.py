"""Terraform's functions that read files beside the source: ``file``, ``fileexists`` and ``templatefile``."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from seawall.documents import Unreadable
from seawall.sources.terraform_language import Expression, read_template
from seawall.values import Unknown, Value, reasons

if TYPE_CHECKING:
    from seawall.sources.terraform_values import Scope

MAX_BYTES = 1024 * 1024
"""The largest file that a function reads."""


class Files:
    """The files that one configuration may read: those in the folders of its modules and below."""

    def __init__(self, root: str = "", folders: Iterable[str] = ()) -> None:
        self.root = root
        self._folders = [os.path.realpath(folder) for folder in folders if folder]
        self.in_progress: set[str] = set()
        self._texts: dict[str, str | None] = {}
        self._templates: dict[str, Expression | None] = {}

    def text(self, name: str) -> str | None:
        """The text of the file, ``None`` where there is none that may be read."""
        if name not in self._texts:
            self._texts[name] = self._read(name)
        return self._texts[name]

    def template(self, name: str) -> Expression | None:
        """The file as the expression that ``templatefile`` evaluates."""
        if name not in self._templates:
            text = self.text(name)
            try:
                self._templates[name] = None if text is None else read_template(text)
            except (Unreadable, RecursionError):
                self._templates[name] = None
        return self._templates[name]

    def _read(self, name: str) -> str | None:
        for path in (name, os.path.join(self.root, name)):
            try:
                real = os.path.realpath(path)
                inside = any(os.path.commonpath([folder, real]) == folder for folder in self._folders)
                if inside and os.path.isfile(real) and os.path.getsize(real) <= MAX_BYTES:
                    with open(real, encoding="utf-8-sig") as opened:
                        return opened.read()
            except (OSError, ValueError):  # also no UTF-8, and names that no file can have
                return None
        return None


def _file(values: list[Value], scope: Scope) -> Value:
    name = values[0] if values else None
    text = scope.world.files.text(name) if isinstance(name, str) else None
    return Unknown(reasons(name) or (f"the file {name}",)) if text is None else text


def _file_exists(values: list[Value], scope: Scope) -> Value:
    name = values[0] if values else None
    if not isinstance(name, str):
        return Unknown(reasons(name) or ("a file",))
    # One that is not there yet may be made by an earlier step of the deployment.
    return True if scope.world.files.text(name) is not None else Unknown((f"the file {name}",))


def _template_file(values: list[Value], scope: Scope) -> Value:
    from seawall.sources.terraform_values import evaluate

    name, names = values if len(values) == 2 else (None, None)
    template = scope.world.files.template(name) if isinstance(name, str) else None
    if template is None or not isinstance(names, dict):
        return Unknown(reasons(values) or (f"the file {name}",))
    files = scope.world.files
    if not isinstance(name, str) or name in files.in_progress:
        return Unknown((f"the file {name}, which contains itself",))
    files.in_progress.add(name)
    try:
        return evaluate(template, scope.with_names(names))
    finally:
        files.in_progress.discard(name)


FILE_FUNCTIONS: dict[str, Callable[[list[Value], Scope], Value]] = {
    "file": _file,
    "fileexists": _file_exists,
    "templatefile": _template_file,
}
