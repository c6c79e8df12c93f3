"""Writes copier.yml from starters/shared/questions.yml and each starter's questions.yml: `make catalogue`.

Copier could include them by a tag of its own, but no YAML file here may hold one: checkov reads them all.
"""

import textwrap
import tomllib
from pathlib import Path
from typing import Any

import yaml

STARTERS = Path(__file__).parent
COPIER_FILE = STARTERS.parent / "copier.yml"
SHARED = STARTERS / "shared" / "questions.yml"

NO_CHOICES = "  choices: {}\n"
NO_VERSION = "  default: VERSION\n"


def starters() -> dict[str, dict[str, Any]]:
    """What questions.yml of each starter says: `about`, its line in lists, and `questions`, Copier's own, by name."""
    return {
        path.parent.name: yaml.safe_load(path.read_text("utf-8"))
        for path in sorted(STARTERS.glob("*/questions.yml"))
        if path.parent.name != SHARED.parent.name
    }


def text() -> str:
    """What copier.yml has to be."""
    shared = SHARED.read_text("utf-8")
    _, _, body = shared.partition("_min_copier_version")
    found = starters()
    choices = {f"{name}: {starter['about']}": name for name, starter in found.items()}
    body = body.replace(NO_CHOICES, textwrap.indent(_yaml({"choices": choices}), "  "))
    project = tomllib.loads((STARTERS.parent / "pyproject.toml").read_text("utf-8"))["project"]
    body = body.replace(NO_VERSION, f"  default: {project['version']}\n")
    own = [
        _yaml({name: question | {"when": f"[[ starter == '{starter}' ]]"}})
        for starter, said in found.items()
        for name, question in said["questions"].items()
    ]
    head = "# Written by `make catalogue` from starters/shared/questions.yml and starters/*/questions.yml.\n"
    return "\n".join([f"{head}_min_copier_version{body}", *own])


def _yaml(value: dict[str, Any]) -> str:
    return yaml.safe_dump(value, sort_keys=False, width=1000, allow_unicode=True)


if __name__ == "__main__":
    COPIER_FILE.write_text(text(), "utf-8")
