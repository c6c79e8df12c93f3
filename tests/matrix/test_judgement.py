"""What validators say about the whole drive, in each combination of settings."""

import hashlib
import json
from collections import Counter
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

from stacks.exceptions import listed, reasons_in
from tests.matrix.conftest import Drive, nag_findings

EXPLAINED_WARNINGS = {
    "W3005": "CDK writes that a function depends on its role although the function names it too",
}

already_linted: set[str] = set()


def test_cfn_lint_finds_nothing_unexplained(drive: Drive) -> None:
    """Once for each distinct template: most differ in a few settings only, and cfn-lint is slow."""
    found = []
    for name, template in drive.templates.items():
        text = json.dumps(template)
        fingerprint = hashlib.sha256((drive.regions[name] + text).encode()).hexdigest()
        if fingerprint in already_linted:
            continue
        already_linted.add(fingerprint)
        matches = lint(text, config=ManualArgs(regions=[drive.regions[name]]))
        found += [f"{name}: {match}" for match in matches if match.rule.id not in EXPLAINED_WARNINGS]
    assert found == []


def test_seawall_flags_nothing_without_a_reason(drive: Drive) -> None:
    report = judged(drive.folder)
    assert [str(unread) for unread in report.unread] == []
    flagged = [
        f"{finding.policy} {finding.stack} {finding.resource}: {finding.message}"
        for finding in report.findings
        if finding.verdict is Outcome.FLAGGED
    ]
    assert flagged == []


def test_seawall_accepted_something_in_every_group(drive: Drive) -> None:
    loaded, _ = load_policies()
    accepted = {finding.group for finding in judged(drive.folder).findings if finding.verdict is Outcome.ACCEPTED}
    assert accepted == {policy.group for policy in loaded}


def judged(folder: Path) -> Report:
    loaded, broken = load_policies()
    assert broken == []
    return check([folder], Options(policies=Selection().of(loaded, Objective("multi-region"))))


def test_cdk_nag_finds_nothing_unexplained(drive: Drive) -> None:
    assert drive.nag == ()


def test_no_finding_is_accepted_that_is_not_listed(drive: Drive, repository: Path) -> None:
    known = listed((repository / "docs" / "exceptions.md").read_text())
    accepted = reasons_in(drive.folder)
    assert accepted
    more = {reason: places - known.get(reason, Counter()) for reason, places in accepted.items()}
    unlisted = {reason: places for reason, places in more.items() if places}
    assert unlisted == {}, "run `make tables`, and say in the pull request why it is accepted"


def test_cdk_nag_is_listened_to(tmp_path: Path) -> None:
    from aws_cdk import App, Stack, Validations
    from aws_cdk.aws_s3 import Bucket
    from cdk_nag import AwsSolutionsChecks

    app = App(outdir=str(tmp_path))
    Bucket(Stack(app, "Careless"), "Bucket")
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    with pytest.raises(RuntimeError):
        app.synth()
    assert "AwsSolutions-S10 at Careless/Bucket/Resource" in nag_findings(tmp_path)
