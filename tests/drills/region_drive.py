"""One deployed drive for all the tests that lose a region: deploying it takes longer than each of them."""

import os
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest
from rich.console import Console

from drills.drill import ASSEMBLY, Options, Run
from drills.frame.plan import Design
from drills.frame.running import Drive, embedded_drive
from drills.frame.stock import empty
from drills.region.region_scene import Scene
from drills.region.region_setting import Setting

TIME_SCALE = 20.0
SMALL = Setting(
    name="small",
    record_lag=0.0,
    file_lag=1.0,
    rate=3.0,
    before=4.0,
    storm=16.0,
    after=2.0,
    lost_after=12.0,
    decision=100.0,
    users=12,
    probe_contents=240,
)
"""A region is lost twelve seconds into twenty-two, and a person decides after five."""

_running: list[Drive] = []


def running_drive(request: pytest.FixtureRequest, folder: Path) -> Drive:
    """Return the drive that these tests share, in order and empty; the first one starts it."""
    if not _running:
        stack = ExitStack()
        request.config.add_cleanup(stack.close)
        options = Options(folder=folder, assembly=assembly(), time_scale=TIME_SCALE)
        design = Design.read(options.assembly)
        _running.append(stack.enter_context(embedded_drive(options, design, Console())))
    drive = _running[0]
    drive.mend()
    empty(drive)
    return drive


def assembly() -> Path:
    """Return what `make synth` wrote, or what DRIVE_ASSEMBLY names."""
    return Path(os.environ.get("DRIVE_ASSEMBLY", ASSEMBLY))


def a_run(drive: Drive, folder: Path) -> Run:
    """Return a run whose files lie in `folder`."""
    options = Options(folder=folder, time_scale=TIME_SCALE, short=True)
    return Run(options, drive.design, folder, Console(), datetime.now(UTC))


def played(drive: Drive, folder: Path, setting: Setting = SMALL) -> Scene:
    """Lose a region and return what happened."""
    scene = Scene(drive, a_run(drive, folder), setting)
    scene.play()
    return scene
