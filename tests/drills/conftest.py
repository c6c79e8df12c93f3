"""What several drills' tests share."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from drills.frame.plan import STACK, Design

# Each of these deploys a drive and breaks it for minutes: `make broken` runs them.
BREAKING = (
    *("test_bad_delete.py", "test_broken_region.py", "test_broken_restore.py", "test_broken_sale_and_status.py"),
    *("test_broken_storm.py", "test_control_plane_loss.py", "test_provider_loss.py", "test_restore_test.py"),
)
ALL = os.environ.get("SEAWALL_DRILLS") == "all"
collect_ignore = [] if ALL else list(BREAKING)

SNAPSHOTS = Path(__file__).parents[1] / "stacks" / "snapshots"
PRIMARY, STANDBY = "eu-west-1", "eu-central-1"


@pytest.fixture(scope="session")
def design(tmp_path_factory: pytest.TempPathFactory) -> Design:
    """The drive's design as the accepted snapshots hold it; the standby's stacks are those of the primary."""
    folder = tmp_path_factory.mktemp("assembly")
    artifacts = {}
    for snapshot in SNAPSHOTS.glob("*.json"):
        for region in (PRIMARY, STANDBY) if snapshot.stem.endswith(PRIMARY) else (None,):
            name = snapshot.stem.replace(PRIMARY, region) if region else snapshot.stem
            text = snapshot.read_text()
            (folder / f"{name}.template.json").write_text(text.replace(PRIMARY, region) if region else text)
            place = region or {"Status": "eu-north-1", "Edge": "us-east-1", "Recovery": STANDBY}.get(name, PRIMARY)
            artifacts[name] = {
                "type": STACK,
                "environment": f"aws://unknown-account/{place}",
                "properties": {"templateFile": f"{name}.template.json"},
            }
    (folder / "manifest.json").write_text(json.dumps({"artifacts": artifacts}))
    return Design.read(folder)


@pytest.fixture(scope="session")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    told = {"BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(port), "IOT_MTLS_ENABLED": "0", "SFTP_ENABLED": "0"}
    told["TMPDIR"] = str(tmp_path_factory.mktemp("emulator"))
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(
        [Path(sys.executable).with_name("ministack")], env=os.environ | told, stdout=quiet, stderr=quiet
    )
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_for(f"{url}/_ministack/health")
        yield url
    finally:
        process.terminate()
        process.wait()


def _wait_for(url: str) -> None:
    for _ in range(100):
        try:
            httpx.get(url, timeout=1)
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError(url)
