"""Asks the emulator's services what they hold of a resource, and tells them what they dropped.

A question is a boto3 call with the resource's names filled in; properties/ holds the questions for every type.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from embedded_cloud.attributes import Resource, named
from embedded_cloud.embedded import EmbeddedCloud

NOTHING_THERE = re.compile(r"NoSuch|NotFound|DoesNotExist|Non-?exist", re.IGNORECASE)
"""Error codes that mean: what was asked for was never set. Every other error is raised."""
VALUE = "{value}"
"""Stands in a write for the template's value, in the service's words."""
NAME = re.compile(r"\{(\w+(?:[:.]\w+)*)\}")


@dataclass(frozen=True)
class Write:
    """One call that sets a property."""

    call: str
    asked: Mapping[str, Any]
    worded: Callable[[Any], Any] = lambda value: value
    """Turns the service's words into what this call takes, where the answer has another shape."""
    by: Callable[[Any, dict[str, Any], Any], Any] | None = None
    """Makes the call itself, of the client, the parameters and the value, when it must be built from what is held."""


@dataclass(frozen=True)
class Read:
    """One call, and which of a template's properties its answer holds.

    `same` are properties that the service calls by the same name (in any case), `renamed` says where others are.
    """

    call: str
    """`service.operation` of boto3."""
    asked: Mapping[str, Any] = field(default_factory=dict)
    """The parameters; the names that `attributes.named` knows are filled in."""
    at: str = ""
    """The path of the answer in the response, with dots; a name in a list picks its first element."""
    where: Mapping[str, Any] = field(default_factory=dict)
    """Picks the element of the list at `at` that has these values, as far as the template sets them."""
    same: str = ""
    renamed: Mapping[str, str] = field(default_factory=dict)
    worded: Mapping[str, Callable[[Any], Any]] = field(default_factory=dict)
    """Turns a property's value into the service's words, where these differ by more than capital letters."""
    writes: Mapping[str, Write] = field(default_factory=dict)
    """How a property is set that the emulator drops from templates."""

    @property
    def properties(self) -> dict[str, str]:
        """The properties that this call answers for, and where in the answer."""
        return {name: name for name in self.same.split()} | dict(self.renamed)

    @property
    def identifying(self) -> set[str]:
        """The properties that the question itself names: whatever is answered has these values."""
        found = NAME.findall(json.dumps([dict(self.asked), dict(self.where)]))
        return {name.removeprefix("first:").split(".")[0] for name in found}


class Reader:
    """Talks to one cloud; remembers responses, because one list often answers for many resources."""

    def __init__(self, cloud: EmbeddedCloud) -> None:
        self.cloud = cloud
        self._responses: dict[tuple[str, str, str], Any] = {}

    def answer(self, read: Read, resource: Resource) -> Any:
        """What the service says; None when it does not have it."""
        found = at_path(self._response(read, resource), read.at)
        if not read.where:
            return found
        wanted = filled(read.where, resource)
        rows = found or []
        return next((row for row in rows if all(at_path(row, path) == wanted[path] for path in wanted)), None)

    def write(self, write: Write, resource: Resource, value: Any = None) -> Any:
        """Set a property or make a resource; return the response. What was read from the service is asked anew."""
        service, operation = write.call.split(".")
        client = self.cloud.client(service, resource.region)
        asked = filled(write.asked, resource, value)
        response = write.by(client, asked, value) if write.by else getattr(client, operation)(**asked)
        self.forget(service, resource.region)
        return response

    def forget(self, service: str, region: str) -> None:
        """Ask a service anew: something was written."""
        for key in [key for key in self._responses if key[:2] == (service, region)]:
            del self._responses[key]

    def _response(self, read: Read, resource: Resource) -> Any:
        service, operation = read.call.split(".")
        asked = filled(read.asked, resource)
        key = (service, resource.region, json.dumps([operation, asked], sort_keys=True))
        if key not in self._responses:
            self._responses[key] = self._asked(service, operation, resource.region, asked)
        return self._responses[key]

    def _asked(self, service: str, operation: str, region: str, asked: Any) -> Any:
        client = self.cloud.client(service, region)
        try:
            if client.can_paginate(operation):
                return client.get_paginator(operation).paginate(**asked).build_full_result()
            response = getattr(client, operation)(**asked)
        except client.exceptions.ClientError as error:
            if NOTHING_THERE.search(error.response["Error"]["Code"]):
                return None
            raise
        # Bodies are streams: they can be read once, a remembered answer is read often.
        return {key: body.read().decode() if hasattr(body, "read") else body for key, body in response.items()}


def at_path(value: Any, path: str) -> Any:
    """What is at a dotted path, names in any case; None when there is nothing."""
    for name in path.split(".") if path else ():
        if isinstance(value, str) and value.startswith("{"):
            value = json.loads(value)
        if isinstance(value, list):
            if name.isdigit():
                return value[int(name)] if len(value) > int(name) else None
            value = value[0] if value else None
        if not isinstance(value, Mapping):
            return None
        lowered = {str(key).lower(): item for key, item in value.items()}
        value = lowered.get(name.lower())
    return value


def filled(asked: Any, resource: Resource, value: Any = None) -> Any:
    """`asked` with the resource's names, or the value, in the place of `{…}`; a name alone keeps its type.

    A parameter that is a property which the template does not set is left out.
    """
    if isinstance(asked, Mapping):
        return {key: filled(item, resource, value) for key, item in asked.items() if _is_set(item, resource)}
    if isinstance(asked, list):
        return [filled(item, resource, value) for item in asked]
    if not isinstance(asked, str):
        return asked
    if asked == VALUE:
        return value
    if alone := NAME.fullmatch(asked):
        return named(resource, alone[1])
    return NAME.sub(lambda match: str(named(resource, match[1])), asked)


def _is_set(asked: Any, resource: Resource) -> bool:
    alone = NAME.fullmatch(asked) if isinstance(asked, str) and asked != VALUE else None
    if alone is None:
        return True
    try:
        named(resource, alone[1])
    except KeyError:
        return False
    return True
