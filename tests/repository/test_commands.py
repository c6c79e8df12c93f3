import re
import subprocess
import sys
from pathlib import Path

import pytest

MAKEFILE = Path("Makefile")
TARGET = re.compile(r"^([a-z-]+):(.*)$", re.MULTILINE)
SHELL_BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)


def targets(repository: Path) -> dict[str, str]:
    return dict(TARGET.findall((repository / MAKEFILE).read_text()))


def commands(page: Path) -> list[str]:
    return [
        line.partition("  #")[0].strip()
        for block in SHELL_BLOCK.findall(page.read_text())
        for line in block.splitlines()
    ]


def test_every_target_says_what_it_does(repository: Path) -> None:
    assert [name for name, rest in targets(repository).items() if "## " not in rest] == []


def test_make_alone_lists_every_target(repository: Path) -> None:
    listing = subprocess.run(["make"], cwd=repository, capture_output=True, text=True, check=True).stdout  # noqa: S607
    for name in targets(repository):
        assert f"make {name} " in listing


def test_an_old_python_is_refused_with_a_clear_message(repository: Path, tmp_path: Path) -> None:
    outcome = subprocess.run(
        ["make", "synth", f"VENV={tmp_path / 'venv'}", "PYTHON=false"],  # noqa: S607
        cwd=repository,
        capture_output=True,
        text=True,
        check=False,
    )
    assert outcome.returncode != 0
    assert "Seawall needs Python 3.11 or newer" in outcome.stderr


@pytest.mark.parametrize("name", ["CONTRIBUTING.md", "README.md"])
def test_every_make_command_of_a_page_is_a_target(repository: Path, name: str) -> None:
    named = [command.split()[1] for command in commands(repository / name) if command.startswith("make ")]
    assert named
    assert set(named) - targets(repository).keys() == set()


def test_the_other_commands_of_contributing_run(repository: Path) -> None:
    environment = Path(sys.executable).parent
    others = [line for line in commands(repository / "CONTRIBUTING.md") if line.startswith(".venv/bin/")]
    assert others
    for command in others:
        program, *arguments = command.removeprefix(".venv/bin/").split()
        outcome = subprocess.run(
            [environment / program, *arguments], cwd=repository, capture_output=True, text=True, check=False
        )
        assert outcome.returncode == 0, f"{command}\n{outcome.stdout}\n{outcome.stderr}"
