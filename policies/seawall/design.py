"""What all templates look like inside: a design is every resource that is deployed together."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from seawall.loops import for_each
from seawall.source import Document, line_at
from seawall.stack import Stack, Touched, both
from seawall.template import Entry, Template
from seawall.texts import cut_from
from seawall.thresholds import DEFAULT, Thresholds
from seawall.values import (
    Answer,
    Key,
    Reference,
    Text,
    Unknown,
    Value,
    boolean,
    field,
    items,
    leaves,
    number,
    plain_text,
    values_at,
)

if TYPE_CHECKING:
    from seawall.assumptions import AssumedPlan

T = TypeVar("T")


class Resource:
    """One resource. Types and properties bear CloudFormation's names, whatever language declares it.

    ``id`` is the logical id or the Terraform address; ``type`` what it is judged as, ``declared_type``
    what its author wrote. Properties are evaluated when they are first read.
    """

    language = "cloudformation"
    further = False
    """Whether it stands for the other instances of an unknown number: counted as possible, judged never."""
    open_end: Unknown | None = None
    """What decides whether its block makes more resources than are known: Terraform's loop over all zones."""
    left_to_others: frozenset[str] = frozenset()
    """The properties that Terraform's lifecycle leaves as they are found; ``*`` stands for all."""

    def __init__(self, stack: Stack, logical_id: str, entry: Entry) -> None:
        self.stack = stack
        self.id = logical_id
        self.key: Key = (stack.name, logical_id)
        self.type = entry.type
        self.declared_type = entry.declared_type or entry.type
        self.design = stack.design
        self.document: Document = stack.template.document
        self._entry = entry
        properties = entry.node.get("Properties")
        self._properties: dict[str, Any] = properties if isinstance(properties, dict) else {}

    def __repr__(self) -> str:
        return f"<{self.type} {self.id}>"

    @property
    def region(self) -> str | Unknown:
        """The region it is deployed to; two resources of one stack share it also while it is unknown."""
        return self.stack.region

    @property
    def account(self) -> str | None:
        """The account it is deployed to, ``None`` where the deployment decides."""
        return self.stack.template.account

    @property
    def credentials(self) -> Value:
        """What deploys it where that is not what deploys everything else: a role's ARN, a profile."""
        return None

    @property
    def file(self) -> str:
        """The file that declares it, as the user named it."""
        return self.document.file

    def get(self, path: str) -> Value:
        """The value of a property by its dotted path, ``None`` where it is not set.

        An ``Unknown`` where it, or a mapping on the way to it, is left to the deployment.
        """
        name, _, rest = path.partition(".")
        value = self._top(name)
        return field(value, rest) if rest else value

    def values_at(self, path: str) -> Iterator[Value]:
        """Every value at a dotted path, through the lists on the way, see ``values.values_at``."""
        name, _, rest = path.partition(".")
        return values_at(self.get(name), rest)

    def boolean(self, path: str) -> bool | Unknown | None:
        """A property that is a switch, see ``values.boolean``."""
        return boolean(self.get(path))

    def number(self, path: str) -> float | Unknown | None:
        """A property that is a number, see ``values.number``."""
        return number(self.get(path))

    def items(self, path: str) -> list[Value] | Unknown:
        """A property that is a list, see ``values.items``."""
        return items(self.get(path))

    def _top(self, name: str) -> Value:
        if "Fn::Transform" in self._properties:
            return Unknown(("a macro",))
        node = self._properties.get(name)
        if node is None:
            node = self._looped.get(name)
        return None if node is None else self.stack.value((self.id, name), node)

    @cached_property
    def _looped(self) -> dict[str, Any]:
        """The properties that loops among them stand for."""
        found: dict[str, Any] = {}
        for name, node in self._properties.items():
            if str(name).startswith("Fn::ForEach::"):
                found.update(for_each(self.stack, node, lambda name, body: {name: body}))
        return found

    def attribute(self, name: str) -> Value:
        """A resource attribute beside the properties: ``DeletionPolicy``, ``UpdateReplacePolicy``."""
        node = self._entry.node.get(name)
        return None if node is None else self.stack.value((self.id, "@" + name), node)

    def is_left_to_others(self, *names: str) -> bool:
        """Whether its declaration says that something else changes one of these properties once it is deployed."""
        return "*" in self.left_to_others or not self.left_to_others.isdisjoint(names)

    def in_its_words(self, fix: str) -> str:
        """A fix, which names CloudFormation's properties, in the language that declares the resource."""
        return fix

    @property
    def metadata(self) -> Mapping[str, Any]:
        """The resource's ``Metadata`` as it is written."""
        metadata = self._entry.node.get("Metadata")
        return metadata if isinstance(metadata, dict) else {}

    @property
    def exists(self) -> Answer:
        """Whether its condition, if it has one, holds, and its stack is there."""
        condition = self._entry.node.get("Condition")
        own = self.stack.condition(condition) if isinstance(condition, str) else True
        return own if self.stack.template.parent is None else both(self.stack.exists, own)

    @cached_property
    def _lined(self) -> Any:
        if not self.document.is_json or hasattr(self._entry.node, "lines"):
            return self._entry.node
        return field(self.document.lined, f"Resources.{self.id}") or {}

    @property
    def line(self) -> int:
        """The line its declaration starts on, from 1."""
        if self._entry.line:
            return self._entry.line
        resources = field(self.document.lined, "Resources")
        return int(getattr(resources, "lines", {}).get(self.id, getattr(self._lined, "line", 1)))

    @property
    def last_line(self) -> int:
        """The last line that surely belongs to it."""
        return max([self.line, *_all_lines(self._entry.written or self._lined)])

    def line_of(self, path: str) -> int:
        """The line of the property at ``path``, or of the nearest thing around it."""
        if path.startswith("@"):
            return line_at(self._lined, path[1:], self.line)
        return line_at(field(self._lined, "Properties"), path, self.line)

    @property
    def tags(self) -> dict[str, Value] | Unknown:
        """Its tags, those of its stack included; an ``Unknown`` where the template cannot tell them all."""
        found = self.stack.tags
        if isinstance(found, Unknown):
            return found
        for name in ("Tags", "FileSystemTags", "HostedZoneTags"):
            value = self.get(name)
            if isinstance(value, Unknown):
                return value
            found.update(tags_in(value))
        return found

    def references(self) -> Iterator[tuple[Key, str]]:
        """The resources that its declaration names, each with the dotted path of the property.

        Also those of other stacks, where an import, a parameter or an output leads to them.
        """
        found: dict[tuple[Key, str], None] = {}
        for name, node in self._properties.items():
            for target, path in _named(node, str(name)):
                if target in self.stack.entries:
                    found[(self.stack.name, target), path] = None
        if len(self.design.templates) > 1:
            found.update(self.design.untraced(self._references_across_stacks))
        yield from found

    def _references_across_stacks(self) -> dict[tuple[Key, str], None]:
        return {
            (one.key, path): None
            for name in self._properties
            for one, path in mentioned_at(self._top(str(name)), str(name))
        }


