"""The stacks as they were deployed: each template's properties with the names and numbers that the emulator gave."""

import base64
import re
from collections.abc import Callable, Iterator
from functools import cached_property
from ipaddress import ip_network
from itertools import islice
from pathlib import Path
from typing import Any

from embedded_cloud.assembly_stacks import stacks_of
from embedded_cloud.attributes import Resource, attribute
from embedded_cloud.embedded import ACCOUNT, EmbeddedCloud
from embedded_cloud.holes import WRONG_REFERENCES
from embedded_cloud.reading import Read, Reader

ASKED = {
    ("AWS::ApiGateway::RestApi", "RootResourceId"): Read(
        "apigateway.get_rest_api", {"restApiId": "{id}"}, at="rootResourceId"
    ),
    ("AWS::ApiGatewayV2::Api", "ApiEndpoint"): Read("apigatewayv2.get_api", {"ApiId": "{id}"}, at="ApiEndpoint"),
    ("AWS::CloudFront::Distribution", "DomainName"): Read(
        "cloudfront.get_distribution", {"Id": "{id}"}, at="Distribution.DomainName"
    ),
    ("AWS::Lambda::Url", "FunctionUrl"): Read(
        "lambda.list_function_url_configs",
        {"FunctionName": "{TargetFunctionArn}"},
        at="FunctionUrlConfigs.FunctionUrl",
    ),
    # It ends with six characters that only the service knows.
    ("AWS::SecretsManager::Secret", "Arn"): Read("secretsmanager.describe_secret", {"SecretId": "{id}"}, at="ARN"),
    ("Custom::AWS", "Table.LatestStreamArn"): Read(
        "dynamodb.describe_table", {"TableName": "{id}"}, at="Table.LatestStreamArn"
    ),
}
"""Attributes that only the service knows."""

UNKNOWN = "unknown:"
"""Begins a value that nobody here knows: of something not deployed, or an attribute that the emulator invents."""


class Unresolvable(LookupError):
    """A template uses a function that is not resolved here; the message names it."""


