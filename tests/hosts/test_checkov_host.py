"""Seawall inside checkov: what only this host does. Each start costs seconds, so a run answers several tests."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.terraform_plans import PLAN, written_plan
from tests.terraform_sources import written

ID = "SEA_SINGLE_AZ_DATABASE"
PAGE = "https://github.com/seawall-iac/seawall/blob/main/policies/zone/single_az_database.md"
GIT = shutil.which("git") or "git"
NAMED = ("--framework", "cloudformation", "terraform", "terraform_plan")

TEMPLATE = """\
AWSTemplateFormatVersion: "2010-09-09"
Transform: AWS::Serverless-2016-10-31
Parameters:
  Spread: {Type: String}
  Stage: {Type: String, Default: dev}
Conditions:
  Production: {"Fn::Equals": [{Ref: Stage}, prod]}
Resources:
  Good:
    Type: AWS::RDS::DBInstance
    Properties: {Engine: mysql, MultiAZ: true}
  Bad:
    Type: AWS::RDS::DBInstance
    Properties: {Engine: mysql, MultiAZ: false}
  Unknown:
    Type: AWS::RDS::DBInstance
    Properties: {Engine: mysql, MultiAZ: {Ref: Spread}}
  OnlyInProduction:
    Type: AWS::RDS::DBInstance
    Condition: Production
    Properties: {Engine: mysql, MultiAZ: false}
  ExcusedByComment:
    Type: AWS::RDS::DBInstance
    # checkov:skip=SEA_SINGLE_AZ_DATABASE: test data
    Properties: {Engine: mysql, MultiAZ: false}
  ExcusedByMetadata:
    Type: AWS::RDS::DBInstance
    Metadata: {checkov: {skip: [{id: SEA_SINGLE_AZ_DATABASE, comment: test data}]}}
    Properties: {Engine: mysql, MultiAZ: false}
  ExcusedBySeawall:
    Type: AWS::RDS::DBInstance
    Metadata: {seawall: {skip: [{id: SEA_SINGLE_AZ_DATABASE, reason: test data}]}}
    Properties: {Engine: mysql, MultiAZ: false}
  Notify:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.12
      Handler: app.handler
      CodeUri: src
      Events:
        News: {Type: SNS, Properties: {Topic: arn:aws:sns:eu-west-1:1:news}}
"""
SOURCE = """\
resource "aws_db_instance" "counted" {
  count  = 2
  engine = "mysql"
}
resource "aws_db_instance" "excused" {
  # checkov:skip=SEA_SINGLE_AZ_DATABASE: test data
  engine = "mysql"
}
variable "spread" { default = true }
resource "aws_db_instance" "spread" {
  engine   = "mysql"
  multi_az = var.spread
}
module "stage" {
  source   = "./stage"
  for_each = toset(["live", "test"])
  multi_az = each.key == "live"
}
"""
MODULE = """\
variable "multi_az" {}
resource "aws_db_instance" "this" {
  engine   = "mysql"
  multi_az = var.multi_az
}
"""
CALLS = """\
module "store" {
  source   = "./store"
  multi_az = true
}
"""
RAISING = '''"""See raising.md."""

from seawall.policy import policy


@policy(applies_to="AWS::RDS::DBInstance")
def raising(database, design):
    """Raises on one resource."""
    if database.id == "Bad":
        raise ValueError("boom")
    from seawall.policy import accepted
    return accepted("fine")
'''


@dataclass
class Run:
    """What one run of checkov gave."""

    code: int
    log: str
    results: list[dict[str, Any]]
    folder: Path

    def verdicts(self, policy: str = ID) -> dict[str, str]:
        """The section a policy's verdict about each resource stands in."""
        return {
            entry["resource"].removeprefix("AWS::RDS::DBInstance."): section.removesuffix("_checks")
            for result in self.results
            for section, entries in result.get("results", {}).items()
            if section.endswith("_checks")
            for entry in entries
            if entry["check_id"] == policy
        }


