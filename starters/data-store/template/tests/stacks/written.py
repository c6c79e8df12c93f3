"""The templates as the stacks wrote them."""

import json
from pathlib import Path
from typing import Any

from app import CDK_JSON

CONTEXT = json.loads(CDK_JSON.read_text())["context"]
SERVICE, HOME, SECOND = CONTEXT["name"], CONTEXT["region"], CONTEXT["second_region"]
REGIONS = [HOME, SECOND] if SECOND else [HOME]


def resources(template: Path, kind: str) -> list[dict[str, Any]]:
    """Return all resources of a type."""
    return [one for one in json.loads(template.read_text())["Resources"].values() if one["Type"] == kind]


def properties(template: Path, kind: str) -> list[dict[str, Any]]:
    """Return the properties of all resources of a type."""
    return [one["Properties"] for one in resources(template, kind)]


def alarms(template: Path) -> set[str]:
    """Return the names of all alarms, without the service's."""
    return {one["AlarmName"].removeprefix(f"{SERVICE}-") for one in properties(template, "AWS::CloudWatch::Alarm")}


def tags(resource: dict[str, Any]) -> dict[str, str]:
    """Return a resource's tags, wherever a table's are."""
    listed = resource["Properties"].get("Tags") or resource["Properties"].get("Replicas", [{}])[-1].get("Tags", [])
    return {tag["Key"]: tag["Value"] for tag in listed}
