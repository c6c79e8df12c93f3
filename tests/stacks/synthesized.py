"""One stack with settings of a test's own, for what cdk.json leaves at rest: domains, events, other tiers."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from aws_cdk import App, Stack

from stacks.capacity import region_capacity
from stacks.names import Names
from stacks.settings import Settings

REPOSITORY = Path(__file__).parent.parent.parent

Template = dict[str, Any]
Found = dict[str, dict[str, Any]]

NAMES = Names("clouddrive")


def synthesized(stack: Callable[..., Stack], **arguments: object) -> Template:
    """Return the template of `stack`, made with cdk.json's feature flags."""
    context = json.loads((REPOSITORY / "cdk.json").read_text())["context"]
    app = App(context=context)
    stack(app, "Stack", names=NAMES, **{"disposable": False, **arguments})
    template: Template = app.synth().get_stack_by_name("Stack").template
    return template


def settings(**overrides: object) -> Settings:
    """Return the settings of cdk.json with some replaced."""
    context = json.loads((REPOSITORY / "cdk.json").read_text())["context"]
    return Settings.from_context(context["drive"], overrides)


def capacity(region: str, **overrides: object) -> Any:
    """Return the numbers of a region under the settings of cdk.json with some replaced."""
    return region_capacity(settings(**overrides), region)


def all_of(template: Template, kind: str) -> Found:
    """Return the properties of all resources of a type by logical id."""
    return {
        name: resource.get("Properties", {})
        for name, resource in template["Resources"].items()
        if resource["Type"] == kind
    }


def one_of(template: Template, kind: str) -> dict[str, Any]:
    """Return the properties of the only resource of a type."""
    (properties,) = all_of(template, kind).values()
    return properties


def flat(value: Any) -> str:
    """Return a text in which everything that CloudFormation fills in is an "x"."""
    if isinstance(value, str):
        return value
    return "".join(part if isinstance(part, str) else "x" for part in value["Fn::Join"][1])
