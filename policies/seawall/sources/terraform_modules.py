"""Modules of a Terraform configuration: what ``var``, ``local``, ``module``, ``data`` and resources mean in each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from seawall.source import Document
from seawall.sources.terraform_files import Files
from seawall.sources.terraform_functions import ZONES_AT_LEAST, at_least, item_of, missing
from seawall.sources.terraform_language import Block, Expression, mentions
from seawall.sources.terraform_mapping import spelled
from seawall.sources.terraform_properties import META
from seawall.sources.terraform_resource import plain_region, unknown_region
from seawall.sources.terraform_values import Scope, evaluate, pairs_of, plain_values
from seawall.values import Key, Reference, Text, Unknown, Value, boolean, leaves, number

IDENTIFYING = frozenset(
    (
        *(
            "id",
            "name",
            "bucket",
            "identifier",
            "cluster_identifier",
            "function_name",
            "cluster_id",
            "key_id",
            "url",
        ),
        *("replication_group_id", "global_cluster_identifier", "domain_name", "table_name"),
    )
)
"""Attributes that stand for the resource itself."""

MAX_INSTANCES = 500
"""Instances of one block; a stranger's ``count`` must not fill the memory."""

MAX_MODULES = 1000
"""Modules of one configuration, calls of calls included."""


@dataclass(slots=True)
class Folder:
    """One folder's files: their blocks, each with the document it stands in, and the folders its modules call."""

    blocks: list[tuple[Block, Document]] = field(default_factory=list)
    calls: dict[str, Folder] = field(default_factory=dict)
    path: str = ""

    def paths(self) -> Iterator[str]:
        """Its own path and those of the folders that it calls."""
        yield self.path
        for called in self.calls.values():
            yield from called.paths()


class Configuration:
    """One root module with all it calls. ``name`` goes into the keys of its resources."""

    def __init__(self, folder: Folder, given: dict[str, Value], name: str = "") -> None:
        self.name = name
        self.steps = 0
        self.modules = 0
        self.instances: dict[Key, Instance] = {}
        self.files = Files(folder.path, dict.fromkeys(folder.paths()))
        self.root = Module(self, folder, "", parent=None, arguments=given, providers={})

    def attribute_of(self, reference: Reference, name: str) -> Value:
        """An attribute of a resource: as configured, or a reference to what the provider will know."""
        if reference.attribute:
            return Reference(reference.key, f"{reference.attribute}.{spelled(name)}")
        instance = self.instances.get(reference.key)
        configured = instance.attribute(name) if instance and name in instance.names else None
        if isinstance(configured, (Reference, Text, Unknown)) and name not in ("id", "arn", "name"):
            return configured
        if name in IDENTIFYING:
            return Reference(reference.key)
        if configured is not None:
            return configured
        return Reference(reference.key, spelled(name))


class Lookup:
    """Something with members: ``var``, ``local``, ``data`` or a resource type."""

    def __init__(self, find: Callable[[str], Value]) -> None:
        self._find = find

    def member(self, name: str) -> Value:
        """What stands behind the dot."""
        return self._find(name)


