"""What a drill would do in a real account, as data: printed with `--target aws --plan`, without a single call.

A step names only what the synthesized templates hold: an experiment that is not in them is an error, no line of text.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

STACK = "aws:cloudformation:stack"
TAG = "seawall:drive"
"""Each resource carries it, with the prefix of its deployment."""


class NoAssembly(Exception):
    """The folder holds no assembly of the drive."""


class UnknownExperiment(Exception):
    """No template of the assembly has an experiment of this name in this region."""


class Actor(StrEnum):
    """Who does something."""

    CALL = "call"
    EXPERIMENT = "experiment"
    PERSON = "person"


@dataclass(frozen=True)
class Step:
    """One thing that would be done; `parameters` as the service's API takes them."""

    actor: Actor
    region: str
    service: str
    operation: str
    parameters: Mapping[str, Any]
    why: str

    def as_text(self) -> str:
        """Return it as a line that can be read, and as parameters that can be copied."""
        parameters = json.dumps(self.parameters, ensure_ascii=False)
        return f"{self.actor:<10} {self.region:<14} {self.service}:{self.operation} {parameters}\n{'':<26}{self.why}"


@dataclass(frozen=True)
class Design:
    """What the drills need to know of an assembly."""

    folder: Path
    prefix: str
    primary: str
    standby: str
    observer: str
    templates: Mapping[str, Mapping[str, Any]] = field(repr=False)
    """By the stack's name."""

    @classmethod
    def read(cls, folder: Path) -> "Design":
        """Read an assembly that `cdk synth` wrote; raises NoAssembly."""
        try:
            manifest = json.loads((folder / "manifest.json").read_text())
        except (OSError, ValueError) as error:
            message = f"{folder} holds no assembly: `make synth` writes one ({error})"
            raise NoAssembly(message) from error
        stacks = {name: found for name, found in manifest["artifacts"].items() if found["type"] == STACK}
        templates = {name: json.loads((folder / found["properties"]["templateFile"]).read_text())
                     for name, found in stacks.items()}  # fmt: skip
        regions = {name: found["environment"].rpartition("/")[2] for name, found in stacks.items()}
        data = {region for name, region in regions.items() if name.startswith("Api-")}
        try:
            primary, observer = regions["Catalogue"], regions["Status"]
            (standby,) = data - {primary}
            prefix = _prefix(templates.values())
        except (KeyError, ValueError) as error:
            message = f"{folder} holds an assembly, but not the drive's ({error!r})"
            raise NoAssembly(message) from error
        return cls(folder, prefix, primary, standby, observer, templates)

    def is_older_than(self, *code: Path) -> bool:
        """Return whether a Python file in these folders changed since: the functions would run what it was before."""
        synthesized = (self.folder / "manifest.json").stat().st_mtime
        return any(file.stat().st_mtime > synthesized for folder in code for file in folder.rglob("*.py"))

    @property
    def data_regions(self) -> tuple[str, str]:
        """The primary and the standby."""
        return self.primary, self.standby

    def name(self, role: str) -> str:
        """Return the name of what is unique in its region, as stacks/names.py gives it."""
        return f"{self.prefix}-{role}"

    def experiments(self, region: str) -> dict[str, str]:
        """Return the experiments of a region, by their role ("zone-lost"), and what each expects."""
        found = {}
        for resource in self.templates.get(f"Chaos-{region}", {}).get("Resources", {}).values():
            if resource["Type"] == "AWS::FIS::ExperimentTemplate":
                name = resource["Properties"]["Tags"]["Name"]
                found[name.removeprefix(f"{self.prefix}-")] = resource["Properties"]["Description"]
        return found

    def experiment(self, role: str, region: str) -> list[Step]:
        """Return the steps that start an experiment of the assembly; raises UnknownExperiment."""
        if role not in self.experiments(region):
            message = f"no experiment {role} in {region}; there are {sorted(self.experiments(region))}"
            raise UnknownExperiment(message)
        name = self.name(role)
        return [
            Step(Actor.CALL, region, "fis", "ListExperimentTemplates", {}, f"find the one whose tag Name is {name}"),
            Step(
                Actor.EXPERIMENT,
                region,
                "fis",
                "StartExperiment",
                {"experimentTemplateId": f"<id of {name}>", "tags": {"Name": name}},
                self.experiments(region)[role],
            ),
        ]


def call(region: str, service: str, operation: str, why: str, **parameters: Any) -> Step:
    """Return one call of an AWS service, with its parameters as the API names them."""
    return Step(Actor.CALL, region, service, operation, parameters, why)


def person(region: str, action: str, why: str, **details: Any) -> Step:
    """Return what somebody on duty would do."""
    return Step(Actor.PERSON, region, "person", action, details, why)


def _prefix(templates: Iterable[Mapping[str, Any]]) -> str:
    for template in templates:
        for resource in template.get("Resources", {}).values():
            tags = resource.get("Properties", {}).get("Tags", {})
            if isinstance(tags, dict) and TAG in tags:
                return str(tags[TAG])
            for tag in tags if isinstance(tags, list) else []:
                if tag.get("Key") == TAG:
                    return str(tag["Value"])
    raise KeyError(TAG)
