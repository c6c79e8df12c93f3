"""The command `drive` while a region is gone: with both addresses, as people use it."""

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from drills.region.region_probe import BEFORE, FILE

if TYPE_CHECKING:
    from drills.frame.running import Drive

REPOSITORY = Path(__file__).resolve().parents[2]
WITHIN = 60.0
"""Seconds of patience that each command is given."""
SIZE = 300_000


def tried(drive: "Drive", folder: Path, user: str, regions: tuple[str, str]) -> dict[str, bool]:
    """Put and get files, one of them written in the lost region; return which commands did what they should."""
    sent, fetched, back = folder / "sent.bin", folder / "fetched.txt", folder / "back.bin"
    sent.write_bytes(os.urandom(SIZE))
    environment = {
        "DRIVE_ENDPOINTS": " ".join(place.url for place in drive.places(*regions)),
        "DRIVE_TOKEN": drive.identity.token(user),
        "DRIVE_STATE": str(folder / "client"),
        "DRIVE_CONFIG": str(folder / "no-config.toml"),
    }

    def works(*arguments: str) -> bool:
        return _run(folder / "client.log", environment, *arguments)

    got = works("get", BEFORE, "--output", str(fetched)) and fetched.read_bytes() == FILE
    put = works("put", str(sent), "--as", "sent.bin", "--wait", "listed")
    same = works("get", "sent.bin", "--output", str(back)) and back.read_bytes() == sent.read_bytes()
    return {
        "drive get": got,
        "drive put": put,
        "drive get of what was put": same,
        "drive ls": works("ls"),
    }


def _run(log: Path, environment: dict[str, str], *arguments: str) -> bool:
    command = [sys.executable, "-m", "client", *arguments, "--patience", f"{WITHIN:g}", "--json"]
    with log.open("ab") as output:
        try:
            ended = subprocess.run(
                command,
                cwd=REPOSITORY,
                env=os.environ | environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                timeout=2 * WITHIN,
                check=False,
            )
        except subprocess.TimeoutExpired:  # it lost its patience long ago, and does not say so: that is a failure
            return False
    return ended.returncode == 0