class Instance:
    """One instance of a resource block; its attributes are evaluated when they are first read."""

    def __init__(self, module: Module, block: Block, document: Document, address: str, scope: Scope) -> None:
        self.module = module
        self.block = block
        self.document = document
        self.scope = scope
        self.key: Key = (module.configuration.name, address)
        self.type = block.labels[0]
        self.exists: bool | Unknown = True
        self.further = False
        self.open_end: Unknown | None = None
        self._kept: dict[str, Value] = {}
        self._in_progress: set[str] = set()

    @property
    def names(self) -> list[str]:
        """The attributes and blocks that are written, meta-arguments left out."""
        dynamic = [label for inner in self.block.blocks if inner.type == "dynamic" for label in inner.labels[:1]]
        written = [*self.block.attributes, *(inner.type for inner in self.block.blocks), *dynamic]
        return [name for name in dict.fromkeys(written) if name not in META and name != "dynamic"]

    def attribute(self, name: str) -> Value:
        """One attribute's value, or the list of its blocks."""
        if name not in self._kept:
            if name in self._in_progress:
                return Unknown((f"{self.key[1]}, which depends on itself",))
            self._in_progress.add(name)
            try:
                self._kept[name] = _without_lookups(_written(self.block, name, self.scope))
            finally:
                self._in_progress.discard(name)
        return self._kept[name]

    def attributes(self) -> dict[str, Value]:
        """All attributes, with what ``lifecycle`` says about destruction and about changes from outside."""
        found = {name: self.attribute(name) for name in self.names}
        for inner in self.block.blocks:
            if inner.type == "lifecycle":
                said: dict[str, Value] = {}
                if "prevent_destroy" in inner.attributes:
                    said["prevent_destroy"] = evaluate(inner.attributes["prevent_destroy"], self.scope)
                if "ignore_changes" in inner.attributes:
                    said["ignore_changes"] = [path[0] for path in mentions(inner.attributes["ignore_changes"])]
                found["lifecycle"] = [said]
        return found

    def mentioned(self) -> Iterator[tuple[Key, str]]:
        """Resources that its attributes name, also inside functions whose value is not known."""
        for name, expression in self._expressions(self.block):
            for path in _mentions_here(expression, self.scope):
                for target in self.module.named(path):
                    yield target, name

    def _expressions(self, block: Block) -> Iterator[tuple[str, Expression]]:
        for name, expression in block.attributes.items():
            if name not in META:
                yield name, expression
        for inner in block.blocks:
            if inner.type not in META:
                for _, expression in self._expressions(inner):
                    yield (
                        inner.labels[0] if inner.type == "dynamic" and inner.labels else inner.type,
                        expression,
                    )

    def region(self) -> str | Unknown:
        """The region of the provider it uses, or its own ``region`` argument."""
        if "region" in self.names and self.type.startswith("aws_"):
            return plain_region(self.attribute("region"), self.key[1])
        return self.module.provider(_provider_name(self.block.attributes.get("provider"))).region


def _mentions_here(expression: Any, scope: Scope) -> Iterator[tuple[str, ...]]:
    """What an expression names; of a condition that is decided, only the side that counts."""
    if not isinstance(expression, (tuple, list)) or not _holds_condition(expression):
        yield from mentions(expression)
        return
    parts = list(expression)
    if expression[0] == "if":
        answer = boolean(evaluate(expression[1], scope))
        if isinstance(answer, bool):
            yield from mentions(expression[1])
            parts = [expression[2 if answer else 3]]
    for part in parts:
        yield from _mentions_here(part, scope)


def _holds_condition(expression: Any) -> bool:
    if not isinstance(expression, (tuple, list)):
        return False
    return expression[:1] == ("if",) or any(_holds_condition(part) for part in expression)


def _provider_name(expression: Expression | None) -> str:
    path = next(iter(mentions(expression)), ()) if expression else ()
    return ".".join(path[:2]) or "aws"


@dataclass(frozen=True, slots=True)
class Provider:
    """What a provider gives its resources."""

    region: str | Unknown
    default_tags: Value = None
    credentials: Value = None


