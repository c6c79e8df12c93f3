"""Policies of the catalogue are imported when they first judge; what the index says of them before is true."""

import subprocess
import sys
from pathlib import Path

import pytest
from seawall import loading
from seawall.catalogue_index import INDEX
from seawall.design import Design, Resource
from seawall.documents import read_yaml
from seawall.finding import Finding, Unread
from seawall.judging import judge_design
from seawall.loading import load_policies
from seawall.policy import Policy, Verdict
from seawall.source import Document
from seawall.sources.cloudformation import template_of

DATABASE = """
Resources:
  Orders:
    Type: AWS::RDS::DBInstance
    Properties: {MultiAZ: false}
"""
NAME = "zone/single_az_database"


def judged(policies: list[Policy]) -> list[Finding | Unread]:
    design = Design([template_of(Document("template.yaml", DATABASE, read_yaml(DATABASE, [])))])
    return list(judge_design(design, [policy for policy in policies if policy.name == "single_az_database"]))


def test_what_is_known_before_the_import_is_what_the_import_says() -> None:
    known, imported = ([policy._replace(judge=_nothing) for policy in load_policies(at_once=when)[0]]
                       for when in (False, True))  # fmt: skip
    assert known == imported


def _nothing(_resource: Resource, _design: Design) -> Verdict:
    raise AssertionError


@pytest.mark.parametrize("command", [["list"], ["check", "template.yaml"]])
def test_only_policies_that_judge_something_are_imported(command: list[str], tmp_path: Path) -> None:
    (tmp_path / "template.yaml").write_text("Resources: {Table: {Type: AWS::SES::EmailIdentity}}\n")
    program = f"""
import sys
from seawall.cli import main
main({command!r})
print(*sys.modules, file=sys.stderr)
"""
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=tmp_path)
    folder = loading.catalogue_folder()
    indexed = {name for name, known in INDEX.items() if known[0] == loading.checksum(f"{folder}/{name}.py")}
    assert not {f"seawall.catalogue.{name.replace('/', '.')}" for name in indexed} & set(ended.stderr.split())


def test_a_policy_judges_alike_however_it_was_loaded() -> None:
    assert judged(load_policies()[0]) == judged(load_policies(at_once=True)[0]) != []


def test_a_file_that_has_changed_is_imported_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    _, title, types = INDEX[NAME]
    monkeypatch.setitem(INDEX, NAME, (0, "Something else.", types))
    (policy,) = (policy for policy in load_policies()[0] if policy.name == "single_az_database")
    assert policy.title == title


def test_an_index_that_knows_other_types_than_the_policy_is_said_to_be_out_of_date(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    checksum, title, types = INDEX[NAME]
    monkeypatch.setitem(INDEX, NAME, (checksum, title, (*types, "AWS::SQS::Queue")))
    (said,) = judged(load_policies()[0])
    assert isinstance(said, Unread)
    assert "python -m seawall.catalogue_page" in said.reason
