"""The command and checkov say the same about every example and about the real templates."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from seawall.sources.cloudformation import parse
from seawall.values import field

from tests.command import check
from tests.examples import EXAMPLES, write_examples
from tests.other_people import SHARED

CONFIGURATION = "objective: multi-region\n"

BEYOND_CHECKOV = shutil.ignore_patterns("GitLabAndVSCode.*", "Gitea.*")
"""Templates for Rain: checkov 3.3.30 ends with an exception where a Type is a mapping, whatever it checks."""


class Said(NamedTuple):
    """One verdict: who says what about which resource of which file."""

    policy: str
    file: str
    resource: str
    verdict: str


class Host(NamedTuple):
    """What checkov said in one run, the files that it could not read, and what it logged."""

    verdicts: set[Said]
    unparsed: set[str]
    log: str


def start_checkov(folder: Path, framework: str, repository: Path) -> "subprocess.Popen[str]":
    """Starts one run over a folder."""
    command = [
        sys.executable, "-m", "checkov.main", "--directory", str(folder), "--framework", framework,
        "--external-checks-dir", str(repository / "policies"), "--check", "SEA_*",
        "--output", "json", "--skip-download",
    ]  # fmt: skip
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environment["LOG_LEVEL"] = "ERROR"
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=folder, env=environment
    )


def said_by(checkov: "subprocess.Popen[str]", folder: Path, framework: str) -> Host:
    """What a run says; file names are relative to its folder."""
    output, log = checkov.communicate(timeout=900)
    assert checkov.returncode in (0, 1), log
    results = json.loads(output).get("results", {})
    verdicts = {
        Said(
            entry["check_id"],
            entry["file_path"].lstrip("/"),
            resource_id(entry["resource"], framework),
            verdict,
        )
        for section, verdict in (
            ("failed_checks", "flagged"),
            ("passed_checks", "accepted"),
            ("skipped_checks", "skipped"),
        )
        for entry in results.get(section, ())
    }
    unparsed = {os.path.relpath(file, folder) for file in results.get("parsing_errors", ())}
    return Host(verdicts, unparsed, log)


def resource_id(name: str, framework: str) -> str:
    """A resource's id as the command shows it: checkov puts the type before a logical id."""
    return name.rpartition(".")[2] if framework == "cloudformation" else name


ORDER = ("flagged", "skipped", "undecided", "accepted")
"""The worst first: checkov hears one verdict of a policy about a block, the worst."""


def command(folder: Path) -> set[Said]:
    """What the command says; checkov has no word for undecided, so that is left out."""
    worst: dict[tuple[str, str, str], str] = {}
    for finding in check(folder)[1]["findings"]:
        file = Path(finding["file"])
        place = finding["policy"], file.relative_to(folder).as_posix(), declared(finding, file)
        worst[place] = min(finding["verdict"], worst.get(place, "accepted"), key=ORDER.index)
    return {Said(*place, verdict) for place, verdict in worst.items() if verdict != "undecided"}


def declared(finding: dict[str, Any], file: Path) -> str:
    """The resource that the template declares: what SAM makes of one stands in checkov's report on its block."""
    resource = str(finding["resource"])
    text = file.read_text("utf-8-sig")
    if "AWS::Serverless-2016-10-31" not in text or file.suffix == ".tf":
        return resource
    lines = getattr(field(parse(str(file), text, []).lined, "Resources"), "lines", {})
    before = [name for name, line in sorted(lines.items(), key=lambda item: item[1]) if line <= finding["line"]]
    return resource if resource in lines or not before else before[-1]


