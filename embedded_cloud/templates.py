"""Makes an assembly of plain CloudFormation templates, so that `deploy` takes them like those of a CDK app.

    assembly_of([Template("orders", "eu-west-1", Path("templates/orders.yaml"), {"Name": "orders"})], folder)

Code in a local folder is packaged as `aws cloudformation package` does it: `Code: ../services` in a template, relative
to its file, or a parameter whose value is a Path, which becomes the key of the package in the bucket ASSETS_BUCKET.
"""

import hashlib
import json
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from embedded_cloud.assembly_stacks import ASSETS, STACK, UNKNOWN_ACCOUNT
from embedded_cloud.embedded import ACCOUNT
from embedded_cloud.settled import TemplateError, settled

__all__ = ["ASSETS_BUCKET", "Template", "TemplateError", "assembly_of"]

ASSETS_BUCKET = "{assets bucket}"
"""The value of a parameter that asks for the bucket in which packages are."""
CODE = {"AWS::Lambda::Function": "Code", "AWS::Lambda::LayerVersion": "Content"}
SCHEMA = "55.0.0"
"""The version of assemblies that the pinned CDK command reads."""


@dataclass(frozen=True)
class Template:
    """A template and where it goes. `name` is the stack's; another region may have one of the same name."""

    name: str
    region: str
    file: Path
    parameters: Mapping[str, Any] = field(default_factory=dict)


def assembly_of(templates: Iterable[Template], folder: Path) -> Path:
    """Write the assembly into `folder`, which is replaced, and return it; stacks are deployed in the order given.

    Raises TemplateError for a template that cannot be read or lacks a value, FileNotFoundError for one that is not
    there or whose code is not there.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    artifacts: dict[str, Any] = {}
    earlier: list[str] = []
    for template in templates:
        key = template.name if template.name not in artifacts else f"{template.name}-{template.region}"
        if key in artifacts:
            raise TemplateError(f"{template.region} has two stacks {template.name}")
        artifacts[f"{key}.assets"], artifacts[key] = _stack(template, key, folder)
        artifacts[key]["dependencies"] += earlier
        earlier = [key]
    if not artifacts:
        raise TemplateError("there is no template")
    (folder / "manifest.json").write_text(json.dumps({"version": SCHEMA, "artifacts": artifacts}))
    return folder


def _stack(template: Template, key: str, folder: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    packages = _Packages(folder, template.region)
    values = {name: packages.value(value) for name, value in template.parameters.items()}
    made = settled(_read(template.file), stack=template.name, region=template.region, parameters=values)
    for resource in made["Resources"].values():
        name = CODE.get(resource["Type"], "")
        code = resource.get("Properties", {}).get(name)
        if isinstance(code, str):
            resource["Properties"][name] = packages.location(template.file.parent / code)
    text = json.dumps(made)
    file = f"{key}.template.json"
    (folder / file).write_text(text)
    digest = hashlib.sha256(text.encode()).hexdigest()
    packages.add(digest, file, "file", f"{digest}.json")
    (folder / f"{key}.assets.json").write_text(json.dumps({"version": SCHEMA, "files": packages.files}))
    bootstrapped = {
        "requiresBootstrapStackVersion": 6,
        "bootstrapStackVersionSsmParameter": "/cdk-bootstrap/hnb659fds/version",
    }
    properties = {
        "templateFile": file,
        "stackName": template.name,
        "assumeRoleArn": _role("deploy-role", template.region),
        "cloudFormationExecutionRoleArn": _role("cfn-exec-role", template.region),
        "stackTemplateAssetObjectUrl": f"s3://{_bucket(template.region)}/{digest}.json",
        **bootstrapped,
    }
    assets = {"type": ASSETS, "properties": {"file": f"{key}.assets.json", **bootstrapped}}
    return assets, {
        "type": STACK,
        "environment": f"aws://{UNKNOWN_ACCOUNT}/{template.region}",
        "properties": properties,
        "dependencies": [f"{key}.assets"],
        "displayName": key,
    }


class _Packages:
    """What one stack uploads: the files of its asset manifest, by digest."""

    def __init__(self, folder: Path, region: str) -> None:
        self.files: dict[str, Any] = {}
        self._folder = folder
        self._region = region

    def value(self, given: Any) -> Any:
        """A parameter's value as the template gets it."""
        if given == ASSETS_BUCKET:
            return _bucket(self._region)
        return self.location(given)["S3Key"] if isinstance(given, Path) else given

    def location(self, code: Path) -> dict[str, str]:
        """Package a folder, or a file that is alone or zipped already; say where it will be."""
        if not code.exists():
            raise FileNotFoundError(f"there is no code in {code}")
        contents = [code] if code.is_file() else sorted(path for path in code.rglob("*") if _is_kept(path, code))
        digest = hashlib.sha256()
        for path in contents:
            digest.update(f"{path.relative_to(code.parent)}\0{path.stat().st_size}\0".encode())
            digest.update(path.read_bytes())
        number = digest.hexdigest()
        is_zipped = code.suffix in {".zip", ".jar"}
        target = self._folder / f"asset.{number}{code.suffix if is_zipped else ''}"
        if is_zipped:
            shutil.copyfile(code, target)
        else:
            for path in contents:
                copied = target / (path.relative_to(code) if code.is_dir() else path.name)
                copied.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(path, copied)
        self.add(number, target.name, "file" if is_zipped else "zip", f"{number}.zip")
        return {"S3Bucket": _bucket(self._region), "S3Key": f"{number}.zip"}

    def add(self, digest: str, path: str, packaging: str, key: str) -> None:
        """Note a file of the assembly that is uploaded."""
        destination = {
            "bucketName": f"cdk-hnb659fds-assets-${{AWS::AccountId}}-{self._region}",
            "objectKey": key,
            "region": self._region,
            "assumeRoleArn": _role("file-publishing-role", self._region),
        }
        source = {"path": path, "packaging": packaging}
        self.files[digest] = {"displayName": path, "source": source, "destinations": {self._region: destination}}


