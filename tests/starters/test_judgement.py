"""What tests and validators say of what is written, for every combination of answers."""

import shutil
import subprocess
import sys

import pytest

from tests.starters.combinations import REPOSITORY
from tests.starters.conftest import Rendered

TOOLS = REPOSITORY / ".venv" / "bin"


def test_its_own_tests_pass(service: Rendered) -> None:
    """They hold what cfn-lint, cdk-nag and Seawall say of it, too."""
    assert service.own_tests.returncode == 0, service.own_tests.stdout[-8000:] + service.own_tests.stderr[-2000:]
    assert "skipped" not in service.own_tests.stdout.splitlines()[-1]


def test_seawall_flags_nothing_without_a_reason(service: Rendered) -> None:
    assert service.judged["exit_code"] == 0
    assert [found for found in service.judged["findings"] if found["verdict"] == "flagged"] == []
    assert [
        found for found in service.judged["findings"] if found["verdict"] == "skipped" and not found["message"]
    ] == []


def test_seawall_leaves_nothing_undecided(service: Rendered) -> None:
    undecided = [
        f"{found['policy']} {found['resource']}: {found['message']}"
        for found in service.judged["findings"]
        if found["verdict"] == "undecided"
    ]
    assert undecided == []


def test_seawall_accepts_something_in_every_group_that_applies(service: Rendered) -> None:
    findings = service.judged["findings"]
    accepted = {found["group"] for found in findings if found["verdict"] == "accepted"}
    promised = {"backup", "delete", "surge", "recovery"} | ({"region"} if service.combination.second_region else set())
    assert promised - accepted == set()
    assert {found["group"] for found in findings} - accepted == set()


def test_what_is_judged_is_what_was_promised(service: Rendered) -> None:
    assert service.judged["summary"]["objectives"] == [service.combination.objective]


def test_its_python_is_formatted_and_typed(service: Rendered) -> None:
    settings = ["--config", str(REPOSITORY / "pyproject.toml"), "--no-cache"]
    for command in (["format", "--diff", *settings], ["check", *settings]):
        checked = subprocess.run(
            [TOOLS / "ruff", *command, "."], cwd=service.folder, capture_output=True, text=True, check=False
        )
        assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.skipif(shutil.which("terraform") is None, reason="there is no terraform on this machine")
def test_its_terraform_is_formatted(service: Rendered) -> None:
    if service.combination.language != "terraform":
        pytest.skip("it is written in another language")
    checked = subprocess.run(
        ["terraform", "fmt", "-check", "-diff", "-recursive"],  # noqa: S607
        cwd=service.design,
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout


TYPES_OF_OTHERS = REPOSITORY / ".mypy_cache" / "starters"
"""What mypy knows of the CDK, which takes it a minute to read."""


@pytest.mark.parametrize("part", ["services", "."])
def test_its_types_hold(part: str, service: Rendered) -> None:
    """The code that is deployed has the folder `services` as its root; for the rest that is a folder like others."""
    left = ["--exclude", "^services/"] if part == "." else []
    checked = subprocess.run(
        [
            *(sys.executable, "-m", "mypy", "--strict", "--explicit-package-bases", "--namespace-packages"),
            *("--ignore-missing-imports", "--config-file=", f"--cache-dir={TYPES_OF_OTHERS / part}", *left, "."),
        ],
        cwd=service.folder / part,
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