class Module:
    """One call of a module (or the root): its names and its instances."""

    def __init__(
        self,
        configuration: Configuration,
        folder: Folder,
        path: str,
        *,
        parent: Scope | None,
        arguments: dict[str, Any],
        providers: dict[str, Provider],
    ) -> None:
        configuration.modules += 1
        self.configuration = configuration
        self.folder = folder
        self.path = path
        self.parent = parent
        self.arguments = arguments
        self.scope = Scope(configuration, self)
        self._kept: dict[Any, Value] = {}
        self._in_progress: set[Any] = set()
        self._providers = dict(providers)
        self._blocks: dict[tuple[str, ...], tuple[Block, Document]] = {}
        self._locals: dict[str, Expression] = {}
        for block, document in folder.blocks:
            if block.type == "locals":
                self._locals.update(block.attributes)
            else:
                self._blocks.setdefault((block.type, *block.labels), (block, document))
        self._types = {labels[1] for labels in self._blocks if labels[0] == "resource" and len(labels) == 3}
        for block, _ in folder.blocks:
            if block.type == "provider" and block.labels:
                self._declare_provider(block)

    def member(self, name: str) -> Value:
        """What a name at the start of an expression means in this module."""
        if name in self._types:
            return Lookup(lambda label: self.instances_of(name, label))
        find = {
            "var": self.variable,
            "local": self.local,
            "module": self.call,
            "data": lambda kind: Lookup(lambda label: self.data(kind, label)),
            "path": self._path,
            "terraform": lambda part: Unknown((f"terraform.{part}",), identity=("terraform", part)),
            "each": lambda part: Unknown((f"each.{part}",)),
            "count": lambda part: Unknown((f"count.{part}",)),
        }.get(name)
        return Lookup(find) if find else missing(name)

    def _path(self, part: str) -> Value:
        found = {"module": self.folder.path, "root": self.configuration.files.root}.get(part)
        return found or Unknown((f"path.{part}",), identity=("path", part))

    def _keep(self, key: Any, compute: Callable[[], Value]) -> Value:
        if key not in self._kept:
            if key in self._in_progress:
                return Unknown((f"{'.'.join(map(str, key))}, which depends on itself",))
            self._in_progress.add(key)
            try:
                self._kept[key] = compute()
            finally:
                self._in_progress.discard(key)
        return self._kept[key]

    def variable(self, name: str) -> Value:
        """A variable: what the caller passes, else its default, else unknown."""
        return self._keep(("var", name), lambda: self._variable(name))

    def _variable(self, name: str) -> Value:
        block, _ = self._blocks.get(("variable", name), (None, None))
        value = None
        if name in self.arguments:
            argument = self.arguments[name]
            value = evaluate(argument, self.parent) if self.parent is not None else argument
            if value is not None:
                return _with_optional(value, block.attributes.get("type") if block else None, self.scope)
        if block is None:
            return missing(f"variable {name}")
        if "default" in block.attributes:
            default = evaluate(block.attributes["default"], self.scope)
            return _with_optional(default, block.attributes.get("type"), self.scope)
        if name in self.arguments:
            return None
        # Nobody passes one subnet twice; two variables for zones, however, may well name the same one.
        family = ("subnet variables", self.path) if "subnet" in name and not name.endswith("s") else None
        return Unknown((f"variable {name}",), ("parameter", self.path, name), family)

    def local(self, name: str) -> Value:
        """A local value."""
        if name not in self._locals:
            return missing(f"local {name}")
        return self._keep(("local", name), lambda: evaluate(self._locals[name], self.scope))

    def output(self, name: str) -> Value:
        """What this module hands to its caller."""
        block, _ = self._blocks.get(("output", name), (None, None))
        if block is None or "value" not in block.attributes:
            return missing(f"output {name}")
        return self._keep(("output", name), lambda: evaluate(block.attributes["value"], self.scope))

    def data(self, kind: str, label: str) -> Value:
        """A data source: unknown, but one and the same wherever it is read."""
        address = f"data source {kind}.{label}"
        identity = ("data", self.path, kind, label)
        if kind == "aws_availability_zones":
            region = self._data_region(kind, label)
            place = region if isinstance(region, str) else region.identity
            # The same identity as Fn::GetAZs has: every look-up in one region finds the same zones.
            zones = Unknown((address,), identity=("zones", place))
            ids = Unknown((address,), identity=("zones", (place, "ids")))
            return {"names": zones, "zone_ids": ids, "id": Unknown((address,), identity)}
        if kind == "aws_region":
            region = self._data_region(kind, label)
            return {"name": region, "id": region, "region": region}
        return Unknown((address,), identity)

    def _data_region(self, kind: str, label: str) -> str | Unknown:
        block, _ = self._blocks.get(("data", kind, label), (None, None))
        return self.provider(_provider_name(block.attributes.get("provider") if block else None)).region

    def call(self, name: str) -> Value:
        """A module that this one calls: itself, or a list or map of its instances."""
        return self._keep(("module", name), lambda: self._call(name))

    def _call(self, name: str) -> Value:
        block, _ = self._blocks.get(("module", name), (None, None))
        if block is None:
            return missing(f"module {name}")
        folder = self.folder.calls.get(name)
        if folder is None:
            source = block.attributes.get("source")
            shown = f" ({source[1]})" if source and source[0] == "literal" else ""
            return Unknown((f"module {name}{shown}",), identity=("module", self.path, name))

        def make(index: str, scope: Scope, unknown: Unknown | None) -> Value:
            if self.configuration.modules >= MAX_MODULES:
                return Unknown((f"module {name}, beyond {MAX_MODULES} modules",))
            called = Module(
                self.configuration,
                folder,
                f"{self.path}module.{name}{index}.",
                parent=scope,
                arguments=dict(block.attributes),
                providers=self._passed(block),
            )
            return Lookup2(called)

        return self._repeated(block, make)

    def _passed(self, block: Block) -> dict[str, Provider]:
        passed = block.attributes.get("providers")
        if passed is None or passed[0] != "object":
            return {name: found for name, found in self._providers.items() if "." not in name}
        found = {}
        for key, value in passed[1]:
            name = key[1] if key[0] == "literal" else ".".join(next(iter(mentions(key)), ("aws",))[:2])
            found[str(name)] = self.provider(_provider_name(value))
        return found

    def modules(self) -> Iterator[Module]:
        """The module and all that it calls, each instance once."""
        yield self
        for labels in list(self._blocks):
            if labels[0] == "module" and len(labels) == 2:
                found = self.call(labels[1])
                for called in (
                    found.values() if isinstance(found, dict) else found if isinstance(found, list) else [found]
                ):
                    if isinstance(called, Lookup2):
                        yield from called.module.modules()

    def declare(self) -> None:
        """Makes the instances of all its resources known."""
        for labels in list(self._blocks):
            if labels[0] == "resource" and len(labels) == 3:
                self.instances_of(labels[1], labels[2])

    def instances_of(self, kind: str, label: str) -> Value:
        """A resource as expressions see it: a reference, a list or map of references, or unknown."""
        return self._keep(("resource", kind, label), lambda: self._instances_of(kind, label))

    def _instances_of(self, kind: str, label: str) -> Value:
        block, document = self._blocks.get(("resource", kind, label), (None, None))
        if block is None or document is None:
            return missing(f"{kind}.{label}")
        known: list[Reference] = []
        open_end = self._open_end(block)

        def make(index: str, scope: Scope, unknown: Unknown | None) -> Value:
            address = f"{self.path}{kind}.{label}{index}"
            instance = Instance(self, block, document, address, scope)
            instance.open_end = open_end
            if unknown is not None and known:
                # Stands for the instances of an unknown number: counted as a possibility, judged never.
                instance.exists, instance.further = unknown, True
            known.append(Reference(instance.key))
            self.configuration.instances[instance.key] = instance
            return known[-1]

        return self._repeated(block, make)

    def _open_end(self, block: Block) -> Unknown | None:
        """The zones of a region, where a block goes over all of them: there may be more than two."""
        for name in ("count", "for_each"):
            value = evaluate(block.attributes[name], self.scope) if name in block.attributes else None
            if isinstance(value, Unknown) and (at_least(value) is not None or _surely_in(value) is not value):
                return Unknown(value.because)
        return None

    def _repeated(self, block: Block, make: Callable[[str, Scope, Unknown | None], Value]) -> Value:
        """One ``make`` for each instance that ``count`` or ``for_each`` asks for."""
        if "count" in block.attributes:
            return self._counted(block.attributes["count"], make)
        if "for_each" not in block.attributes:
            return make("", self.scope, None)
        turns = pairs_of(_surely_in(evaluate(block.attributes["for_each"], self.scope)))
        if isinstance(turns, Unknown):
            return self._unknown_number(turns, make)
        found: dict[str | Unknown, Value] = {}
        for position, value in turns[:MAX_INSTANCES]:
            # What is in a set is its own key.
            key = position if isinstance(position, (str, Unknown)) else value
            each = {"each": {"key": key, "value": value}}
            name = key if isinstance(key, (str, Unknown)) else str(key)
            found[name] = make(f'["{_shown(name)}"]', self.scope.with_names(each), None)
        return found

    def _counted(self, expression: Expression, make: Callable[[str, Scope, Unknown | None], Value]) -> Value:
        value = evaluate(expression, self.scope)
        amount = number(value)
        if isinstance(boolean(value), bool) and not isinstance(amount, float):
            amount = float(bool(boolean(value)))
        if isinstance(amount, Unknown) or amount is None:
            bound = at_least(value)
            if bound is None and not _is_switch(expression):
                return self._unknown_number(amount or Unknown(("a count",)), make)
            amount = bound or 1
        return [
            make(f"[{position}]", self.scope.with_names({"count": {"index": position}}), None)
            for position in range(min(int(amount), MAX_INSTANCES))
        ]

    def _unknown_number(self, unknown: Unknown, make: Callable[[str, Scope, Unknown | None], Value]) -> Value:
        for position in range(2):
            each = {"key": Unknown(unknown.because), "value": Unknown(unknown.because)}
            make(f"[{position}]", self.scope.with_names({"count": {"index": position}, "each": each}), unknown)
        identity = unknown.identity if unknown.identity is not None else unknown.because
        return Unknown(unknown.because, identity=("instances", identity, id(make)))

    def named(self, path: tuple[str, ...]) -> Iterator[Key]:
        """The resources of this module behind a path like ``("aws_subnet", "a", "id")``."""
        if len(path) > 1 and path[0] in self._types and ("resource", path[0], path[1]) in self._blocks:
            found = self.instances_of(path[0], path[1])
            for leaf in leaves(found):
                if isinstance(leaf, Reference):
                    yield leaf.key

    def _declare_provider(self, block: Block) -> None:
        alias = block.attributes.get("alias")
        name = f"{block.labels[0]}.{alias[1]}" if alias and alias[0] == "literal" else block.labels[0]
        if self.parent is not None and name in self._providers:
            return
        region = block.attributes.get("region")
        value = evaluate(region, self.scope) if region else None
        tags: Value = None
        for inner in block.blocks:
            if inner.type == "default_tags" and "tags" in inner.attributes:
                tags = evaluate(inner.attributes["tags"], self.scope)
        self._providers[name] = Provider(plain_region(value, name), tags, self._credentials(block))

    def _credentials(self, block: Block) -> Value:
        """What a provider signs in with: the ARN of a role, a profile; ``None`` what Terraform itself signs in with."""
        roles = [inner.attributes["role_arn"] for inner in block.blocks if "role_arn" in inner.attributes]
        names = ("profile", "access_key", "shared_credentials_files", "shared_config_files")
        written = [*roles, *(block.attributes[name] for name in names if name in block.attributes)]
        return evaluate(written[0], self.scope) if written else None

    def provider(self, name: str) -> Provider:
        """The provider of this name; one that nobody declares takes its region from outside."""
        return self._providers.get(name) or Provider(unknown_region(name))