def checkov(folder: Path, *arguments: str, environment: dict[str, str] | None = None, at: Path | None = None) -> Run:
    """Runs checkov over a folder as a user does."""
    inherited = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "LOG_LEVEL")}
    finished = subprocess.run(
        [sys.executable, "-m", "checkov.main", "--directory", str(folder), "--skip-download", *arguments,
         "--output", "json", "--output", "sarif", "--output-file-path", str(folder.parent / "out")],
        capture_output=True, text=True, cwd=at or folder.parent, env={**inherited, **(environment or {})},
        check=False, timeout=180,
    )  # fmt: skip
    file = folder.parent / "out" / "results_json.json"
    results = json.loads(file.read_text()) if file.is_file() else []
    return Run(finished.returncode, finished.stderr, results if isinstance(results, list) else [results], folder)


def sources(folder: Path) -> Path:
    written(folder / "infra", {"template.yaml": TEMPLATE, "main.tf": SOURCE, "stage/main.tf": MODULE})
    written(folder / "infra" / "calls", {"main.tf": CALLS, "store/main.tf": MODULE})
    written_plan(folder / "infra", PLAN)
    return folder / "infra"


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Run:
    """One run over a template, Terraform source and a plan, with every policy."""
    folder = sources(tmp_path_factory.mktemp("everything"))
    return checkov(folder, "--external-checks-dir", str(repository / "policies"), *NAMED, "--check", "SEA_*")


def test_templates_get_seawall_s_verdicts(everything: Run) -> None:
    verdicts = everything.verdicts()
    assert verdicts["Good"] == "passed"
    assert verdicts["Bad"] == "failed"
    assert everything.code == 1


def test_undecided_is_neither_passed_nor_failed(everything: Run) -> None:
    assert "Unknown" not in everything.verdicts()


def test_a_resource_whose_condition_is_off_is_judged(everything: Run) -> None:
    assert everything.verdicts()["OnlyInProduction"] == "failed"


def test_exceptions_are_honoured(everything: Run) -> None:
    verdicts = everything.verdicts()
    assert verdicts["ExcusedByComment"] == verdicts["ExcusedByMetadata"] == "skipped"
    assert verdicts.get("ExcusedBySeawall") is None
    assert verdicts["aws_db_instance.excused"] == "skipped"


def test_a_verdict_about_what_sam_makes_stands_at_what_is_written(everything: Run) -> None:
    verdicts = everything.verdicts("SEA_ASYNC_FUNCTION_WITHOUT_FAILURE_PATH")
    assert verdicts == {"AWS::Serverless::Function.Notify": "failed"}


def test_terraform_source_is_judged_by_instance(everything: Run) -> None:
    verdicts = everything.verdicts()
    assert verdicts["aws_db_instance.counted[0]"] == verdicts["aws_db_instance.counted[1]"] == "failed"
    assert verdicts["aws_db_instance.spread"] == "passed"
    assert verdicts['module.stage["live"].aws_db_instance.this'] == "passed"
    assert verdicts['module.stage["test"].aws_db_instance.this'] == "failed"


def test_a_root_that_only_calls_modules_sets_their_variables(everything: Run) -> None:
    assert everything.verdicts()["module.store.aws_db_instance.this"] == "passed"


def test_plans_are_judged(everything: Run) -> None:
    assert everything.verdicts()["aws_db_instance.orders"] == "failed"
    assert "aws_db_instance.copy" not in everything.verdicts()


def test_json_and_sarif_name_our_page(everything: Run) -> None:
    pages = {
        entry["guideline"]
        for result in everything.results
        for entry in result["results"]["failed_checks"]
        if entry["check_id"] == ID
    }
    assert pages == {PAGE}
    sarif = json.loads((everything.folder.parent / "out" / "results_sarif.sarif").read_text())
    rules = [rule for run in sarif["runs"] for rule in run["tool"]["driver"]["rules"]]
    assert {rule["helpUri"] for rule in rules if rule["id"] == ID} == {PAGE}


