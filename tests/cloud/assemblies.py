"""Small assemblies, as `cdk synth` writes them, and what templates use."""

import hashlib
import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from embedded_cloud.attributes import GLOBAL_TABLE, REPLICA

SNAPSHOTS = Path(__file__).parents[1] / "stacks" / "snapshots"
"""The drive's templates."""


def used(templates: Iterable[Path]) -> set[tuple[str, str]]:
    """Every type and property of these templates."""
    found = set()
    for template in templates:
        for resource in json.loads(template.read_text()).get("Resources", {}).values():
            properties = resource.get("Properties", {})
            found |= {(resource["Type"], name) for name in properties}
            if resource["Type"] == GLOBAL_TABLE:
                found |= {(REPLICA, name) for replica in properties["Replicas"] for name in replica}
    return found


def write_assembly(folder: Path, templates: dict[str, dict[str, Any]]) -> Path:
    """Write an assembly of these stacks, all in eu-west-1; return its folder."""
    folder.mkdir(parents=True)
    artifacts: dict[str, Any] = {"Tree": {"type": "cdk:tree", "properties": {"file": "tree.json"}}}
    for name, template in templates.items():
        text = json.dumps(template)
        digest = hashlib.sha256(text.encode()).hexdigest()
        (folder / f"{name}.template.json").write_text(text)
        asset = {
            "source": {"path": f"{name}.template.json", "packaging": "file"},
            "destinations": {"here": {"bucketName": "assets", "objectKey": f"{digest}.json"}},
        }
        (folder / f"{name}.assets.json").write_text(json.dumps({"files": {digest: asset}}))
        artifacts[f"{name}.assets"] = {"type": "cdk:asset-manifest", "properties": {"file": f"{name}.assets.json"}}
        artifacts[name] = {
            "type": "aws:cloudformation:stack",
            "dependencies": [f"{name}.assets"],
            "environment": "aws://unknown-account/eu-west-1",
            "properties": {
                "templateFile": f"{name}.template.json",
                "stackTemplateAssetObjectUrl": f"s3://assets/{digest}.json",
                "terminationProtection": True,
            },
        }
    (folder / "manifest.json").write_text(json.dumps({"version": "55.0.0", "artifacts": artifacts}))
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def references(value: Any) -> set[str]:
    """The logical names that a template names: in functions, and in what depends on what."""
    found: set[str] = set()
    if isinstance(value, dict):
        for key, child in value.items():
            if key in {"Ref", "DependsOn"}:
                found |= {child} if isinstance(child, str) else set(child)
            elif key == "Fn::GetAtt":
                found.add(child.split(".")[0] if isinstance(child, str) else child[0])
            elif key == "Fn::Sub":
                text = child if isinstance(child, str) else child[0]
                found |= {name.split(".")[0] for name in re.findall(r"\$\{([^}]+)\}", text)}
            found |= references(child)
    elif isinstance(value, list):
        for child in value:
            found |= references(child)
    return found
