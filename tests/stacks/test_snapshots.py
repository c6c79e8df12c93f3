import difflib
import json
import re
from pathlib import Path
from typing import Any

import pytest

SNAPSHOTS = Path(__file__).parent / "snapshots"
ASSET_HASH = re.compile(r"\b[0-9a-f]{64}\b")


VERSION_HASH = re.compile(r"(?<=CurrentVersion)[0-9A-F]{8}[0-9a-f]{32}\b")
STANDBY = "eu-central-1"


def as_text(template: dict[str, Any]) -> str:
    """The template without what changes by itself: the hashes of assets, and of functions after them."""
    text = json.dumps(template, indent=1, sort_keys=True) + "\n"
    return VERSION_HASH.sub("(version)", ASSET_HASH.sub("(asset)", text))


def test_templates_change_only_on_purpose(templates: dict[str, dict[str, Any]], pytestconfig: pytest.Config) -> None:
    """The standby's stacks are left out: another test holds them to be the same as the primary's."""
    current = {name: as_text(template) for name, template in templates.items() if not name.endswith(STANDBY)}
    if pytestconfig.getoption("--update-snapshots"):
        for path in SNAPSHOTS.glob("*.json"):
            path.unlink()
        for name, text in current.items():
            (SNAPSHOTS / f"{name}.json").write_text(text)
    accepted = {path.stem: path.read_text() for path in SNAPSHOTS.glob("*.json")}
    changes = [
        line
        for name in sorted(current.keys() | accepted.keys())
        for line in difflib.unified_diff(
            accepted.get(name, "").splitlines(),
            current.get(name, "").splitlines(),
            f"{name}, accepted",
            f"{name}, now",
            lineterm="",
        )
    ]
    assert not changes, "\n".join([*changes, "If this is what you want: make snapshots"])
