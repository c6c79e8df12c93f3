"""Turns the assembly that `cdk synth` wrote for AWS into one that the embedded cloud takes.

The original stays as it is. The copy lacks what the emulator refuses (holes.py), its functions run with this machine's
libraries, durations are divided by the time scale, and every template has a new hash, so that the CDK command sees it.
"""

import hashlib
import json
import re
import shutil
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from embedded_cloud.assembly_stacks import STACK, UNKNOWN_ACCOUNT, AssemblyStack, manifest_of, stacks_of
from embedded_cloud.changes import Change
from embedded_cloud.embedded import ACCOUNT, REGIONS
from embedded_cloud.holes import KNOWN_NAMES, MIRRORING, MISSING_ATTRIBUTES, WRONG_REFERENCES, Fate, refusal, scaled
from embedded_cloud.packages import copy_python

NOT_KEPT = ("cdk:tree", "cdk:feature-flag-report")
"""Artifacts that are files of their own, for other tools than the CDK command."""


def embedded_assembly(
    source: Path,
    target: Path,
    *,
    time_scale: float,
    home: str = REGIONS[0],
    taken: Collection[str] | None = None,
) -> list[Change]:
    """Write the assembly for the emulator into `target`, which is replaced; return what differs, in order.

    `home` is the region of stacks that name none, `taken` are the types that the emulator takes, when they were asked
    for. Raises FileNotFoundError when `source` is not an assembly, NotTaken when it has stages, and TemplateError.
    """
    manifest = manifest_of(source)
    stacks = stacks_of(source, home=home)
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    changes: list[Change] = []
    for stack in stacks:
        template = stack.template(source)
        assets = stack.assets(source)
        python = _python_code(template)
        changes += _adapt(stack.key, template, time_scale, taken)
        changes += _write_assets(stack, source, target, assets, python)
        artifact = _for_the_account(manifest["artifacts"][stack.key], stack)
        manifest["artifacts"][stack.key] = artifact
        _write_template(artifact, target, template, assets)
        if stack.asset_file:
            (target / stack.asset_file).write_text(json.dumps(assets))
        artifact.pop("additionalMetadataFile", None)
        # Or a stack whose first deployment failed could never be deployed again.
        artifact["properties"]["terminationProtection"] = False
    _one_after_another(manifest["artifacts"], target)
    manifest["artifacts"] = {
        key: artifact for key, artifact in manifest["artifacts"].items() if artifact["type"] not in NOT_KEPT
    }
    (target / "manifest.json").write_text(json.dumps(manifest))
    return changes


def _for_the_account(artifact: dict[str, Any], stack: AssemblyStack) -> dict[str, Any]:
    if stack.account == UNKNOWN_ACCOUNT:
        return artifact
    adapted: dict[str, Any] = json.loads(json.dumps(artifact).replace(stack.account, ACCOUNT))
    return adapted


def _python_code(template: dict[str, Any]) -> dict[str, set[str]]:
    """The object keys of the packages of Python functions and layers, with the handlers that are looked for in them."""
    found: dict[str, set[str]] = {}
    for resource in template.get("Resources", {}).values():
        properties = resource.get("Properties", {})
        runtimes = {properties.get("Runtime"), *properties.get("CompatibleRuntimes", ())}
        code = properties.get("Code" if resource["Type"] == "AWS::Lambda::Function" else "Content")
        if isinstance(code, dict) and any(str(runtime).startswith("python") for runtime in runtimes):
            found.setdefault(json.dumps(code.get("S3Key")), set()).add(str(properties.get("Handler", "")))
    return found


def _one_after_another(artifacts: dict[str, Any], target: Path) -> None:
    """Let stacks with a custom resource wait for each other: two of them at once hung ministack for an hour."""
    earlier: list[str] = []
    for name, artifact in artifacts.items():
        if artifact["type"] != STACK:
            continue
        template = json.loads((target / artifact["properties"]["templateFile"]).read_text())
        if any(resource["Type"].startswith("Custom::") for resource in template.get("Resources", {}).values()):
            artifact["dependencies"] = [*artifact.get("dependencies", []), *earlier]
            earlier.append(name)