def _is_kept(path: Path, code: Path) -> bool:
    return path.is_file() and "__pycache__" not in path.relative_to(code).parts


def _bucket(region: str) -> str:
    return f"cdk-hnb659fds-assets-{ACCOUNT}-{region}"


def _role(role: str, region: str) -> str:
    return f"arn:${{AWS::Partition}}:iam::${{AWS::AccountId}}:role/cdk-hnb659fds-{role}-${{AWS::AccountId}}-{region}"


class _Loader(yaml.SafeLoader):
    """YAML as CloudFormation reads it: dates are text, and `!Ref` is a function."""


_Loader.yaml_implicit_resolvers = {
    letter: [(tag, pattern) for tag, pattern in found if tag != "tag:yaml.org,2002:timestamp"]
    for letter, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _function(loader: yaml.SafeLoader, name: str, node: yaml.Node) -> dict[str, Any]:
    if isinstance(node, yaml.ScalarNode):
        argument: Any = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        argument = loader.construct_sequence(node, deep=True)
    else:
        argument = loader.construct_mapping(node, deep=True)  # type: ignore[arg-type]  # the third kind of node
    if name == "GetAtt" and isinstance(argument, str):
        argument = argument.split(".", 1)
    return {name if name in {"Ref", "Condition"} else f"Fn::{name}": argument}


_Loader.add_multi_constructor("!", _function)


def _read(file: Path) -> dict[str, Any]:
    text = file.read_text()
    try:
        read = json.loads(text) if file.suffix == ".json" else yaml.load(text, _Loader)  # noqa: S506 - a safe loader
    except (yaml.YAMLError, json.JSONDecodeError) as error:
        raise TemplateError(f"{file} cannot be read: {error}") from error
    if not isinstance(read, dict) or not isinstance(read.get("Resources"), dict):
        raise TemplateError(f"{file} is no CloudFormation template: it has no Resources")
    return read
