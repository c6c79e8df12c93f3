import json
import subprocess
import sys
from pathlib import Path


def start(repository: Path, folder: Path, **context: object) -> subprocess.CompletedProcess[str]:
    """Start app.py as the CDK command does, on a machine that has no Node.js and no credentials."""
    return subprocess.run(
        [sys.executable, repository / "app.py"],
        cwd=folder,
        env={
            "PATH": "",
            "HOME": str(folder),
            "PYTHONPATH": str(repository / "policies"),
            "CDK_OUTDIR": str(folder / "assembly"),
            "CDK_CONTEXT_JSON": json.dumps(context),
        },
        capture_output=True,
        text=True,
        check=False,
    )


def test_synthesis_needs_no_node_no_cdk_command_and_no_credentials(repository: Path, tmp_path: Path) -> None:
    regions = {"primary": "us-west-2", "standby": "us-east-2", "observer": "ca-central-1"}
    outcome = start(repository, tmp_path, regions=regions)
    assert outcome.returncode == 0, outcome.stderr
    # CDK warns there about a Node.js that it does not support; the functions' libraries need a network.
    assert [line for line in outcome.stderr.splitlines() if "make package" not in line] == []
    template = (tmp_path / "assembly" / "Catalogue.template.json").read_text()
    assert '"Region": "us-east-2"' in template
    assert "eu-west-1" not in template


def test_one_setting_on_the_command_line_leaves_the_others(repository: Path, tmp_path: Path) -> None:
    """`cdk synth -c tier=hot` arrives as a context key of its own."""
    outcome = start(repository, tmp_path, tier="hot")
    assert outcome.returncode == 1
    assert outcome.stderr.splitlines()[-1].startswith("cdk.json: tier: Input should be 'pilot_light', 'warm_standby'")


def test_every_stack_names_its_region_and_no_account(assembly: Path) -> None:
    artifacts = json.loads((assembly / "manifest.json").read_text())["artifacts"]
    environments = [
        artifact["environment"] for artifact in artifacts.values() if artifact["type"] == "aws:cloudformation:stack"
    ]
    assert environments
    for environment in environments:
        assert environment.startswith("aws://unknown-account/")
        assert "unknown-region" not in environment