class Lookup2(Lookup):
    """One instance of a module as its caller sees it: its outputs."""

    def __init__(self, module: Module) -> None:
        super().__init__(module.output)
        self.module = module


def _surely_in(collection: Value) -> Value:
    """A collection; of all zones of a region those that there are in every region."""
    identity = collection.identity if isinstance(collection, Unknown) else None
    if isinstance(identity, tuple) and identity[:1] == ("zones",):
        return [item_of(collection, position) for position in range(ZONES_AT_LEAST)]
    return collection


def _shown(key: str | Unknown) -> str:
    """A key for people; two places of one list look different."""
    identity = key.identity if isinstance(key, Unknown) else None
    if isinstance(identity, tuple) and identity[:1] == ("select",):
        return f"{key}[{identity[2]:g}]" if isinstance(identity[2], float) else f"{key}[{identity[2]}]"
    return str(key)


def _is_switch(expression: Expression) -> bool:
    """Whether a count is ``x ? 1 : 0``: then the one instance is judged as if it were there."""
    return expression[0] == "if" and sorted(map(str, expression[2:])) == ["('literal', 0)", "('literal', 1)"]


def _written(block: Block, name: str, scope: Scope) -> Value:
    if name in block.attributes:
        return evaluate(block.attributes[name], scope)
    found: list[Value] = []
    for inner in block.blocks:
        if inner.type == name:
            found.append(_block_value(inner, scope))
        elif inner.type == "dynamic" and inner.labels[:1] == [name]:
            made = _dynamic(inner, scope)
            if isinstance(made, Unknown):
                return made
            found += made
    return found


