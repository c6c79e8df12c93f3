"""What is written, for every combination of answers: nothing here deploys or synthesizes."""

import ast
import json
import re
import subprocess
import tempfile
from pathlib import Path

import pytest
import yaml

from tests.starters.combinations import ALL, NAME, REGION, REPOSITORY, SECOND_REGION, STARTERS
from tests.starters.conftest import Rendered, links_of

BY_LANGUAGE = {
    "cdk": ["app.py", "cdk.json", "stacks"],
    "cloudformation": ["templates"],
    "terraform": ["terraform"],
}

HERE = "|".join(re.escape(str(path)) for path in (REPOSITORY, Path.home()))
SCRATCH = rf"{re.escape(tempfile.gettempdir())}/(?:pytest|seawall)"
LEFTOVERS = re.compile(rf"\[%|%\]|\[#|#\]|\[\[ \w|\bTODO\b|\bFIXME\b|jinja|{HERE}|{SCRATCH}")
REGION_NAMES = re.compile(r"\b(?:eu|us|ap|ca|sa|me|af|il|mx)-(?:north|south|east|west|central)[a-z]*-\d\b")


def test_there_are_combinations_of_every_starter() -> None:
    folders = {path.name for path in STARTERS.iterdir() if path.is_dir() and path.name not in {"shared", "__pycache__"}}
    assert {combination.starter for combination in ALL} == folders
    assert len({combination.title for combination in ALL}) == len(ALL)


def test_nothing_is_left_of_the_template(service: Rendered) -> None:
    left = {
        f"{path}: {found[0]}"
        for path in service.files
        if (found := LEFTOVERS.search((service.folder / path).read_text()))
    }
    assert left == set()
    assert [path for path in service.files if re.search(r"[\[\]%]|\.jinja$", str(path))] == []


def test_only_the_chosen_language_is_there(service: Rendered) -> None:
    for language, paths in BY_LANGUAGE.items():
        for path in paths:
            assert (service.folder / path).exists() == (language == service.combination.language), path


def test_everything_a_repository_needs_is_there(service: Rendered) -> None:
    expected = {
        "Makefile",
        "README.md",
        "requirements.txt",
        "seawall.yaml",
        "pyproject.toml",
        ".gitignore",
        ".copier-answers.yml",
        ".github/workflows/check.yml",
        "tests/test_infrastructure.py",
    }
    assert expected - {path.as_posix() for path in service.files} == set()


def test_every_file_parses(service: Rendered) -> None:
    for path in service.files:
        text = (service.folder / path).read_text()
        if path.suffix == ".py":
            ast.parse(text, str(path))
        elif path.suffix in {".yaml", ".yml"}:
            yaml.safe_load(text)  # short tags are refused: templates are in the long form
        elif path.suffix == ".json":
            json.loads(text)


def test_every_text_ends_with_one_line_break(service: Rendered) -> None:
    texts = {path: (service.folder / path).read_text() for path in service.files}
    assert [path for path, text in texts.items() if text and (not text.endswith("\n") or text.endswith("\n\n"))] == []
    assert [path for path, text in texts.items() if text.startswith("\n") or "\n\n\n\n" in text] == []


def test_answers_are_remembered_for_the_next_version(service: Rendered) -> None:
    said = yaml.safe_load((service.folder / ".copier-answers.yml").read_text())
    version = yaml.safe_load((REPOSITORY / "copier.yml").read_text())["seawall_version"]["default"]
    assert said == {
        "_commit": f"v{version}",
        "_src_path": "https://github.com/seawall-iac/seawall.git",
        "name": NAME,
        "starter": service.combination.starter,
        **service.combination.answers,
    }


def test_one_region_names_no_other(service: Rendered) -> None:
    if service.combination.second_region:
        return
    named = {
        region
        for path in service.files
        for region in REGION_NAMES.findall((service.folder / path).read_text())
        if path.name not in {"README.md", "cdk.json"}
    }
    assert named <= {REGION}


def test_two_regions_are_both_named(service: Rendered) -> None:
    if not service.combination.second_region:
        return
    text = "".join((service.folder / path).read_text() for path in service.files if path.name != ".copier-answers.yml")
    assert REGION in text
    assert SECOND_REGION in text


def test_every_local_link_of_the_readme_leads_somewhere(service: Rendered) -> None:
    page = (service.folder / "README.md").read_text()
    anchors = {anchor(title) for title in re.findall(r"^#+ (.+)$", page, re.MULTILINE)}
    anchors |= set(re.findall(r"<a (?:id|name)=\"([^\"]+)\"", page))
    for link in links_of(page):
        path, _, section = link.partition("#")
        assert not path or (service.folder / path).exists(), link
        assert path or section in anchors, link


def anchor(title: str) -> str:
    """The address that GitHub gives a title."""
    return re.sub(r"[^\w\- ]", "", title.strip().lower()).replace(" ", "-")


def test_every_runbook_that_is_named_is_in_the_readme(service: Rendered) -> None:
    page = (service.folder / "README.md").read_text()
    anchors = {anchor(title) for title in re.findall(r"^#+ (.+)$", page, re.MULTILINE)}
    anchors |= set(re.findall(r"<a (?:id|name)=\"([^\"]+)\"", page))
    named = {
        name
        for path in service.files
        if path.suffix != ".md"
        for name in re.findall(r"README\.md#(runbook-[a-z-]+[a-z])", (service.folder / path).read_text())
    }
    assert named <= anchors


def test_every_make_command_of_the_readme_is_a_target(service: Rendered) -> None:
    page = (service.folder / "README.md").read_text()
    named = set(re.findall(r"(?:^|`)make ([a-z-]+)", page, re.MULTILINE))
    targets = dict(re.findall(r"^([a-z-]+):(.*)$", (service.folder / "Makefile").read_text(), re.MULTILINE))
    assert {"test", "deploy"} <= named
    assert named - targets.keys() == set()
    assert [name for name, rest in targets.items() if "## " not in rest] == []


@pytest.mark.parametrize("target", ["help", "test", "check", "synth", "deploy"])
def test_make_understands_the_makefile(service: Rendered, target: str) -> None:
    planned = subprocess.run(
        ["make", "--dry-run", "--warn-undefined-variables", target, "PYTEST=", "CDK="],  # noqa: S607
        cwd=service.folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert planned.returncode == 0, planned.stderr
    # A call may leave its last argument out.
    assert [line for line in planned.stderr.splitlines() if not re.search(r"undefined variable '\d'", line)] == []


def test_git_keeps_the_machine_out(service: Rendered) -> None:
    """What is true of one machine only is not committed, and nothing that the team needs is left out."""
    for command in (["init", "--quiet"], ["add", "--all"]):
        subprocess.run(["git", *command], cwd=service.folder, check=True, capture_output=True)  # noqa: S607
    listed = subprocess.run(
        ["git", "ls-files"],  # noqa: S607
        cwd=service.folder,
        check=True,
        capture_output=True,
        text=True,
    )
    assert set(listed.stdout.split()) == {path.as_posix() for path in service.files}
    assert (service.folder / "local.mk").read_text().count("SEAWALL :=") == 1