def test_the_region_s_loss_is_not_asked_about_by_default(everything: Run) -> None:
    said = {entry["check_id"] for result in everything.results for entry in result["results"]["failed_checks"]}
    assert ID in said
    assert not said & {"SEA_SINGLE_REGION_DATABASE", "SEA_UNTESTED_BACKUP"}


def test_nothing_is_logged_as_an_error(everything: Run) -> None:
    assert "ERROR" not in everything.log, everything.log


def test_the_objective_and_the_filter_are_honoured(tmp_path: Path, repository: Path) -> None:
    run = checkov(
        sources(tmp_path), "--external-checks-dir", str(repository / "policies"), "--framework", "cloudformation",
        "--check", "SEA_SINGLE_REGION_DATABASE", environment={"SEAWALL_OBJECTIVE": "multi-region"},
    )  # fmt: skip
    assert run.verdicts("SEA_SINGLE_REGION_DATABASE")["Good"] == "failed"
    assert run.verdicts() == {}


@pytest.fixture
def policies(tmp_path: Path, repository: Path) -> Path:
    """A copy of the policies to spoil."""
    return Path(shutil.copytree(repository / "policies", tmp_path / "policies"))


@pytest.mark.parametrize("frameworks", [("--framework", "cloudformation"), NAMED], ids=["one", "several"])
def test_a_policy_that_cannot_be_loaded_ends_with_2(
    tmp_path: Path, policies: Path, frameworks: tuple[str, ...]
) -> None:
    (policies / "zone" / "broken.py").write_text("import nothing_of_this_name\n")
    run = checkov(sources(tmp_path), "--external-checks-dir", str(policies), *frameworks)
    assert run.code == 2
    assert "broken.py: ModuleNotFoundError: No module named 'nothing_of_this_name'" in run.log


@pytest.mark.parametrize(
    ("frameworks", "code"), [(("--framework", "cloudformation"), 2), (NAMED, 1)], ids=["one", "several"]
)
def test_a_policy_that_raises_is_reported_and_the_others_go_on(
    tmp_path: Path, policies: Path, frameworks: tuple[str, ...], code: int
) -> None:
    (policies / "zone" / "raising.py").write_text(RAISING)
    run = checkov(
        sources(tmp_path), "--external-checks-dir", str(policies), *frameworks, "--check", f"{ID},SEA_RAISING"
    )
    assert run.code == code
    assert "template.yaml:12: policy SEA_RAISING failed on Bad: ValueError: boom" in run.log
    assert run.verdicts("SEA_RAISING")["Bad"] == "failed"
    assert run.verdicts("SEA_RAISING")["Good"] == "passed"
    assert run.verdicts()["Good"] == "passed"


def test_loading_twice_adds_each_policy_once() -> None:
    from checkov.common.checks_infra.registry import get_graph_checks_registry
    from seawall.checkov_host import register_policies

    for _ in range(2):
        register_policies()
    ids = [check.id for check in get_graph_checks_registry("terraform").checks]
    assert len(ids) == len(set(ids))
    assert ID in ids


def test_the_whole_repository_serves_as_external_checks_git(tmp_path: Path, repository: Path) -> None:
    clone = tmp_path / "repository"
    listed = subprocess.run(
        [GIT, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        capture_output=True, text=True, cwd=repository, check=True,
    )  # fmt: skip
    for name in filter(None, listed.stdout.split("\0")):
        if (repository / name).is_file():
            (clone / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(repository / name, clone / name)
    author = ["-c", "user.name=test", "-c", "user.email=test@example.com"]
    for command in (["init", "-q"], ["add", "-A"], [*author, "commit", "-qm", "everything"]):
        subprocess.run([GIT, *command], cwd=clone, check=True, capture_output=True)
    run = checkov(sources(tmp_path), "--external-checks-git", f"file://{clone}", *NAMED, "--check", "SEA_*")
    assert run.code == 1
    assert run.verdicts()["Bad"] == "failed"
    assert run.verdicts()["aws_db_instance.spread"] == "passed"
    errors = [line for line in run.log.splitlines() if "ERROR" in line]
    assert all("Loaded data from JSON is not Dict" in line for line in errors), errors
