"""copier.yml, and what the starters pin."""

import re
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest
import yaml
from botocore.session import get_session

from starters.copier_file import COPIER_FILE, STARTERS, starters, text

PIN = re.compile(r"^([\w-]+)(?:\[[\w,]+\])?==(.+)$", re.MULTILINE)


def pins(path: Path) -> dict[str, str]:
    return dict(PIN.findall(path.read_text()))


def test_copier_file_is_up_to_date() -> None:
    assert COPIER_FILE.read_text() == text(), "run `make catalogue`"


def test_every_folder_is_a_starter() -> None:
    folders = {path.name for path in STARTERS.iterdir() if (path / "template").is_dir()}
    assert set(starters()) == folders
    assert folders


def test_a_starter_asks_five_questions_at_most() -> None:
    asked = yaml.safe_load(COPIER_FILE.read_text())
    common = [name for name, question in asked.items() if name[0] != "_" and "when" not in question]
    for starter, said in starters().items():
        assert len({*common, *said["questions"]} - {"starter"}) <= 5, starter


def test_every_question_has_a_default_but_the_name() -> None:
    asked = yaml.safe_load(COPIER_FILE.read_text())
    without = {name for name, question in asked.items() if name[0] != "_" and "default" not in question}
    assert without == {"starter", "name"}


def test_there_is_nothing_that_a_user_would_have_to_trust() -> None:
    settings = {name for name in yaml.safe_load(COPIER_FILE.read_text()) if name[0] == "_"}
    assert settings & {"_tasks", "_migrations", "_jinja_extensions", "_external_data"} == set()


def test_the_regions_are_those_of_aws() -> None:
    """Of the partition that everybody means by AWS."""
    regions = yaml.safe_load(COPIER_FILE.read_text())["regions"]["default"]
    known = get_session().get_available_regions("ec2")
    assert set(known) <= set(regions)  # this environment's botocore is an old one
    assert [region for region, second in regions.items() if second and second not in regions] == []
    assert [region for region, second in regions.items() if second == region] == []


def test_every_starter_has_the_shared_stubs() -> None:
    stubs = STARTERS / "shared" / "stubs"
    names = {path.relative_to(stubs) for path in stubs.rglob("*") if path.is_file()}
    assert names
    for starter in starters():
        assert [name for name in sorted(names) if not (STARTERS / starter / "template" / name).is_file()] == []


def test_every_shared_part_is_used() -> None:
    shared = STARTERS / "shared"
    texts = "".join(path.read_text() for path in STARTERS.rglob("*.jinja"))
    texts += (STARTERS.parent / "requirements-starters.txt").read_text()
    parts = [path for path in shared.rglob("*") if path.is_file() and shared / "stubs" not in path.parents]
    named = [path.relative_to(STARTERS.parent).as_posix() for path in parts if path.name != "questions.yml"]
    assert named
    assert [name for name in named if name not in texts] == []


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-cdk.txt", "requirements-terraform.txt"])
def test_a_rendered_starter_pins_what_is_tried_here(name: str, repository: Path) -> None:
    here = {
        pinned: version
        for path in ("requirements-cloud.txt", "requirements-dev.txt", "requirements.txt", "services/requirements.txt")
        for pinned, version in pins(repository / path).items()
    }
    there = pins(STARTERS / "shared" / name)
    assert there
    assert there == {pinned: here[pinned] for pinned in there}


def test_the_extras_pin_what_is_tried_here(repository: Path) -> None:
    extras = tomllib.loads((repository / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    pinned = dict(PIN.findall("\n".join(extras["new"] + extras["local"])))
    tried = pins(repository / "requirements-starters.txt") | pins(repository / "requirements-cloud.txt")
    tried |= pins(repository / "services" / "requirements.txt")
    assert pinned == {name: tried[name] for name in pinned}
    makefile = (STARTERS / "shared" / "Makefile.jinja").read_text()
    assert f"copier=={pinned['copier']}" in makefile


def test_moto_runs_beside_checkov_too() -> None:
    """What is written in Terraform is tested in an environment with checkov, whose boto3 is older."""
    assert version("moto") == pins(STARTERS / "shared" / "requirements-terraform.txt")["moto"]