def _adapt(stack: str, template: dict[str, Any], time_scale: float, taken: Collection[str] | None) -> list[Change]:
    """Change `template` in place."""
    resources = template.get("Resources", {})
    refused = {name: hole for name, resource in resources.items() if (hole := refusal(resource, taken))}
    _name_instead(stack, template, {name: resources[name] for name in refused})
    changes = []
    for name, hole in refused.items():
        changes.append(Change(stack, name, resources.pop(name)["Type"], hole.fate, f"refused: {hole.reason}"))
    for name, resource in resources.items():
        changes += _know_attributes(stack, name, resource, template)
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


def _know_attributes(stack: str, name: str, resource: dict[str, Any], template: dict[str, Any]) -> Iterator[Change]:
    """Write down attributes that the emulator would not find."""
    if resource["Type"].startswith(MIRRORING):
        for key, value in resource.get("Properties", {}).items():
            _replace(template, {"Fn::GetAtt": [name, key]}, value)
    for (kind, attribute), pattern in MISSING_ATTRIBUTES.items():
        said = {"Fn::Sub": pattern.replace("LOGICAL", name)}
        if kind == resource["Type"] and _replace(template, {"Fn::GetAtt": [name, attribute]}, said):
            yield Change(stack, name, kind, Fate.ADAPTED, f"{attribute}: names something that is not there")


def _name_instead(stack: str, template: dict[str, Any], refused: dict[str, Any]) -> None:
    """Write the names and ARNs that refused resources will have in the place of references to them."""
    for logical, resource in refused.items():
        if resource["Type"] not in KNOWN_NAMES:
            continue
        name = resource.get("Properties", {}).get(KNOWN_NAMES[resource["Type"]], f"{stack}-{logical}")
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


def _replace(value: Any, old: Any, new: Any) -> int:
    """Write `new` wherever `old` is; return how often."""
    count = 0
    for key, child in _children(value):
        if child == old:
            value[key] = new
            count += 1
        else:
            count += _replace(child, old, new)
    return count


def _scale(stack: str, name: str, resource: dict[str, Any], time_scale: float) -> Iterator[Change]:
    properties = resource.get("Properties", {})
    for key, value in properties.items():
        seconds = scaled(resource["Type"], key, value, time_scale)
        if seconds != value:
            yield Change(stack, name, resource["Type"], Fate.SCALED, f"{key}: {value} s becomes {seconds} s")
            properties[key] = seconds


def _write_assets(
    stack: AssemblyStack, source: Path, target: Path, assets: dict[str, Any], python: Mapping[str, Collection[str]]
) -> Iterator[Change]:
    """Copy files; leave images out; leave the libraries for AWS's processors out of packages of Python."""
    for image in assets.pop("dockerImages", {}).values():
        name = image.get("displayName", "image")
        yield Change(stack.key, name, "image", Fate.SIMULATED, "no containers; workers.py runs its processes")
    for key, file in assets["files"].items():
        path = source / file["source"]["path"]
        copied = target / path.name
        file["source"]["path"] = path.name  # the assets of a stage lie beside its folder
        if path.name == Path(stack.template_file).name or copied.exists():
            continue
        # The hash of an asset is part of its key.
        handlers = [handler for asked, found in python.items() if key in asked for handler in found]
        if not path.is_dir():
            shutil.copy(path, copied)
        elif handlers:
            for what in copy_python(path, copied, handlers):
                yield Change(stack.key, file.get("displayName", path.name), "package", Fate.ADAPTED, what)
        else:
            shutil.copytree(path, copied)


def _write_template(artifact: dict[str, Any], target: Path, template: dict[str, Any], assets: dict[str, Any]) -> None:
    """Write the template under a new hash: with the old one the CDK command would say "no changes"."""
    text = json.dumps(template)
    name = Path(artifact["properties"]["templateFile"]).name
    (target / name).write_text(text)
    digest = hashlib.sha256(text.encode()).hexdigest()
    old = next((key for key, file in assets["files"].items() if file["source"]["path"] == name), None)
    if old is None:
        return
    file = assets["files"].pop(old)
    for destination in file["destinations"].values():
        destination["objectKey"] = destination["objectKey"].replace(old, digest)
    assets["files"][digest] = file
    properties = artifact["properties"]
    properties["stackTemplateAssetObjectUrl"] = properties["stackTemplateAssetObjectUrl"].replace(old, digest)