def _block_value(block: Block, scope: Scope) -> dict[str, Value]:
    dynamic = [inner.labels[0] for inner in block.blocks if inner.type == "dynamic" and inner.labels]
    names = dict.fromkeys(
        [*block.attributes, *(inner.type for inner in block.blocks if inner.type != "dynamic"), *dynamic]
    )
    return {name: _written(block, name, scope) for name in names}


def _dynamic(block: Block, scope: Scope) -> list[Value] | Unknown:
    content = next((inner for inner in block.blocks if inner.type == "content"), None)
    if content is None or "for_each" not in block.attributes:
        return []
    iterator = block.attributes.get("iterator")
    name = iterator[1] if iterator and iterator[0] == "variable" else block.labels[0]
    turns = pairs_of(evaluate(block.attributes["for_each"], scope))
    if isinstance(turns, Unknown):
        return turns
    return [
        _block_value(content, scope.with_names({name: {"key": value if isinstance(key, int) else key, "value": value}}))
        for key, value in turns[:MAX_INSTANCES]
    ]


def _with_optional(value: Value, kind: Expression | None, scope: Scope) -> Value:
    """A variable's value with the defaults that ``optional(type, default)`` in its type gives."""
    if kind is None or kind[0] != "call" or not kind[2]:
        return value
    name, inner = kind[1], kind[2][0]
    if name == "optional":
        if value is None and len(kind[2]) > 1:
            value = evaluate(kind[2][1], scope)
        return _with_optional(value, inner, scope)
    if name in ("list", "set") and isinstance(value, list):
        return [_with_optional(item, inner, scope) for item in value]
    if name == "map" and isinstance(value, dict):
        return {key: _with_optional(item, inner, scope) for key, item in value.items()}
    if name == "object" and isinstance(value, dict) and inner[0] == "object":
        found = dict(value)
        for key, item in inner[1]:
            found[str(key[1])] = _with_optional(value.get(str(key[1])), item, scope)
        return found
    return value


def _without_lookups(value: Value) -> Value:
    """A value without modules and other things that only expressions can hold."""
    if next(plain_values(value), None) is None:
        return value
    if isinstance(value, dict):
        unknown = next((key for key in value if isinstance(key, Unknown)), None)
        return unknown or {name: _without_lookups(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_without_lookups(item) for item in value]
    return Unknown(("a whole module",)) if hasattr(value, "member") else value
