"""The small app of tests/cloud/parcels, synthesized: CDK is in the other environment, that of `make synth`."""

import os
import subprocess
from pathlib import Path

from embedded_cloud.node import NODE

PARCELS = Path(__file__).with_name("parcels")
SERVICES = PARCELS / "services"
REPOSITORY = Path(__file__).parents[2]
PYTHON = Path(os.environ.get("SEAWALL_CDK_PYTHON", REPOSITORY / ".venv" / "bin" / "python"))


def synthesize(folder: Path, *regions: str) -> Path:
    """Write the assembly of the app in one region or two into `folder`; return it."""
    assert PYTHON.exists(), "run `make synth` first"
    search = os.pathsep.join([str(NODE.parent), os.environ.get("PATH", os.defpath)])
    subprocess.run(
        [PYTHON, PARCELS / "parcels_app.py", *regions],
        env=os.environ | {"CDK_OUTDIR": str(folder), "PATH": search},
        check=True,
        capture_output=True,
    )
    return folder
