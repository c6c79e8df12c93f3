"""Terraform source written at test time: a dictionary of file names and texts becomes a design."""

from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent
from typing import Any

from seawall.design import Design
from seawall.documents import Unreadable
from seawall.sources.terraform import read_modules


def written(folder: Path, files: Mapping[str, str]) -> Path:
    """The folder, with these files in it."""
    for name, text in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(dedent(text))
    return folder


def root_module(folder: Path, text: str, parameters: Mapping[str, Any] | None = None, **files: str) -> Design:
    """The design of a root module whose ``main.tf`` is ``text``; ``files`` are more of it, ``__`` for ``/``."""
    more = {f"{name.replace('__', '/')}.tf": content for name, content in files.items()}
    problems: list[Unreadable] = []
    (design,) = read_modules(written(folder, {"main.tf": text, **more}), parameters, problems)
    assert not problems, [problem.reason for problem in problems]
    return design


def resource_values(design: Design, address: str, *names: str) -> list[Any]:
    """Some properties of a resource."""
    resource = design.all["", address]
    return [resource.get(name) for name in names]
