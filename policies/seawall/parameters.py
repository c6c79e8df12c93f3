"""Parameter values that the user gives: ``--parameter NAME=VALUE`` and the files of several tools."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from seawall.configuration import Misuse
from seawall.documents import Unreadable, read_yaml
from seawall.json_documents import read_json


def parameter_values(files: Iterable[Path], settings: Iterable[str]) -> dict[str, Any]:
    """The values by parameter name; settings win over files, a later file over an earlier one.

    Raises ``Misuse`` for a file of none of the known shapes and for a setting without ``=``.
    """
    values: dict[str, Any] = {}
    for file in files:
        values.update(_from_file(file))
    for setting in settings:
        name, value = _split(setting, "--parameter takes NAME=VALUE")
        values[name] = value
    return values


def _from_file(file: Path) -> dict[str, Any]:
    """Reads CloudFormation's list, CodePipeline's ``{"Parameters": {}}`` or a mapping, as YAML or JSON."""
    problems: list[Unreadable] = []
    try:
        text = file.read_text(encoding="utf-8-sig")
        root = read_json(text, problems) if text.lstrip()[:1] in ("{", "[") else read_yaml(text, problems)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "is not UTF-8"
        raise Misuse(f"{file}: {(reason or str(error)).lower()}") from None
    except Unreadable as error:
        problems.append(error)
    for problem in problems:
        raise Misuse(f"{file}{f':{problem.line}' if problem.line else ''}: {problem.reason}")
    if isinstance(root, dict) and isinstance(root.get("Parameters"), dict):
        root = root["Parameters"]
    if isinstance(root, dict):
        return {str(name): value for name, value in root.items() if value is not None}
    if isinstance(root, list):
        return dict(_pairs(file, root))
    raise Misuse(f"{file}: holds no parameters: write NAME: VALUE lines or CloudFormation's list")


def _pairs(file: Path, entries: list[Any]) -> Iterator[tuple[str, Any]]:
    shape = f"{file}: an entry is no ParameterKey with a ParameterValue"
    for entry in entries:
        if isinstance(entry, str):  # aws cloudformation deploy --parameter-overrides file://
            yield _split(entry, shape)
        elif not isinstance(entry, dict) or not isinstance(entry.get("ParameterKey"), str):
            raise Misuse(shape)
        elif entry.get("ParameterValue") is not None:  # else UsePreviousValue: only the deployment knows it
            yield entry["ParameterKey"], entry["ParameterValue"]


def _split(setting: str, complaint: str) -> tuple[str, str]:
    name, equals, value = setting.partition("=")
    if not equals or not name.strip():
        raise Misuse(f"{complaint}, not {setting!r}")
    return name.strip(), value