class DeployedStack:
    """One stack: the template for AWS, settled, and resolved with what exists at the emulator.

    `key` is what the assembly calls it, `name` what CloudFormation does.
    """

    def __init__(
        self, cloud: EmbeddedCloud, name: str, region: str, template: dict[str, Any], *, key: str | None = None
    ) -> None:
        self.key = key or name
        self.name = name
        self.region = region
        self.cloud = cloud
        self._resources: dict[str, Any] = template.get("Resources", {})
        self._parameters: dict[str, Any] = template.get("Parameters", {})
        self._reader = Reader(cloud)
        self._adopted: dict[str, str] = {}

    def resources(self, kind: str | None = None) -> Iterator[Resource]:
        """Yield the resources (of a type); values that cannot be resolved raise Unresolvable."""
        for logical, resource in self._resources.items():
            if kind in (None, resource["Type"]):
                yield self.resource(logical)

    def resource(self, logical: str) -> Resource:
        """Return one resource. Raises KeyError and Unresolvable."""
        resource = self._resources[logical]
        properties = self._resolved(resource.get("Properties", {}))
        return Resource(self.key, self.region, logical, resource["Type"], properties, self._physical(logical))

    def written(self, kind: str) -> list[dict[str, Any]]:
        """The properties of the resources of a type as the template has them, before anything is deployed."""
        return [one.get("Properties", {}) for one in self._resources.values() if one["Type"] == kind]

    def adopt(self, logical: str, physical: str) -> None:
        """Note the name of a resource that a completion made, so that others can refer to it."""
        self._adopted[logical] = physical

    @cached_property
    def outputs(self) -> dict[str, str]:
        """What the stack prints."""
        client = self.cloud.client("cloudformation", self.region)
        stack = client.describe_stacks(StackName=self.name)["Stacks"][0]
        return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}

    def _physical(self, logical: str) -> str | None:
        return self._adopted.get(logical) or self._deployed.get(logical)

    @cached_property
    def _deployed(self) -> dict[str, str]:
        client = self.cloud.client("cloudformation", self.region)
        pages = client.get_paginator("list_stack_resources").paginate(StackName=self.name)
        rows = [row for page in pages for row in page["StackResourceSummaries"]]
        return {row["LogicalResourceId"]: row["PhysicalResourceId"] for row in rows}

    def _resolved(self, value: Any) -> Any:
        if isinstance(value, list):
            given = [self._resolved(item) for item in value]
            return [item for item in given if item is not None]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            [(function, argument)] = value.items()
            if function == "Ref":
                return self._ref(argument)
            if function.startswith("Fn::"):
                return self._function(function, argument)
        resolved = {key: self._resolved(item) for key, item in value.items()}
        return {key: item for key, item in resolved.items() if item is not None}

    def _function(self, function: str, argument: Any) -> Any:
        functions: dict[str, Callable[[Any], Any]] = {
            "Fn::Join": lambda given: given[0].join(str(part) for part in self._resolved(given[1])),
            "Fn::Sub": self._substituted,
            "Fn::Split": lambda given: self._resolved(given[1]).split(given[0]),
            "Fn::Select": lambda given: self._resolved(given[1])[int(given[0])],
            # Every region of the emulator has these three.
            "Fn::GetAZs": lambda given: [f"{self._resolved(given) or self.region}{letter}" for letter in "abc"],
            "Fn::GetAtt": self._attribute,
            "Fn::ImportValue": self._imported,
            "Fn::Cidr": lambda given: _subnets(*map(self._resolved, given)),
            "Fn::Base64": lambda given: base64.b64encode(str(self._resolved(given)).encode()).decode(),
        }
        if function not in functions:
            raise Unresolvable(f"{self.name}: {function} is not resolved here")
        return functions[function](argument)

    def _substituted(self, given: Any) -> str:
        text, own = (given, {}) if isinstance(given, str) else (given[0], self._resolved(given[1]))

        def value(match: re.Match[str]) -> str:
            name = match[1]
            if name.startswith("!"):
                return f"${{{name[1:]}}}"
            if name in own:
                return str(own[name])
            return str(self._attribute(name) if "." in name else self._ref(name))

        return re.sub(r"\$\{([^}]+)\}", value, text)

    def _ref(self, name: str) -> str | None:
        pseudo = {
            "AWS::AccountId": ACCOUNT,
            "AWS::Region": self.region,
            "AWS::Partition": "aws",
            "AWS::URLSuffix": "amazonaws.com",
            "AWS::StackName": self.name,
            "AWS::NoValue": None,
        }
        if name in pseudo:
            return pseudo[name]
        if name in self._parameters:
            return self._looked_up(name)
        if name in self._resources and self._resources[name]["Type"] in WRONG_REFERENCES:
            return self._attribute([name, WRONG_REFERENCES[self._resources[name]["Type"]]])
        return self._physical(name) or f"{UNKNOWN}{name}"

    def _looked_up(self, parameter: str) -> str:
        """The value of a template's parameter that names one of Systems Manager."""
        client = self.cloud.client("ssm", self.region)
        return str(client.get_parameter(Name=self._parameters[parameter]["Default"])["Parameter"]["Value"])

    def _imported(self, asked: Any) -> str:
        name = self._resolved(asked)
        client = self.cloud.client("cloudformation", self.region)
        pages = client.get_paginator("list_exports").paginate()
        values = (row["Value"] for page in pages for row in page["Exports"] if row["Name"] == name)
        return str(next(values, f"{UNKNOWN}{name}"))

    def _attribute(self, asked: Any) -> str:
        logical, name = asked if isinstance(asked, list) else asked.split(".", 1)
        if logical not in self._resources or self._physical(logical) is None:
            return f"{UNKNOWN}{logical}.{name}"
        kind = self._resources[logical]["Type"]
        if read := ASKED.get((kind, name)):
            return str(self._reader.answer(read, self.resource(logical)))
        # With the properties as they are written: resolved, they may name the one that asks.
        written = self._resources[logical].get("Properties", {})
        known = Resource(self.key, self.region, logical, kind, written, self._physical(logical))
        found = attribute(known, name) or (self._resolved(written[name]) if name in written else None)
        return found or f"{UNKNOWN}{logical}.{name}"


def _subnets(block: str, count: Any, bits: Any = 8) -> list[str]:
    network = ip_network(block)
    prefix = network.max_prefixlen - int(bits)
    return [str(subnet) for subnet in islice(network.subnets(new_prefix=prefix), int(count))]


def without_unknown(value: Any) -> Any:
    """`value` without the parts that nobody knows: they name what is not there."""
    if isinstance(value, dict):
        known = {key: without_unknown(item) for key, item in value.items()}
        return {key: item for key, item in known.items() if item is not None}
    if isinstance(value, list):
        return [item for item in map(without_unknown, value) if item is not None]
    return None if isinstance(value, str) and UNKNOWN in value else value


def deployed_stacks(cloud: EmbeddedCloud, assembly: Path) -> dict[str, DeployedStack]:
    """Return the assembly's stacks (the one for AWS: its templates are complete) by key, in the manifest's order."""
    return {
        stack.key: DeployedStack(cloud, stack.name, stack.region, stack.template(assembly), key=stack.key)
        for stack in stacks_of(assembly, home=cloud.regions[0])
    }


__all__ = ["UNKNOWN", "DeployedStack", "Resource", "Unresolvable", "deployed_stacks", "without_unknown"]
