import json
import subprocess
import sys
from pathlib import Path

from cfnlint.api import lint
from cfnlint.config import ManualArgs


def start(repository: Path, folder: Path, *regions: str) -> subprocess.CompletedProcess[str]:
    """Start app.py as the CDK command does, on a machine that has no Node.js and no credentials."""
    return subprocess.run(
        [sys.executable, repository / "app.py"],
        cwd=folder,
        env={
            "PATH": "",
            "HOME": str(folder),
            "PYTHONPATH": str(repository / "policies"),
            "CDK_OUTDIR": str(folder / "assembly"),
            "CDK_CONTEXT_JSON": json.dumps({"drive": {"regions": regions}}),
        },
        capture_output=True,
        text=True,
        check=False,
    )


def test_synthesis_needs_no_node_no_cdk_command_and_no_credentials(repository: Path, tmp_path: Path) -> None:
    outcome = start(repository, tmp_path, "us-west-2", "us-east-2", "us-east-1")
    assert outcome.returncode == 0, outcome.stderr
    assert outcome.stderr == ""  # CDK warns there about a Node.js that it does not support
    template = (tmp_path / "assembly" / "Catalogue.template.json").read_text()
    assert '"Region": "us-east-2"' in template
    assert "eu-west-1" not in template


def test_unusable_settings_end_it_with_one_sentence(repository: Path, tmp_path: Path) -> None:
    outcome = start(repository, tmp_path, "us-west-2")
    assert outcome.returncode == 1
    assert outcome.stderr == "cdk.json: regions: name at least two, so that one can be lost\n"


def test_cfn_lint_finds_nothing(assembly: Path) -> None:
    for path in sorted(assembly.glob("**/*.template.json")):
        regions = ManualArgs(regions=["eu-west-1"])
        assert [str(match) for match in lint(path.read_text(), config=regions)] == []


def test_every_stack_names_its_region_and_no_account(assembly: Path) -> None:
    artifacts = json.loads((assembly / "manifest.json").read_text())["artifacts"]
    environments = [
        artifact["environment"] for artifact in artifacts.values() if artifact["type"] == "aws:cloudformation:stack"
    ]
    assert environments
    for environment in environments:
        assert environment.startswith("aws://unknown-account/")
        assert "unknown-region" not in environment
