"""The stacks of an assembly, as the manifest and the templates say them, whichever account they are for."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from embedded_cloud.embedded import ACCOUNT
from embedded_cloud.settled import settled

STACK = "aws:cloudformation:stack"
ASSETS = "cdk:asset-manifest"
STAGE = "cdk:cloud-assembly"
UNKNOWN_ACCOUNT, UNKNOWN_REGION = "unknown-account", "unknown-region"


class NotTaken(ValueError):
    """An assembly that cannot be deployed as a whole; the message says what to do instead."""


@dataclass(frozen=True)
class AssemblyStack:
    """One stack of an assembly."""

    key: str
    """What the assembly calls it."""
    selector: str
    """What the CDK command calls it."""
    name: str
    """What CloudFormation calls it."""
    region: str
    account: str
    """The account of its environment; "unknown-account" when it has none of its own."""
    template_file: str
    asset_file: str | None
    dependencies: tuple[str, ...]
    """The keys of the stacks that are deployed before it."""

    def text(self, name: str, assembly: Path) -> str:
        """A file of the assembly, with the emulator's account in the place of the stack's."""
        text = (assembly / name).read_text()
        return text if self.account == UNKNOWN_ACCOUNT else text.replace(self.account, ACCOUNT)

    def template(self, assembly: Path) -> dict[str, Any]:
        """The template for AWS, settled for the stack's region. Raises settled.TemplateError."""
        return settled(json.loads(self.text(self.template_file, assembly)), stack=self.name, region=self.region)

    def assets(self, assembly: Path) -> dict[str, Any]:
        """The manifest of the stack's assets: `files` and `dockerImages`."""
        if self.asset_file is None:
            return {"files": {}, "dockerImages": {}}
        return dict(json.loads(self.text(self.asset_file, assembly)))


def manifest_of(assembly: Path) -> dict[str, Any]:
    """The manifest. Raises FileNotFoundError when the folder is no assembly."""
    manifest = assembly / "manifest.json"
    if not manifest.is_file():
        raise FileNotFoundError(f"{assembly} holds no assembly, which `cdk synth` writes")
    return dict(json.loads(manifest.read_text()))


def stacks_of(assembly: Path, *, home: str) -> list[AssemblyStack]:
    """The stacks in the order of the manifest; `home` is the region of those that name none.

    Raises FileNotFoundError when the folder is no assembly, NotTaken when it has stages, which are assemblies.
    """
    artifacts = manifest_of(assembly)["artifacts"]
    if stages := [one["properties"]["directoryName"] for one in artifacts.values() if one["type"] == STAGE]:
        raise NotTaken(f"{assembly} has stages: deploy {' or '.join(str(assembly / stage) for stage in stages)}")
    found = [_stack(key, artifact, artifacts, home) for key, artifact in artifacts.items() if artifact["type"] == STACK]
    if not found:
        raise NotTaken(f"{assembly} has no stacks")
    return found


def _stack(key: str, artifact: Mapping[str, Any], artifacts: Mapping[str, Any], home: str) -> AssemblyStack:
    account, region = str(artifact["environment"]).removeprefix("aws://").split("/")
    dependencies = artifact.get("dependencies", [])
    manifests = [artifacts[name] for name in dependencies if artifacts.get(name, {}).get("type") == ASSETS]
    return AssemblyStack(
        key,
        artifact.get("displayName", key),
        artifact["properties"].get("stackName", key),
        home if region == UNKNOWN_REGION else region,
        account,
        artifact["properties"]["templateFile"],
        next((one["properties"]["file"] for one in manifests), None),
        tuple(name for name in dependencies if artifacts.get(name, {}).get("type") == STACK),
    )
