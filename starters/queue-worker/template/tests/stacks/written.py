"""The templates as the stacks wrote them."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app import CDK_JSON

SETTINGS = json.loads(CDK_JSON.read_text())["context"]
SERVICE = SETTINGS["name"]
REGIONS = [region for region in (SETTINGS["region"], SETTINGS["second_region"]) if region]


@dataclass(frozen=True)
class Written:
    """All templates together: `region` says whose."""

    templates: dict[str, Path]

    def resources(self, kind: str, region: str) -> list[dict[str, Any]]:
        """Return a region's resources of a type; the table is the first region's."""
        files = [path for name, path in self.templates.items() if name.endswith(region)]
        if region == REGIONS[0]:
            files.append(self.templates["Orders"])
        every = [resource for path in files for resource in json.loads(path.read_text())["Resources"].values()]
        return [resource for resource in every if resource["Type"] == kind]

    def named(self, kind: str, key: str, role: str, region: str) -> dict[str, Any]:
        """Return the properties of the one resource whose property `key` is the service's name and `role`."""
        properties = [resource["Properties"] for resource in self.resources(kind, region)]
        [found] = [one for one in properties if one.get(key) == f"{SERVICE}-{role}"]
        return dict(found)

    def queue(self, role: str, region: str) -> dict[str, Any]:
        return self.named("AWS::SQS::Queue", "QueueName", role, region)

    def function(self, role: str, region: str) -> dict[str, Any]:
        return self.named("AWS::Lambda::Function", "FunctionName", role, region)

    def alarm(self, role: str, region: str) -> dict[str, Any]:
        return self.named("AWS::CloudWatch::Alarm", "AlarmName", role, region)

    def may(self, role: str, region: str) -> set[str]:
        """Return the actions that the function or task of a role is allowed, besides its log."""
        policies = [one["Properties"] for one in self.resources("AWS::IAM::Policy", region)]
        roles = self._roles(role, region)
        statements = [
            statement
            for policy in policies
            if any(reference.get("Ref") in roles for reference in policy["Roles"])
            for statement in policy["PolicyDocument"]["Statement"]
        ]
        actions = [statement["Action"] for statement in statements]
        listed = {action for one in actions for action in ([one] if isinstance(one, str) else one)}
        return {action for action in listed if not action.startswith("logs:")}

    def _roles(self, role: str, region: str) -> set[str]:
        """The ids of the roles with this name; the same id in two templates would be the same role twice."""
        return {
            key
            for name, path in self.templates.items()
            if name.endswith(region)
            for key, one in json.loads(path.read_text())["Resources"].items()
            if one["Type"] == "AWS::IAM::Role" and one["Properties"].get("RoleName") == f"{SERVICE}-{role}-{region}"
        }
