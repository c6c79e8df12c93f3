"""The CDK command comes from the checkout, or is installed once into the user's cache."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from embedded_cloud import node

NPM = """
const fs = require("fs");
fs.appendFileSync(process.env.CALLS, process.argv.slice(2).join(" ") + "\\n");
if (process.env.NPM_FAILS) { console.error("registry.example.org cannot be reached"); process.exit(1); }
setTimeout(() => {
  fs.mkdirSync("node_modules/aws-cdk/bin", { recursive: true });
  fs.writeFileSync("node_modules/aws-cdk/bin/cdk", "");
}, 300);
"""
ASKING = "from embedded_cloud import node\nfrom pathlib import Path\nnode.OF_A_CHECKOUT = Path('/nowhere')\n"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, and a registry that cannot be asked: npm is a script that notes its calls."""
    (tmp_path / "npm.js").write_text(NPM)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("CALLS", str(tmp_path / "calls"))
    monkeypatch.setattr(node, "NPM", tmp_path / "npm.js")
    monkeypatch.setattr(node, "OF_A_CHECKOUT", tmp_path / "nowhere")
    return tmp_path


def test_a_checkout_uses_its_own(cache: Path) -> None:
    (cache / "nowhere" / "aws-cdk" / "bin").mkdir(parents=True)
    (cache / "nowhere" / "aws-cdk" / "bin" / "cdk").write_text("")

    assert node.packages(_silent) == cache / "nowhere"
    assert not (cache / "calls").exists()


def test_it_is_installed_once_and_that_is_said(cache: Path) -> None:
    said: list[str] = []

    first, second = node.packages(said.append), node.packages(said.append)

    assert first == second
    assert first.is_relative_to(cache / "cache" / "seawall")
    assert (first / node.COMMAND).exists()
    assert len(said) == 1
    assert "installing the CDK command into" in said[0]
    assert (cache / "calls").read_text().splitlines() == ["ci --ignore-scripts --no-audit --no-fund"]
    assert node.installed() == first


def test_two_processes_that_start_at_once_install_it_once(cache: Path) -> None:
    asking = f"{ASKING}node.NPM = Path({str(cache / 'npm.js')!r})\nprint(node.packages(lambda text: None))"
    environment = os.environ | {"PYTHONPATH": str(Path(node.__file__).parents[1])}

    def ask(_: int) -> str:
        command = [sys.executable, "-c", asking]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout

    with ThreadPoolExecutor(4) as pool:
        answers = set(pool.map(ask, range(4)))

    assert len(answers) == 1
    assert len((cache / "calls").read_text().splitlines()) == 1


def test_what_npm_says_is_told_and_nothing_is_left_behind(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NPM_FAILS", "yes")

    with pytest.raises(node.NodePackagesMissing, match=r"registry\.example\.org cannot be reached"):
        node.packages(_silent)

    assert node.installed() is None
    left = [path for path in (cache / "cache" / "seawall").iterdir() if path.suffix != ".lock"]
    assert left == []


@pytest.mark.usefixtures("cache")
def test_what_was_interrupted_is_installed_anew() -> None:
    (node._cached() / "node_modules").mkdir(parents=True)

    assert (node.packages(_silent) / node.COMMAND).exists()


def test_both_locks_hold_the_same_command() -> None:
    locks = [json.loads((folder / "package-lock.json").read_text()) for folder in (node.DEPLOYING, _checkout())]
    versions = {lock["packages"]["node_modules/aws-cdk"]["version"] for lock in locks}

    assert len(versions) == 1


def _checkout() -> Path:
    return node.DEPLOYING.parent


def _silent(_: str) -> None:
    pass
