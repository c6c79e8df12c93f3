"""Turns the assembly that `cdk synth` wrote for AWS into one that the embedded cloud takes.

The original stays as it is. The copy lacks what the emulator refuses (holes.py), its functions run with this machine's
libraries, durations are divided by the time scale, and every template has a new hash, so that the CDK command sees it.
"""

import hashlib
import json
import re
import shutil
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from drills.cloud.changes import Change
from drills.cloud.holes import KNOWN_NAMES, WRONG_REFERENCES, Fate, refusal, scaled

FUNCTIONS_CODE = "services"
"""The folder that tells the functions' package from other assets."""


def embedded_assembly(source: Path, target: Path, *, time_scale: float) -> list[Change]:
    """Write the assembly for the emulator into `target`, which is replaced; return what differs, in order.

    Raises FileNotFoundError when `source` is not an assembly.
    """
    manifest = json.loads((source / "manifest.json").read_text())
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    changes: list[Change] = []
    for name, artifact in manifest["artifacts"].items():
        if artifact["type"] == "aws:cloudformation:stack":
            template = json.loads((source / artifact["properties"]["templateFile"]).read_text())
            changes += _adapt(name, template, time_scale)
            assets = json.loads((source / f"{name}.assets.json").read_text())
            changes += _write_assets(name, source, target, assets)
            _write_template(artifact, target, template, assets)
            (target / f"{name}.assets.json").write_text(json.dumps(assets))
            artifact.pop("additionalMetadataFile", None)
            # Or a stack whose first deployment failed could never be deployed again.
            artifact["properties"]["terminationProtection"] = False
    _one_after_another(manifest["artifacts"], target)
    del manifest["artifacts"]["Tree"]
    (target / "manifest.json").write_text(json.dumps(manifest))
    return changes


def _one_after_another(artifacts: dict[str, Any], target: Path) -> None:
    """Let stacks with a custom resource wait for each other: two of them at once hung ministack for an hour."""
    earlier: list[str] = []
    for name, artifact in artifacts.items():
        if artifact["type"] != "aws:cloudformation:stack":
            continue
        template = json.loads((target / artifact["properties"]["templateFile"]).read_text())
        if any(resource["Type"].startswith("Custom::") for resource in template.get("Resources", {}).values()):
            artifact["dependencies"] = [*artifact.get("dependencies", []), *earlier]
            earlier.append(name)


def _adapt(stack: str, template: dict[str, Any], time_scale: float) -> list[Change]:
    """Change `template` in place."""
    resources = template.get("Resources", {})
    refused = {name: hole for name, resource in resources.items() if (hole := refusal(resource))}
    _name_instead(template, {name: resources[name] for name in refused})
    changes = []
    for name, hole in refused.items():
        changes.append(Change(stack, name, resources.pop(name)["Type"], hole.fate, f"refused: {hole.reason}"))
    for name, resource in resources.items():
        _drop_dependencies(resource, refused)
        for path in _drop_references(resource, refused):
            what = f"{path.removeprefix('Properties.')}: without what names a resource that is not there"
            changes.append(Change(stack, name, resource["Type"], Fate.ADAPTED, what))
        changes += _scale(stack, name, resource, time_scale)
        if attribute := WRONG_REFERENCES.get(resource["Type"]):
            _replace(template, {"Ref": name}, {"Fn::GetAtt": [name, attribute]})
            what = f"asked for its {attribute}: Ref gives its name there"
            changes.append(Change(stack, name, resource["Type"], Fate.ADAPTED, what))
    outputs = {name: output for name, output in template.pop("Outputs", {}).items() if not _depends(output, refused)}
    if outputs:
        template["Outputs"] = outputs
    return changes


def _name_instead(template: dict[str, Any], refused: dict[str, Any]) -> None:
    """Write the names and ARNs of refused resources, where their templates give them, in the place of references."""
    for logical, resource in refused.items():
        name = resource.get("Properties", {}).get(KNOWN_NAMES.get(resource["Type"], ""))
        if isinstance(name, str):
            arn = f"arn:${{AWS::Partition}}:cloudwatch:${{AWS::Region}}:${{AWS::AccountId}}:alarm:{name}"
            _replace(template, {"Ref": logical}, name)
            _replace(template, {"Fn::GetAtt": [logical, "Arn"]}, {"Fn::Sub": arn})


