"""The drive's design with a planned event in its settings: sale_day.json, synthesized beside the everyday one.

`make drills` writes it to build/sale_day; where that is missing it is synthesized now, by the .venv that `make` makes:

    CDK_OUTDIR=build/sale_day CDK_CONTEXT_JSON="$(cat drills/surge/sale_day.json)" .venv/bin/python app.py
"""

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from drills.drill import CouldNotRun
from drills.frame.plan import Design, NoAssembly
from drills.surge.autoscaling import TARGET, Raise, raises

REPOSITORY = Path(__file__).resolve().parents[2]
SETTINGS = Path(__file__).with_name("sale_day.json")
ASSEMBLY = REPOSITORY / "build" / "sale_day"
PYTHON = REPOSITORY / ".venv" / "bin" / "python"
SYNTHESIS_WITHIN = 300.0
"""Seconds."""


@dataclass(frozen=True)
class Event:
    """The event of the settings."""

    name: str
    start: datetime
    end: datetime
    bundles_per_minute: int


def event() -> Event:
    """Return the event that the drill plays."""
    [written] = json.loads(SETTINGS.read_text())["events"]
    start, end = (datetime.fromisoformat(written[name]) for name in ("start", "end"))
    return Event(written["name"], start, end, int(written["peak_bundles_per_minute"]))


def design_with_event() -> Design:
    """Return the design with the event; raises CouldNotRun where it is not there and cannot be made."""
    if not _is_current():
        _synthesize()
    try:
        return Design.read(ASSEMBLY)
    except NoAssembly as error:
        raise CouldNotRun(str(error)) from error


def _is_current() -> bool:
    manifest = ASSEMBLY / "manifest.json"
    return manifest.is_file() and manifest.stat().st_mtime >= SETTINGS.stat().st_mtime


def _synthesize() -> None:
    command = f'CDK_OUTDIR=build/sale_day CDK_CONTEXT_JSON="$(cat drills/surge/sale_day.json)" {PYTHON} app.py'
    if not PYTHON.is_file():
        message = f"{ASSEMBLY} is missing, or older than {SETTINGS.name}: `make drills` writes it, as `{command}` does"
        raise CouldNotRun(message)
    told = {"CDK_OUTDIR": str(ASSEMBLY), "CDK_CONTEXT_JSON": SETTINGS.read_text()}
    try:
        subprocess.run(
            [PYTHON, "app.py"],
            cwd=REPOSITORY,
            env={**os.environ, **told},
            capture_output=True,
            text=True,
            timeout=SYNTHESIS_WITHIN,
            check=True,
        )
    except subprocess.CalledProcessError as error:
        message = f"`{command}` failed: {error.stderr[-500:]}"
        raise CouldNotRun(message) from error
    except subprocess.TimeoutExpired as error:
        message = f"`{command}` took longer than {SYNTHESIS_WITHIN:g} s"
        raise CouldNotRun(message) from error


def all_raises(design: Design) -> Iterator[tuple[str, int, tuple[Raise, ...]]]:
    """Yield what the primary scales (its stack and dimension), its minimum, and its scheduled actions."""
    for stack in (f"Bundling-{design.primary}", f"Api-{design.primary}"):
        resources: Any = design.templates[stack]["Resources"]
        for name, found in resources.items():
            if found["Type"] == TARGET:
                target = found["Properties"]
                yield f"{stack} {name}", int(target["MinCapacity"]), tuple(raises(target))