def differences(host: set[Said], own: set[Said]) -> Iterator[str]:
    """The verdicts that only one of the two gives, for people."""
    for said in sorted(host - own):
        yield f"only checkov: {said}"
    for said in sorted(own - host):
        yield f"only seawall: {said}"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All examples, each in a folder of its own, and beside them the real templates if they are here."""
    folder = tmp_path_factory.mktemp("hosts")
    (folder / "seawall.yaml").write_text(CONFIGURATION)
    write_examples(folder)
    for name in ("corpus", "labelled"):
        if (SHARED / name).is_dir():
            shutil.copytree(SHARED / name, folder / "real" / name, ignore=BEYOND_CHECKOV)
    return folder


@pytest.fixture(scope="module")
def own(folder: Path) -> set[Said]:
    """What the command says about everything in the folder."""
    return command(folder)


@pytest.fixture(scope="module")
def hosts(folder: Path, repository: Path) -> dict[str, Host]:
    """What checkov says in one run for each framework; the two run side by side."""
    frameworks = ("cloudformation", "terraform")
    runs = {framework: start_checkov(folder, framework, repository) for framework in frameworks}
    return {framework: said_by(checkov, folder, framework) for framework, checkov in runs.items()}


@pytest.mark.parametrize("framework", ["cloudformation", "terraform"])
def test_checkov_and_the_command_agree(framework: str, own: set[Said], hosts: dict[str, Host]) -> None:
    host = hosts[framework]
    terraform = framework == "terraform"
    mine = {said for said in own if said.file.endswith(".tf") is terraform and said.file not in host.unparsed}
    assert list(differences(host.verdicts, mine)) == []
    decided = {
        shown.folder
        for shown in EXAMPLES
        if (shown.example.language == "hcl") is terraform and shown.example.verdict != "undecided"
    }
    assert decided <= {Path(said.file).parent.as_posix() for said in mine}


def test_checkov_reads_nearly_all_that_the_command_reads(hosts: dict[str, Host]) -> None:
    assert hosts["terraform"].unparsed == set()
    # It refuses a template in which a key is there twice.
    assert len(hosts["cloudformation"].unparsed) <= 5


@pytest.mark.parametrize("framework", ["cloudformation", "terraform"])
def test_checkov_logs_no_error_but_about_templates_it_cannot_parse(framework: str, hosts: dict[str, Host]) -> None:
    errors = [line for line in hosts[framework].log.splitlines() if "[ERROR]" in line]
    assert [line for line in errors if "error parsing" not in line] == []


def plan_of(resources: dict[str, Any]) -> str:
    """A plan as ``terraform show -json`` prints it; keys are addresses, values the planned attributes."""
    planned = [
        {
            "address": address,
            "mode": "managed",
            "type": address.split(".")[0],
            "name": address.split(".")[1],
            "provider_name": "registry.terraform.io/hashicorp/aws",
            "values": values,
        }
        for address, values in resources.items()
    ]
    changes = [
        {**{key: entry[key] for key in ("address", "mode", "type", "name", "provider_name")},
         "change": {"actions": ["create"], "before": None, "after": entry["values"], "after_unknown": {}}}
        for entry in planned
    ]  # fmt: skip
    return json.dumps({
        "format_version": "1.2",
        "terraform_version": "1.9.0",
        "planned_values": {"root_module": {"resources": planned}},
        "resource_changes": changes,
        "configuration": {"provider_config": {"aws": {"name": "aws"}}, "root_module": {}},
    })  # fmt: skip


PLAN = {
    "aws_db_instance.orders": {"engine": "postgres", "multi_az": False, "backup_retention_period": 0},
    "aws_db_instance.carts": {"engine": "postgres", "multi_az": True, "backup_retention_period": 7},
    "aws_sqs_queue.work": {"name": "work", "visibility_timeout_seconds": 30},
    "aws_dynamodb_table.files": {"name": "files", "point_in_time_recovery": [{"enabled": True}]},
}


def test_checkov_and_the_command_agree_about_a_plan(tmp_path: Path, repository: Path) -> None:
    (tmp_path / "plan.json").write_text(plan_of(PLAN))
    run = start_checkov(tmp_path, "terraform_plan", repository)
    host = said_by(run, tmp_path, "terraform_plan")
    mine = command(tmp_path)
    assert "ERROR" not in host.log
    assert list(differences(host.verdicts, mine)) == []
    assert Said("SEA_SINGLE_AZ_DATABASE", "plan.json", "aws_db_instance.orders", "flagged") in mine
    assert Said("SEA_SINGLE_AZ_DATABASE", "plan.json", "aws_db_instance.carts", "accepted") in mine