def _drop_dependencies(resource: dict[str, Any], refused: Collection[str]) -> None:
    named = resource.get("DependsOn", [])
    left = [name for name in ([named] if isinstance(named, str) else named) if name not in refused]
    resource.pop("DependsOn", None)
    if left:
        resource["DependsOn"] = left


def _drop_references(value: Any, refused: Collection[str], path: str = "") -> Iterator[str]:
    """Remove every function that names a refused resource, and what is empty then; yield the paths."""
    for key, child in reversed(list(_children(value))):
        here = path if isinstance(value, list) else f"{path}.{key}".lstrip(".")
        if _is_function(child):
            if _depends(child, refused):
                del value[key]
                yield here
        elif isinstance(child, (dict, list)) and child:
            yield from _drop_references(child, refused, here)
            if len(child) == 0:
                del value[key]


def _children(value: Any) -> Iterator[tuple[Any, Any]]:
    if isinstance(value, dict):
        yield from value.items()
    elif isinstance(value, list):
        yield from enumerate(value)


def _is_function(value: Any) -> bool:
    return isinstance(value, dict) and len(value) == 1 and (next(iter(value)) == "Ref" or "Fn::" in next(iter(value)))


def _depends(value: Any, refused: Collection[str]) -> bool:
    """Whether a reference to a refused resource is anywhere in `value`."""
    if _is_function(value):
        [(function, argument)] = value.items()
        if function == "Ref":
            return argument in refused
        if function == "Fn::GetAtt":
            return (argument.split(".")[0] if isinstance(argument, str) else argument[0]) in refused
        if function == "Fn::Sub":
            text = argument if isinstance(argument, str) else argument[0]
            if any(name.split(".")[0] in refused for name in re.findall(r"\$\{([^!}][^}]*)\}", text)):
                return True
    return any(_depends(child, refused) for _, child in _children(value))


def _replace(value: Any, old: Any, new: Any) -> None:
    for key, child in _children(value):
        if child == old:
            value[key] = new
        else:
            _replace(child, old, new)


def _scale(stack: str, name: str, resource: dict[str, Any], time_scale: float) -> Iterator[Change]:
    properties = resource.get("Properties", {})
    for key, value in properties.items():
        seconds = scaled(resource["Type"], key, value, time_scale)
        if seconds != value:
            yield Change(stack, name, resource["Type"], Fate.SCALED, f"{key}: {value} s becomes {seconds} s")
            properties[key] = seconds


def _write_assets(stack: str, source: Path, target: Path, assets: dict[str, Any]) -> Iterator[Change]:
    """Copy files; leave images out; leave the libraries for AWS's processors out of the functions' package."""
    for image in assets.pop("dockerImages", {}).values():
        yield Change(
            stack, image["displayName"], "image", Fate.SIMULATED, "no containers; workers.py runs its processes"
        )
    for file in assets["files"].values():
        path = source / file["source"]["path"]
        code = _functions_code(path)
        if code:
            yield Change(stack, file["displayName"], "package", Fate.ADAPTED, "its libraries are those of this machine")
        if file["source"]["path"].endswith(".template.json") or (target / path.name).exists():
            continue
        if code:
            shutil.copytree(code, target / path.name / FUNCTIONS_CODE)
        elif path.is_dir():
            shutil.copytree(path, target / path.name)
        else:
            shutil.copy(path, target / path.name)


def _functions_code(path: Path) -> Path | None:
    """Return the functions' folder `services`; without `make package` the asset is that folder itself."""
    if (path / FUNCTIONS_CODE).is_dir():
        return path / FUNCTIONS_CODE
    return path if (path / "drive" / "limits.py").is_file() else None


def _write_template(artifact: dict[str, Any], target: Path, template: dict[str, Any], assets: dict[str, Any]) -> None:
    """Write the template under a new hash: with the old one the CDK command would say "no changes"."""
    text = json.dumps(template)
    name = artifact["properties"]["templateFile"]
    (target / name).write_text(text)
    digest = hashlib.sha256(text.encode()).hexdigest()
    old = next(key for key, file in assets["files"].items() if file["source"]["path"] == name)
    file = assets["files"].pop(old)
    for destination in file["destinations"].values():
        destination["objectKey"] = destination["objectKey"].replace(old, digest)
    assets["files"][digest] = file
    properties = artifact["properties"]
    properties["stackTemplateAssetObjectUrl"] = properties["stackTemplateAssetObjectUrl"].replace(old, digest)
