import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

Properties = dict[str, Any]


@dataclass(frozen=True)
class Made:
    """What the constructs of one stack became."""

    template: dict[str, Any]

    def resources(self, kind: str, path: str = "") -> list[dict[str, Any]]:
        """All resources of a type below a path, such as "Work/Queue"."""
        stack = next(iter(self.template["Resources"].values()))["Metadata"]["aws:cdk:path"].split("/")[0]
        return [
            resource
            for resource in self.template["Resources"].values()
            if resource["Type"] == kind
            and f"{resource['Metadata']['aws:cdk:path']}/".startswith(f"{stack}/{path}/" if path else f"{stack}/")
        ]

    def all(self, kind: str, path: str = "") -> list[Properties]:
        """The properties of all resources of a type below a path."""
        return [resource.get("Properties", {}) for resource in self.resources(kind, path)]

    def one(self, kind: str, path: str = "") -> Properties:
        """The properties of the only such resource."""
        (properties,) = self.all(kind, path)
        return properties

    def id_of(self, kind: str, path: str) -> str:
        """The logical id of the only such resource."""
        (wanted,) = self.resources(kind, path)
        return next(str(name) for name, resource in self.template["Resources"].items() if resource is wanted)


def measured(alarm: Properties) -> tuple[str, dict[str, Any]]:
    """The name of the one metric that an alarm is about, and its dimensions."""
    [metric] = [query["MetricStat"]["Metric"] for query in alarm.get("Metrics", []) if "MetricStat" in query] or [alarm]
    return metric["MetricName"], {one["Name"]: one["Value"] for one in metric["Dimensions"]}


@pytest.fixture(scope="session")
def assembly_of_shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that every construct was synthesized to, once, and judged by cdk-nag."""
    from tests.constructs.every_construct import shop

    folder = tmp_path_factory.mktemp("shop")
    shop(folder).synth()
    return folder


def read(folder: Path, stack: str) -> Made:
    return Made(json.loads((folder / f"{stack}.template.json").read_text()))


@pytest.fixture(scope="session")
def service(assembly_of_shop: Path) -> Made:
    """The stack with a name for everything."""
    return read(assembly_of_shop, "Service")


@pytest.fixture(scope="session")
def nameless(assembly_of_shop: Path) -> Made:
    """The same without names."""
    return read(assembly_of_shop, "Nameless")


@pytest.fixture(scope="session")
def sandbox(assembly_of_shop: Path) -> Made:
    """The same, to be thrown away."""
    return read(assembly_of_shop, "Sandbox")


@pytest.fixture(scope="session")
def elsewhere(assembly_of_shop: Path) -> Made:
    """The stack in the other region."""
    return read(assembly_of_shop, "Elsewhere")
