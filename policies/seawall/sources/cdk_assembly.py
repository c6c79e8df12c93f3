"""CDK cloud assemblies (``cdk.out``): every stack of an app, with its region and account, as one design.

Source of the format: aws-cdk's package cloud-assembly-schema (``manifest.json``, ``*.assets.json``). Stages
are assemblies within the assembly; nested stacks are files beside their parent, found by ``aws:asset:path``
or, where the app was run without the CDK CLI, by the hash that their address ends with.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from seawall.documents import Unreadable
from seawall.json_documents import read_json
from seawall.sources import cloudformation
from seawall.sources.nested import templates_of
from seawall.template import Template

MANIFEST = "manifest.json"

MAX_BYTES = 64 * 1024 * 1024
"""Manifests of old CDK versions hold every construct's metadata and grow to some megabytes."""

MAX_LEVELS = 5
"""Stages within stages that are followed."""

_ENVIRONMENT = re.compile(r"aws://([^/]+)/([^/]+)$")


def is_assembly(folder: Path) -> bool:
    """Whether a folder is a CDK cloud assembly, a broken one included."""
    manifest = folder / MANIFEST
    if not manifest.is_file():
        return False
    if (folder / "cdk.out").is_file():  # CDK's own mark, which holds the version
        return True
    try:
        artifacts = _artifacts(manifest)
    except Unreadable:
        return False
    kinds = [artifact.get("type") for artifact in artifacts.values() if isinstance(artifact, dict)]
    return any(isinstance(kind, str) and kind.startswith(("aws:cloudformation:", "cdk:")) for kind in kinds)


def read_assembly(folder: Path, problems: list[Unreadable], shown: str = "") -> list[Template]:
    """The templates of every stack below ``folder``, nested stacks and stages included.

    ``shown`` is the folder as the user named it. Raises ``Unreadable`` where the manifest cannot be read; a
    stack that cannot be read is named in ``problems``.
    """
    assembly = _Assembly(os.path.realpath(folder), problems)
    assembly.read(folder, shown or str(folder), 0)
    return assembly.templates


def _content(manifest: Path) -> Any:
    try:
        if manifest.stat().st_size > MAX_BYTES:
            raise Unreadable(f"{manifest.name} is larger than {MAX_BYTES // 1024 // 1024} MB")
        content = manifest.read_bytes()
    except OSError as error:
        raise Unreadable((error.strerror or str(error)).lower()) from None
    return read_json(cloudformation.decode(content), [])


def _artifacts(manifest: Path) -> dict[str, Any]:
    root = _content(manifest)
    artifacts = root.get("artifacts", {}) if isinstance(root, dict) else None
    if not isinstance(artifacts, dict):
        raise Unreadable(f"{manifest.name} holds no artifacts")
    return artifacts


