"""Renders each combination once, and runs its own tests once."""

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from seawall.cli import main

from tests.starters.combinations import ALL, NAME, REPOSITORY, Combination

OF_CHECKOV = REPOSITORY / ".venv" / "bin" / "python"
"""What is written in Terraform is tested where checkov is, which finds its files and holds boto3 back."""


@dataclass(frozen=True)
class Rendered:
    """A service that a starter wrote."""

    combination: Combination
    folder: Path
    scratch: Path

    @property
    def files(self) -> list[Path]:
        """Every file, relative to the folder, but for what tests and tools leave."""
        left = {".git", "__pycache__", ".hypothesis", ".pytest_cache", ".ruff_cache", ".mypy_cache"}
        found = (path.relative_to(self.folder) for path in sorted(self.folder.rglob("*")) if path.is_file())
        return [path for path in found if not left.intersection(path.parts) and path.name != "local.mk"]

    @property
    def python(self) -> Path:
        """The interpreter of an environment like the one that its Makefile would make."""
        return OF_CHECKOV if self.combination.language == "terraform" else Path(sys.executable)

    def run(self, *arguments: str | Path, seconds: float = 600) -> subprocess.CompletedProcess[str]:
        """Runs Python in the folder, without what this repository's own tests have on their path."""
        environment = {
            name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "SEAWALL_OBJECTIVE"}
        }
        return subprocess.run(
            [self.python, *arguments],
            cwd=self.folder,
            env=environment | {"PYTHONDONTWRITEBYTECODE": "1"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )

    @cached_property
    def own_tests(self) -> subprocess.CompletedProcess[str]:
        """What its own tests say, which synthesize and judge it."""
        return self.run("-m", "pytest", "-p", "no:cacheprovider", f"--basetemp={self.scratch / 'tests'}")

    @property
    def design(self) -> Path:
        """The folder with its templates, or its Terraform; with the CDK what its own tests synthesized."""
        if self.combination.language != "cdk":
            return self.folder / {"cloudformation": "templates", "terraform": "terraform"}[self.combination.language]
        assert self.own_tests is not None
        [folder] = (self.scratch / "tests").glob("synthesized[0-9]/cdk.out")
        return folder

    @cached_property
    def judged(self) -> dict[str, Any]:
        """Seawall's report on the design: with its seawall.yaml, and with the group of every failure."""
        outcome = self.run(
            "-m", "seawall", "check", self.design, "--config", self.folder / "seawall.yaml", "--format", "json"
        )
        report: dict[str, Any] = json.loads(outcome.stdout)
        return report | {"exit_code": outcome.returncode}


@pytest.fixture(scope="session", params=ALL, ids=lambda combination: combination.title)
def service(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Rendered:
    """One of all combinations, or of those that a test names."""
    combination: Combination = request.param
    scratch = tmp_path_factory.mktemp(combination.title)
    folder = scratch / NAME
    assert main(["new", NAME, *combination.options, "--defaults", "--into", str(folder)]) == 0
    return Rendered(combination, folder, scratch)


def links_of(page: str) -> list[str]:
    """The local links of a Markdown page."""
    return re.findall(r"\]\((?!https?:)([^)]*)\)", page)