def mentioned_at(value: Value, path: str) -> Iterator[tuple[Reference, str]]:
    """Every reference inside a value with the path of the property around it."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield from mentioned_at(item, f"{path}.{name}")
    elif isinstance(value, list):
        for item in value:
            yield from mentioned_at(item, path)
    else:
        yield from ((one, path) for one in mentioned(value))


def tags_in(value: Value) -> dict[str, Value]:
    """Tags as a mapping, whether they are written as one or as a list of ``Key`` and ``Value``."""
    if isinstance(value, dict):
        return {str(key): item for key, item in value.items()}
    found: dict[str, Value] = {}
    for tag in value if isinstance(value, list) else ():
        key = field(tag, "Key")
        if isinstance(key, (str, int)):
            found[str(key)] = field(tag, "Value")
    return found


def _all_lines(node: Any) -> Iterator[int]:
    if isinstance(node, dict):
        yield from getattr(node, "lines", {}).values()
        for item in node.values():
            yield from _all_lines(item)
    elif isinstance(node, list):
        yield from getattr(node, "lines", ())
        for item in node:
            yield from _all_lines(item)


def _named(node: Any, path: str) -> Iterator[tuple[str, str]]:
    """Names after Ref, GetAtt and in Sub below a node, each with the path of the property around it."""
    if isinstance(node, list):
        for item in node:
            yield from _named(item, path)
    if not isinstance(node, dict):
        return
    for name, item in node.items():
        if name in ("Ref", "Fn::GetAtt", "Fn::Sub"):
            for named in _named_by_function(name, item):
                yield named, path
        yield from _named(item, path if name == "Ref" or str(name).startswith("Fn::") else f"{path}.{name}")


def _named_by_function(function: str, argument: Any) -> list[str]:
    first = argument[0] if isinstance(argument, list) and argument else argument
    if not isinstance(first, str):
        return []
    if function == "Fn::Sub":
        return [piece.partition("}")[0].split(".")[0].strip() for piece in first.split("${")[1:]]
    return [first.split(".")[0]]


NAMES = (
    "BucketName", "TableName", "QueueName", "FunctionName", "TopicName", "DBClusterIdentifier",
    "DBInstanceIdentifier", "BackupVaultName", "DBSubnetGroupName", "SubnetGroupName", "CacheSubnetGroupName",
    "ReplicationGroupId", "GlobalClusterIdentifier", "AutoScalingGroupName", "ClusterName", "ServiceName",
    "LoadBalancerName", "Name", "DomainName", "LaunchTemplateName",
)  # fmt: skip


class Design:
    """All resources that are deployed together, under one scenario.

    ``parameters`` are the values that the user gave by name; ``scenario`` describes how parameters are
    set here, for people, empty for the defaults. ``touched`` collects what evaluations read.
    ``thresholds`` are the numbers that its owner demands, ``assumed`` the backup plans outside it; ``usual`` is the
    same design in another scenario, whose evaluations are taken over where they hold here, too.
    """

    thresholds: Thresholds = DEFAULT
    assumed: tuple[AssumedPlan, ...] = ()

    def __init__(
        self,
        templates: list[Template],
        parameters: Mapping[str, Any] | None = None,
        assignment: dict[Key, Value] | None = None,
        scenario: str = "",
        resources: list[Resource] | None = None,
        *,
        usual: Design | None = None,
    ) -> None:
        self.templates = templates
        self.parameters = dict(parameters or {})
        self.scenario = scenario
        self.assignment = assignment or {}
        self.touched: set[Touched] = set()
        self._found: dict[Hashable, tuple[Any, frozenset[Touched]]] = {}
        known = usual.stacks if usual is not None and usual.can_lend else {}
        self.stacks: dict[str, Stack] = {
            template.name: Stack(template, self, self.assignment, known.get(template.name)) for template in templates
        }
        self._ready = resources or []
        for resource in self._ready:
            resource.design = self

    @cached_property
    def all(self) -> dict[Key, Resource]:
        """Every resource by its key, whether or not it exists in this scenario."""
        found = {resource.key: resource for resource in self._ready}
        for stack in self.stacks.values():
            for logical_id, entry in stack.entries.items():
                found[stack.name, logical_id] = Resource(stack, logical_id, entry)
        return found

    def once(self, key: Hashable, compute: Callable[[], T]) -> T:
        """What ``compute`` finds out about this design, worked out once; what it read counts as read each time."""
        # Kept in the design itself: results hold its resources, so nothing outside could let go of them.
        if key not in self._found:
            touched, self.touched = self.touched, set()
            try:
                self._found[key] = (compute(), frozenset(self.touched))
            finally:
                self.touched = touched
        found: tuple[T, frozenset[Touched]] = self._found[key]
        self.touched |= found[1]
        return found[0]

    def untraced(self, compute: Callable[[], T]) -> T:
        """What ``compute`` returns; what it reads does not count: an index of everything is nobody's reason."""
        touched, self.touched = self.touched, set()
        try:
            return compute()
        finally:
            self.touched = touched

    @property
    def can_lend(self) -> bool:
        """Whether what is evaluated here holds in another scenario that sets nothing otherwise of what was read."""
        # Between stacks, and where loops make resources, it is not noted each time what was read.
        return len(self.templates) == 1 and not self.templates[0].loops

    def under(self, assignment: dict[Key, Value], scenario: str) -> Design:
        """The same design where parameters have these values; ``scenario`` says so for people."""
        region = any(name == "AWS::Region" for _, name in {*self.assignment, *assignment})
        usual = None if region else self  # what is read of the region is not always noted
        design = Design(self.templates, self.parameters, assignment, scenario, usual=usual)
        design.thresholds, design.assumed = self.thresholds, self.assumed
        return design

    @property
    def documents(self) -> list[Document]:
        """The files it was read from, each once."""
        found = {id(resource.document): resource.document for resource in self.all.values()}
        found.update((id(template.document), template.document) for template in self.templates)
        return list(found.values())

    @cached_property
    def _types(self) -> dict[str, list[Resource]]:
        found: dict[str, list[Resource]] = {}
        for resource in self.all.values():
            found.setdefault(resource.type, []).append(resource)
        return found

    @cached_property
    def types(self) -> frozenset[str]:
        """The types of its resources: most policies concern none of them."""
        return frozenset(self._types)

    def of_type(self, *types: str) -> list[Resource]:
        """The resources of these types that exist, or may exist, in this scenario."""
        return [resource for name in types for resource in self._types.get(name, ()) if resource.exists is not False]

    def declared(self, *types: str) -> list[Resource]:
        """The resources of these types, whether or not they exist in this scenario."""
        return [resource for name in types for resource in self._types.get(name, ()) if not resource.further]

    def resolve(self, value: Value, *types: str) -> Resource | None:
        """The resource of the design that a value names: by reference, ARN or physical name.

        Only a resource that exists in this scenario, and is of one of ``types`` if any are given.
        """
        for found in self._named_by(value):
            if (not types or found.type in types) and found.exists is not False:
                return found
        return None

    def _named_by(self, value: Value) -> Iterator[Resource]:
        pieces = value.parts if isinstance(value, Text) else (value,)
        for piece in pieces:
            named = piece if isinstance(piece, Reference) else cut_from(piece)
            if named is not None and named.key in self.all:
                yield self.all[named.key]
        if isinstance(value, Text):
            yield from self._by_name.get(_last_segment(str(value)), ())
        elif isinstance(value, str) and value:
            yield from self._by_name.get(value, ())
            if value.startswith("arn:"):
                yield from self._by_name.get(_last_segment(value), ())

    @cached_property
    def _by_name(self) -> dict[str, list[Resource]]:
        return self.untraced(self._resources_by_name)

    def _resources_by_name(self) -> dict[str, list[Resource]]:
        found: dict[str, list[Resource]] = {}
        for resource in self.all.values():
            if resource.type == "AWS::Lambda::Alias":  # every function may have one called live
                continue
            for name in NAMES:
                value = resource.get(name)
                if isinstance(value, (str, Text)) and value:
                    found.setdefault(str(value), []).append(resource)
        return found

    def referrers(self, resource: Resource) -> list[tuple[Resource, str]]:
        """Who names this resource: each existing resource with the dotted path of the property that does."""
        return [(other, path) for other, path in self._referrers.get(resource.key, ()) if other.exists is not False]

    @cached_property
    def _referrers(self) -> dict[Key, list[tuple[Resource, str]]]:
        found: dict[Key, list[tuple[Resource, str]]] = {}
        for resource in self.all.values():
            for target, path in resource.references():
                found.setdefault(target, []).append((resource, path))
        return found


def _last_segment(arn: str) -> str:
    return arn.rsplit(":", 1)[-1].rsplit("/", 1)[-1]


def mentioned(value: Value) -> Iterator[Reference]:
    """Every reference inside a value."""
    for leaf in leaves(value):
        if isinstance(leaf, Reference):
            yield leaf


__all__ = ["Design", "Resource", "mentioned", "mentioned_at", "plain_text", "tags_in"]
