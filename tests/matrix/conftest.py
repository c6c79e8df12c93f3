import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.matrix.combinations import Combination, chosen

Template = dict[str, Any]


@dataclass(frozen=True)
class Drive:
    """The whole drive, synthesized with one combination of settings and judged by cdk-nag as well."""

    combination: Combination
    folder: Path
    templates: dict[str, Template]
    """By name of the stack."""
    regions: dict[str, str]
    """Region by name of the stack."""
    settings: Any
    nag: tuple[str, ...]
    """What cdk-nag found and nobody accepted."""

    def resources(self, *types: str) -> list[tuple[str, str, Template]]:
        """Stack, logical id and resource of everything of these types, or of everything."""
        return [
            (stack, name, resource)
            for stack, template in self.templates.items()
            for name, resource in template["Resources"].items()
            if not types or resource["Type"] in types
        ]

    def of_region(self, region: str) -> dict[str, Template]:
        """The templates that each data region has one of, by what their names begin with."""
        return {
            name.removesuffix(f"-{region}"): template
            for name, template in self.templates.items()
            if name.endswith(f"-{region}")
        }


@pytest.fixture(scope="session", params=chosen(), ids=lambda combination: combination.name)
def drive(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Drive:
    from aws_cdk import Validations
    from cdk_nag import AwsSolutionsChecks

    from app import cloud_drive
    from stacks.settings import Settings

    combination: Combination = request.param
    folder = tmp_path_factory.mktemp(combination.name)
    app = cloud_drive(str(folder), combination.settings)
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    context = app.node.try_get_context("drive")
    findings: tuple[str, ...] = ()
    try:
        app.synth()
    except RuntimeError:
        # What a validator finds fails the synthesis after everything is written; a test shows it one by one.
        findings = nag_findings(folder)
    artifacts = json.loads((folder / "manifest.json").read_text())["artifacts"]
    stacks = {name: artifact for name, artifact in artifacts.items() if artifact["type"] == "aws:cloudformation:stack"}
    return Drive(
        combination=combination,
        folder=folder,
        templates={
            name: json.loads((folder / artifact["properties"]["templateFile"]).read_text())
            for name, artifact in stacks.items()
        },
        regions={name: artifact["environment"].rsplit("/", 1)[-1] for name, artifact in stacks.items()},
        settings=Settings.from_context(context, combination.settings),
        nag=findings,
    )


def nag_findings(folder: Path) -> tuple[str, ...]:
    """What the report of a failed synthesis says of cdk-nag; raises StopIteration where the failure was another one."""
    report = json.loads(next(folder.glob("*validation-report.json")).read_text())
    return tuple(
        f"{violation['ruleName']} at {construct['constructPath']}"
        for plugin in report["pluginReports"]
        if plugin["pluginName"] == "AwsSolutions"
        for violation in plugin["violations"]
        for construct in violation["violatingConstructs"]
    )