@dataclass
class _Assembly:
    """The templates found so far below the folder ``root``."""

    root: str
    problems: list[Unreadable]
    templates: list[Template] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    read_folders: set[str] = field(default_factory=set)
    undetermined: str | None = None

    def read(self, folder: Path, shown: str, level: int) -> None:
        place = os.path.realpath(folder)
        if place in self.read_folders:
            raise Unreadable("is a stage that is there twice and is not read again")
        self.read_folders.add(place)
        artifacts = _artifacts(folder / MANIFEST)
        assets = self._assets(folder, shown, artifacts)
        for identifier, artifact in artifacts.items():
            properties = artifact.get("properties") if isinstance(artifact, dict) else None
            if not isinstance(properties, dict):
                continue
            try:
                if artifact.get("type") == "aws:cloudformation:stack":
                    self._stack(str(identifier), artifact, (folder, shown), assets)
                elif artifact.get("type") == "cdk:cloud-assembly":
                    self._stage(properties.get("directoryName"), (folder, shown), level)
            except Unreadable as error:
                name = properties.get("templateFile") or properties.get("directoryName") or MANIFEST
                self.problems.append(Unreadable(error.reason, error.line, os.path.join(shown, str(name))))

    def _stage(self, name: Any, place: tuple[Path, str], level: int) -> None:
        if level >= MAX_LEVELS:
            raise Unreadable(f"lies deeper than {MAX_LEVELS} stages and is not read")
        if isinstance(name, str):
            self.read(self._inside(place[0], name), os.path.join(place[1], name), level + 1)

    def _inside(self, folder: Path, name: str) -> Path:
        real = os.path.realpath(os.path.join(folder, name.replace("\0", "")))
        if not real.startswith(os.path.join(self.root, "")):
            raise Unreadable("lies outside the assembly and is not read")
        if not os.path.exists(real):
            raise Unreadable("is named in the manifest and is not there")
        if not os.path.isfile(real) and not os.path.isdir(real):
            raise Unreadable("is not a regular file")  # opening a pipe would wait for ever
        return Path(real)

    def _stack(
        self, identifier: str, artifact: dict[str, Any], place: tuple[Path, str], assets: dict[str, str]
    ) -> None:
        properties = artifact["properties"]
        name = properties.get("templateFile")
        if not isinstance(name, str):
            raise Unreadable(f"names no template for stack {identifier}")
        file = self._inside(place[0], name)
        found: list[Unreadable] = []
        document = cloudformation.read_document(file, os.path.join(place[1], name), found)
        if document is None:  # a stack without resources
            return
        stack = self._name(identifier, artifact)
        templates = templates_of(document, file, found, within=Path(self.root), name=stack, assets=assets)
        for problem in found:
            self.problems.append(Unreadable(problem.reason, problem.line, problem.file or document.file))
        self._place(templates, artifact)
        templates[0].bindings["AWS::StackName"] = str(properties.get("stackName", identifier))
        self.templates.extend(templates)

    def _name(self, identifier: str, artifact: dict[str, Any]) -> str:
        """The name that ``cdk ls`` shows, where it is not taken."""
        shown = artifact.get("displayName")
        name = shown if isinstance(shown, str) and shown and shown not in self.names else str(identifier)
        while name in self.names:
            name += "'"
        self.names.add(name)
        return name

    def _place(self, templates: list[Template], artifact: dict[str, Any]) -> None:
        environment = _ENVIRONMENT.match(str(artifact.get("environment")))
        account, region = environment.groups() if environment else (None, None)
        properties = artifact["properties"]
        tags = properties.get("tags")
        for template in templates:
            template.account = None if account == "unknown-account" else account
            template.region = None if region == "unknown-region" else region
            if template.region is None:
                # Stacks without a region go where the deployment's credentials point: all to one region.
                self.undetermined = self.undetermined or template.name
                template.region_of = self.undetermined
            if isinstance(tags, dict):
                template.tags = {str(key): str(value) for key, value in tags.items()}

    def _assets(self, folder: Path, shown: str, artifacts: dict[str, Any]) -> dict[str, str]:
        """The files of asset manifests by hash."""
        found: dict[str, str] = {}
        for artifact in artifacts.values():
            if not isinstance(artifact, dict) or artifact.get("type") != "cdk:asset-manifest":
                continue
            properties = artifact.get("properties")
            name = properties.get("file") if isinstance(properties, dict) else None
            if isinstance(name, str):
                try:
                    found.update(_files(self._inside(folder, name)))
                except Unreadable as error:
                    self.problems.append(Unreadable(error.reason, error.line, os.path.join(shown, name)))
        return found


def _files(manifest: Path) -> dict[str, str]:
    root = _content(manifest)
    files = root.get("files") if isinstance(root, dict) else None
    found: dict[str, str] = {}
    for identifier, file in files.items() if isinstance(files, dict) else ():
        source = file.get("source") if isinstance(file, dict) else None
        path = source.get("path") if isinstance(source, dict) else None
        if isinstance(path, str):
            found[str(identifier)] = path
    return found
