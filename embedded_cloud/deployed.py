"""A deployment as it runs in an embedded cloud: its stacks, and its queues, tables, buckets and functions by name."""

import json
import re
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from embedded_cloud.attributes import GLOBAL_TABLE, Resource
from embedded_cloud.changes import Change
from embedded_cloud.deployed_stacks import DeployedStack
from embedded_cloud.embedded import ACCOUNT, EmbeddedCloud

FUNCTION = "AWS::Lambda::Function"
TABLES = (GLOBAL_TABLE, "AWS::DynamoDB::Table")
ANSWER_SECONDS = 60


class NotFound(LookupError):
    """No resource of the deployment, or more than one, has this name; the message says which there are."""


class FunctionFailed(RuntimeError):
    """An invoked function raised; the message holds its error and its traceback."""


@dataclass(frozen=True)
class Answer:
    """What an address answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body, read as JSON. Raises ValueError."""
        return json.loads(self.body)


@dataclass(frozen=True)
class Deployed:
    """What runs. `name` is a resource's own name, the end of it after a dash, or its id in the template.

    A bucket's account and region at the end of its name need not be said, nor the region where there is only one.
    """

    cloud: EmbeddedCloud
    assembly: Path
    """The templates for AWS."""
    stacks: dict[str, DeployedStack]
    """By the id that the assembly gives them."""
    changes: tuple[Change, ...] = field(repr=False)
    """Everything in which this deployment differs from one to AWS."""

    @cached_property
    def regions(self) -> tuple[str, ...]:
        """The regions that have a stack, in the order of the assembly."""
        return tuple(dict.fromkeys(stack.region for stack in self.stacks.values()))

    def stack(self, name: str, region: str) -> DeployedStack:
        """A stack that every region has: `stack("Orders", "eu-west-1")` is "Orders-eu-west-1". Raises KeyError."""
        return self.stacks[f"{name}-{region}"]

    def named(self, kind: str, name: str, region: str | None = None) -> Resource:
        """A resource of this type. Raises NotFound."""
        return self._one(name, [found for found in self._resources((kind,), region) if found.physical])

    def queue_url(self, name: str, region: str | None = None) -> str:
        """A queue's address, as the services know it. Raises NotFound."""
        queue = self.named("AWS::SQS::Queue", name, region)
        return f"https://sqs.{queue.region}.amazonaws.com/{ACCOUNT}/{name_of(queue)}"

    def table(self, name: str, region: str | None = None) -> str:
        """A table's name; the replica of a global table is a table of its region. Raises NotFound."""
        return name_of(self._one(name, [found for found in self._resources(TABLES, None) if _is_in(found, region)]))

    def bucket(self, name: str, region: str | None = None) -> str:
        """A bucket's name. Raises NotFound."""
        return name_of(self.named("AWS::S3::Bucket", name, region))

    def function(self, name: str, region: str | None = None) -> str:
        """A function's name. Raises NotFound."""
        return name_of(self.named(FUNCTION, name, region))

    def invoke(self, name: str, region: str | None = None, event: Any = None) -> Any:
        """What a function returns for an event. Raises NotFound, and FunctionFailed when the function raises."""
        function = self.named(FUNCTION, name, region)
        client = self.cloud.client("lambda", function.region, read_timeout=900, attempts=1)
        answered = client.invoke(FunctionName=name_of(function), Payload=json.dumps(event).encode())
        content = json.loads(answered["Payload"].read() or b"null")
        if "FunctionError" in answered:
            raise FunctionFailed(_failure(name_of(function), content))
        return content

    def function_url(self, name: str, region: str | None = None) -> str:
        """The address of a function's URL, without a slash at the end; reachable from this machine. Raises NotFound."""
        function = self.named(FUNCTION, name, region)
        client = self.cloud.client("lambda", function.region)
        found = client.list_function_url_configs(FunctionName=name_of(function))["FunctionUrlConfigs"]
        if not found:
            raise NotFound(f"the function {name_of(function)} has no URL")
        number = found[0]["FunctionUrl"].split("//", 1)[1].split(".", 1)[0]
        return f"{self.cloud.endpoint(function.region)}/_aws/lambda-url/{number}"

    def call(
        self,
        name: str,
        region: str | None = None,
        *,
        method: str = "POST",
        path: str = "/",
        content: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Ask a function's URL, signed as root: what it answers, whatever its status. `content` is sent as JSON.

        Raises NotFound, and OSError while the region is down.
        """
        function = self.named(FUNCTION, name, region)
        url = f"{self.function_url(name, region)}{path}"
        body = b"" if content is None else json.dumps(content).encode()
        given = {"Content-Type": "application/json", **(headers or {})}
        signed = self.cloud.signed(method, url, body, given, service="lambda", region=function.region)
        request = urllib.request.Request(url, body or None, signed, method=method)  # noqa: S310 - loopback
        try:
            with urllib.request.urlopen(request, timeout=ANSWER_SECONDS) as response:  # noqa: S310 - loopback
                return Answer(response.status, dict(response.headers), response.read())
        except urllib.error.HTTPError as refused:
            return Answer(refused.code, dict(refused.headers), refused.read())

    def _resources(self, kinds: tuple[str, ...], region: str | None) -> Iterator[Resource]:
        for stack in self.stacks.values():
            if region in (None, stack.region):
                for kind in kinds:
                    yield from stack.resources(kind)

    def _one(self, name: str, candidates: list[Resource]) -> Resource:
        for fits in (_is_called, _ends_with, _is_logical):
            found = [one for one in candidates if fits(one, name)]
            if len(found) == 1:
                return found[0]
            if found:
                places = ", ".join(f"{name_of(one)} in {one.region}" for one in found)
                raise NotFound(f"several are called {name!r}: {places}")
        there = ", ".join(sorted(name_of(one) for one in candidates)) or "none"
        raise NotFound(f"nothing is called {name!r}; there are: {there}")


def name_of(resource: Resource) -> str:
    """The name of a deployed resource: the last part of what the emulator calls it."""
    versioned = resource.type == "AWS::ECS::TaskDefinition"
    physical = re.sub(r":\d+$", "", resource.physical or "") if versioned else resource.physical or ""
    return re.split("[/:]", physical)[-1]


def _is_called(resource: Resource, name: str) -> bool:
    return name_of(resource) == name


def _ends_with(resource: Resource, name: str) -> bool:
    own = name_of(resource).removesuffix(f"-{resource.region}").removesuffix(f"-{ACCOUNT}")
    return own == name or own.endswith(f"-{name}")


def _is_logical(resource: Resource, name: str) -> bool:
    # The CDK adds eight digits to the ids of an app.
    return re.sub(r"[0-9A-F]{8}$", "", resource.logical) == name or resource.logical == name


def _is_in(table: Resource, region: str | None) -> bool:
    replicas = {replica["Region"] for replica in table.properties.get("Replicas", ())}
    return region is None or region in {table.region, *replicas}


def _failure(name: str, content: Any) -> str:
    if not isinstance(content, Mapping):
        return f"{name}: {content}"
    trace = "".join(content.get("stackTrace") or ())
    return f"{name}: {content.get('errorType')}: {content.get('errorMessage')}\n{trace}"
