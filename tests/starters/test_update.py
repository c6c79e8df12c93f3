"""A later version of a starter reaches the services that an earlier one wrote, and what their teams changed stays."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from seawall.cli import main

from tests.starters.combinations import ALL, NAME, REPOSITORY, Combination

ADDRESS = "https://github.com/seawall-iac/seawall.git"
VERSION = yaml.safe_load((REPOSITORY / "copier.yml").read_text())["seawall_version"]["default"]
LATER = "99.0.0"
NEW_LINE = "# The later version says this.\n"

STARTERS = {combination.starter: combination for combination in reversed(ALL)}
"""One combination of each starter."""


@dataclass(frozen=True)
class Published:
    """Seawall's repository as it would be published: this version's tag, and a later one with a changed template."""

    folder: Path

    def git(self, *arguments: str) -> None:
        git(self.folder, *arguments)


def git(folder: Path, *arguments: str) -> str:
    return subprocess.run(
        ["git", "-c", "user.name=Test", "-c", "user.email=test@example.com", *arguments],  # noqa: S607
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
    ).stdout


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Published:
    folder = tmp_path_factory.mktemp("published")
    shutil.copy(REPOSITORY / "copier.yml", folder)
    shutil.copytree(REPOSITORY / "starters", folder / "starters", ignore=shutil.ignore_patterns("__pycache__"))
    repository = Published(folder)
    repository.git("init", "--quiet")
    repository.git("add", "--all", "--force")
    repository.git("commit", "--quiet", "--message", VERSION)
    repository.git("tag", f"v{VERSION}")
    questions = folder / "copier.yml"
    questions.write_text(questions.read_text().replace(f"default: {VERSION}\n", f"default: {LATER}\n"))
    makefile = folder / "starters" / "shared" / "Makefile.jinja"
    makefile.write_text(NEW_LINE + makefile.read_text())
    repository.git("commit", "--quiet", "--all", "--message", LATER)
    repository.git("tag", f"v{LATER}")
    return repository


def copier(published: Published, folder: Path, *arguments: str) -> None:
    """Runs Copier where the address that services remember is the repository above, without a network."""
    settings = folder.parent / "gitconfig"
    git(folder.parent, "config", "--file", str(settings), f"url.{published.folder.as_uri()}.insteadOf", ADDRESS)
    outcome = subprocess.run(
        [sys.executable, "-m", "copier", *arguments],
        cwd=folder,
        env=os.environ | {"GIT_CONFIG_GLOBAL": str(settings), "COPIER_CACHE_DIR": str(folder.parent / "cache")},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr


def written(folder: Path, combination: Combination) -> Path:
    target = folder / NAME
    assert main(["new", NAME, *combination.options, "--defaults", "--into", str(target)]) == 0
    return target


@pytest.mark.parametrize("starter", STARTERS)
def test_an_update_brings_what_is_new_and_keeps_what_was_changed(
    starter: str, published: Published, tmp_path: Path
) -> None:
    service = written(tmp_path, STARTERS[starter])
    readme = service / "README.md"
    own = "\nOur own paragraph.\n"
    readme.write_text(readme.read_text() + own)
    (service / "notes.md").write_text("Ours.\n")
    git(service, "init", "--quiet")
    git(service, "add", "--all")
    git(service, "commit", "--quiet", "--message", "Start")
    before = readme.read_text()

    copier(published, service, "update", "--skip-answered")

    assert (service / "Makefile").read_text().startswith(NEW_LINE)
    assert f"@v{LATER}" in (service / "Makefile").read_text()
    assert readme.read_text() == before.replace(f"/v{VERSION}", f"/v{LATER}")
    assert readme.read_text().endswith(own)
    assert (service / "notes.md").read_text() == "Ours.\n"
    said = yaml.safe_load((service / ".copier-answers.yml").read_text())
    assert said["_commit"] == f"v{LATER}"
    assert {answer: said[answer] for answer in STARTERS[starter].answers} == STARTERS[starter].answers
    assert "<<<<<<<" not in git(service, "diff")


def test_an_update_may_change_an_answer(published: Published, tmp_path: Path) -> None:
    service = written(tmp_path, next(iter(STARTERS.values())))
    git(service, "init", "--quiet")
    git(service, "add", "--all")
    git(service, "commit", "--quiet", "--message", "Start")
    copier(published, service, "update", "--skip-answered", "--data", "region=eu-west-3")
    assert yaml.safe_load((service / ".copier-answers.yml").read_text())["region"] == "eu-west-3"


@pytest.mark.parametrize("starter", STARTERS)
def test_copier_alone_writes_the_same_files(starter: str, published: Published, tmp_path: Path) -> None:
    combination = STARTERS[starter]
    ours = written(tmp_path, combination)
    theirs = tmp_path / "theirs" / NAME
    answers = {"name": NAME, "starter": starter, **combination.answers}
    given = [part for answer, value in answers.items() for part in ("--data", f"{answer}={value}")]
    theirs.mkdir(parents=True)
    copier(published, theirs, "copy", "--defaults", "--vcs-ref", f"v{VERSION}", *given, ADDRESS, ".")
    files = {path.relative_to(theirs) for path in theirs.rglob("*") if path.is_file()}
    assert files == {path.relative_to(ours) for path in ours.rglob("*") if path.is_file()} - {Path("local.mk")}
    assert [path for path in sorted(files) if (ours / path).read_bytes() != (theirs / path).read_bytes()] == []
