import json
import subprocess
import sys
from pathlib import Path

from cfnlint.api import lint
from cfnlint.config import ManualArgs


def test_synthesis_needs_no_node_no_cdk_command_and_no_credentials(repository: Path, tmp_path: Path) -> None:
    outcome = subprocess.run(
        [sys.executable, repository / "app.py"],
        cwd=tmp_path,
        # What the CDK command passes, on a machine that has nothing else.
        env={
            "PATH": "",
            "HOME": str(tmp_path),
            "PYTHONPATH": str(repository / "policies"),
            "CDK_OUTDIR": str(tmp_path / "assembly"),
            "CDK_CONTEXT_JSON": json.dumps({"drive": {"regions": ["us-west-2", "us-east-2", "us-east-1"]}}),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert outcome.returncode == 0, outcome.stderr
    assert outcome.stderr == ""  # CDK warns there about a Node.js that it does not support
    template = (tmp_path / "assembly" / "Catalogue.template.json").read_text()
    assert '"Region": "us-east-2"' in template
    assert "eu-west-1" not in template


def test_cfn_lint_finds_nothing(assembly: Path) -> None:
    for path in sorted(assembly.glob("**/*.template.json")):
        regions = ManualArgs(regions=["eu-west-1"])
        assert [str(match) for match in lint(path.read_text(), config=regions)] == []


def test_every_stack_names_its_region_and_no_account(assembly: Path) -> None:
    artifacts = json.loads((assembly / "manifest.json").read_text())["artifacts"]
    environments = [
        artifact["environment"]
        for artifact in artifacts.values()
        if artifact["type"] == "aws:cloudformation:stack"
    ]
    assert environments
    for environment in environments:
        assert environment.startswith("aws://unknown-account/")
        assert "unknown-region" not in environment
