"""What validators say about a service that uses every construct."""

import json
from pathlib import Path

import pytest
from cfnlint.api import lint
from cfnlint.config import ManualArgs
from seawall.configuration import Objective
from seawall.finding import Report
from seawall.loading import load_policies
from seawall.policy import Outcome
from seawall.scan import Options, check
from seawall.selection import Selection

from tests.constructs.every_construct import ELSEWHERE, HOME

EXPLAINED_WARNINGS = {
    "W3005": "CDK writes that a function depends on its role although the function names it too",
}
REGIONS = {"Service": HOME, "Nameless": HOME, "Elsewhere": ELSEWHERE}


@pytest.fixture(scope="module")
def report(assembly_of_shop: Path, tmp_path_factory: pytest.TempPathFactory) -> Report:
    """Of all but the sandbox, which is meant to be thrown away."""
    loaded, broken = load_policies()
    assert broken == []
    folder = tmp_path_factory.mktemp("judged")
    for stack in REGIONS:
        name = f"{stack}.template.json"
        (folder / name).write_text((assembly_of_shop / name).read_text())
    return check([folder], Options(policies=Selection().of(loaded, Objective("multi-region"))))


def test_seawall_flags_nothing_without_a_reason(report: Report) -> None:
    assert report.unread == []
    flagged = [finding for finding in report.findings if finding.verdict is Outcome.FLAGGED]
    assert [f"{one.policy} {one.resource}: {one.message}" for one in flagged] == []


def test_seawall_accepts_something_in_every_group(report: Report) -> None:
    loaded, _ = load_policies()
    accepted = {finding.group for finding in report.findings if finding.verdict is Outcome.ACCEPTED}
    assert accepted == {policy.group for policy in loaded}


def test_cdk_nag_finds_nothing_without_a_reason(assembly_of_shop: Path) -> None:
    """What it finds would have ended the synthesis, and be in this report."""
    assert json.loads((assembly_of_shop / "validation-report.json").read_text())["pluginReports"] == []


@pytest.mark.parametrize("stack", REGIONS)
def test_cfn_lint_finds_nothing_unexplained(assembly_of_shop: Path, stack: str) -> None:
    text = (assembly_of_shop / f"{stack}.template.json").read_text()
    matches = lint(text, config=ManualArgs(regions=[REGIONS[stack]]))
    assert [str(match) for match in matches if match.rule.id not in EXPLAINED_WARNINGS] == []


def test_every_reason_says_why(assembly_of_shop: Path) -> None:
    reasons = [
        skipped["reason"]
        for stack in REGIONS
        for resource in json.loads((assembly_of_shop / f"{stack}.template.json").read_text())["Resources"].values()
        for skipped in resource.get("Metadata", {}).get("seawall", {}).get("skip", [])
    ]
    assert reasons
    assert all(len(reason.split()) > 5 for reason in reasons)
