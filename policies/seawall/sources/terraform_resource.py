"""Resources declared in Terraform, under CloudFormation's names: what sources and plans hand to a design."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from seawall.design import Design, Resource, tags_in
from seawall.source import Document
from seawall.sources.terraform_functions import from_json
from seawall.sources.terraform_mapping import KINDS, PARTS, Kind, Part, spelled
from seawall.stack import Stack
from seawall.template import Template
from seawall.values import (
    Answer,
    Key,
    Reference,
    Text,
    Unknown,
    Value,
    boolean,
    leaves,
    reasons,
)

META = frozenset({"count", "for_each", "provider", "depends_on", "lifecycle", "provisioner", "connection", "timeouts"})
"""Arguments that Terraform itself reads; the provider never sees them."""


@dataclass(slots=True)
class Declared:
    """One instance of a resource block as a source or a plan tells it.

    ``attributes`` are evaluated, blocks as lists of mappings. ``lines`` are those of the attributes by
    their dotted path; ``mentioned`` the resources that attributes name, each with the attribute.
    """

    key: Key
    type: str
    attributes: dict[str, Value]
    document: Document
    line: int = 1
    last_line: int = 1
    lines: Mapping[str, int] = field(default_factory=dict)
    region: str | Unknown = field(default_factory=lambda: Unknown(("the region",), ("AWS::Region", "")))
    default_tags: Value = None
    mentioned: tuple[tuple[Key, str], ...] = ()
    exists: Answer = True
    further: bool = False


class TerraformResource(Resource):
    """A resource of a Terraform root module. ``id`` is its address, for example ``module.a.aws_subnet.b[0]``."""

    language = "terraform"

    def __init__(self, declared: Declared) -> None:
        kind = KINDS.get(declared.type)
        self.id = declared.key[1]
        self.key = declared.key
        self.type = kind.type if kind else declared.type
        self.declared_type = declared.type
        self.document = declared.document
        self.further = declared.further
        self.declared = declared
        self.origins: dict[str, tuple[Declared, str]] = {}
        self._properties = properties_of(declared.attributes, kind or Kind(declared.type))
        self._attributes = deletion_of(declared.attributes, kind)
        names = kind.names if kind else {}
        for attribute in declared.attributes:
            name = names.get(attribute, spelled(attribute)).lstrip("^").rstrip("[]{}").split(".")[0]
            self.origins.setdefault(kind.nest if kind and kind.nest and "^" not in names.get(attribute, "") else name,
                                    (declared, attribute))  # fmt: skip
        self._mentioned = [(key, names.get(path, spelled(path)).strip("^[]{}")) for key, path in declared.mentioned]

    @property
    def stack(self) -> Stack:  # type: ignore[override]
        """A stack without sections, for whoever asks what only CloudFormation has."""
        return Stack(Template(self.document, self.key[0]), self.design, {})

    @property
    def region(self) -> str | Unknown:
        """The region of its provider; resources of one provider share it also while it is unknown."""
        return self.declared.region

    @property
    def account(self) -> str | None:
        """Nothing in Terraform's language tells the account."""
        return None

    @property
    def exists(self) -> Answer:
        """Unknown where an unknown number of instances decides."""
        return self.declared.exists

    @property
    def metadata(self) -> Mapping[str, Any]:
        """Terraform has none: exceptions are written in comments."""
        return {}

    def _top(self, name: str) -> Value:
        return self._properties.get(name)

    def attribute(self, name: str) -> Value:
        """What Terraform's lifecycle says in the words of ``DeletionPolicy`` and ``UpdateReplacePolicy``."""
        return self._attributes.get(name)

    @property
    def line(self) -> int:
        """The line its block starts on, from 1."""
        return self.declared.line

    @property
    def last_line(self) -> int:
        """The line its block ends on."""
        return self.declared.last_line

    def line_of(self, path: str) -> int:
        """The line of the attribute that became the property at ``path``, or of the block."""
        if path.startswith("@"):
            lines = self.declared.lines
            kind = KINDS.get(self.declared_type)
            decisive = ("lifecycle.prevent_destroy", kind.snapshot if kind else "")
            return next((lines[name] for name in decisive if name in lines), self.line)
        found = self.origins.get(path.split(".", maxsplit=1)[0])
        if found is None or found[0].document is not self.document:
            return self.line
        declared, attribute = found
        line = declared.lines.get(attribute, declared.line)
        wanted = [_bare(part) for part in path.split(".")]
        for name, inner in declared.lines.items():
            last = name.split(".")[-1]
            if (name.startswith(attribute + ".") or attribute not in declared.lines) and _bare(last) == wanted[-1]:
                return inner
        return line

    @property
    def tags(self) -> dict[str, Value] | Unknown:
        """Its tags and the default ones of its provider; an ``Unknown`` where a variable brings some."""
        if isinstance(self.declared.default_tags, Unknown):
            return self.declared.default_tags
        found = tags_in(self.declared.default_tags)
        for name in ("Tags", "TagsAll", "BackupPlanTags"):
            value = self._properties.get(name)
            if isinstance(value, (Unknown, Reference, Text)):
                return value if isinstance(value, Unknown) else Unknown((f"the tags of {value}",))
            found.update({key: item for key, item in tags_in(value).items() if item is not None})
        return found

    def references(self) -> Iterator[tuple[Key, str]]:
        """The resources that its declaration names, each with the dotted path of the property."""
        seen: set[tuple[Key, str]] = set()
        for name, value in self._properties.items():
            for target, path in _named(value, name):
                if (target, path) not in seen:
                    seen.add((target, path))
                    yield target, path
        # A value names one instance; the name in the text stands for every instance of the block.
        blocks = {_block_address(target) for target, _ in seen}
        for target, path in self._mentioned:
            if _block_address(target) not in blocks and target != self.key:
                yield target, path

    def take(self, part: Part, declared: Declared) -> None:
        """Writes a resource that is a part of this one into its properties."""
        attributes = {name: value for name, value in declared.attributes.items() if name != part.owner}
        if part.adds and declared.type == "aws_dynamodb_table_replica":
            attributes["region"] = declared.region
        elif "region" in part.names:
            attributes.setdefault("region", declared.region)
        properties = properties_of(attributes, Kind("", part.names))
        if part.finish:
            part.finish(declared.attributes, properties)
        if part.adds:
            element = declared.attributes.get(part.value) if part.value else properties
            properties = {part.adds: [element]}
        for name, value in properties.items():
            self._properties[name] = _merged(self._properties.get(name), value)
            self.origins[name] = (declared, "")


def _merged(there: Value, more: Value) -> Value:
    if isinstance(there, Unknown) or there is None:
        return more if there is None else there
    if isinstance(there, list):
        return [*there, *(more if isinstance(more, list) else [more])]
    if isinstance(there, dict) and isinstance(more, dict):
        return {**there, **{name: _merged(there.get(name), value) for name, value in more.items()}}
    return more


def _block_address(key: Key) -> str:
    return key[1].rpartition("[")[0] if key[1].endswith("]") else key[1]


def _bare(name: str) -> str:
    return name.replace("_", "").lower()


def _named(value: Value, path: str) -> Iterator[tuple[Key, str]]:
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _named(item, f"{path}.{name}")
    elif isinstance(value, list):
        for item in value:
            yield from _named(item, path)
    else:
        for leaf in leaves(value):
            if isinstance(leaf, Reference):
                yield leaf.key, path


def properties_of(attributes: Mapping[str, Value], kind: Kind) -> dict[str, Value]:
    """The properties that attributes become; what is not set is left out."""
    top: dict[str, Value] = {}
    inner = _converted(attributes, "", kind.names, top)
    properties = {**inner} if not kind.nest else {kind.nest: inner}
    properties.update(top)
    if kind.finish:
        kind.finish(attributes, properties)
    for name, value in kind.defaults.items():
        properties.setdefault(name, value)
    return properties


def _converted(
    attributes: Mapping[str, Value], prefix: str, names: Mapping[str, str], top: dict[str, Value]
) -> dict[str, Value]:
    found: dict[str, Value] = {}
    for attribute, raw in attributes.items():
        if raw is None or (not prefix and attribute in META):
            continue
        path = f"{prefix}{attribute}"
        name = names.get(path, spelled(attribute))
        value = (
            _read_json(attribute, raw) if name.endswith("{}") else _value(raw, path, names, top, name.endswith("[]"))
        )
        if value is None or value == []:
            continue
        target = top if name.startswith("^") else found
        _set(target, name.lstrip("^").rstrip("[]{}").split("."), _of_list(name, value))
    return found


def _read_json(attribute: str, raw: Value) -> Value:
    if attribute == "redrive_policy" and isinstance(raw, Reference):
        # A plan knows only which queue the text names, and a redrive policy names no other than that.
        return {
            "deadLetterTargetArn": raw,
            "maxReceiveCount": Unknown(("maxReceiveCount, known after apply",)),
        }
    return from_json(raw)


def _of_list(name: str, value: Value) -> Value:
    # CloudFormation's name is a list's, Terraform's attribute takes one of them.
    plural = name.rstrip("[]{}").endswith(("ARNs", "Queues", "Topics", "LoadBalancerNames"))
    return [value] if plural and not isinstance(value, (list, Unknown)) else value


def _value(raw: Value, path: str, names: Mapping[str, str], top: dict[str, Value], stays_list: bool) -> Value:
    if path.endswith(("tags", "tags_all", "variables", "environment.variables")) and isinstance(raw, dict):
        return raw  # its keys are the user's own
    if isinstance(raw, dict):
        return _converted(raw, path + ".", names, top)
    if isinstance(raw, list):
        blocks = [_value(item, path, names, top, False) for item in raw]
        single = len(blocks) == 1 and isinstance(raw[0], dict) and not stays_list
        return blocks[0] if single else blocks
    return raw


def _set(mapping: dict[str, Value], path: list[str], value: Value) -> None:
    for name in path[:-1]:
        step = mapping.setdefault(name, {})
        if not isinstance(step, dict):
            return
        mapping = step
    last = path[-1]
    mapping[last] = _merged(mapping.get(last), value) if isinstance(value, dict) else value


def deletion_of(attributes: Mapping[str, Value], kind: Kind | None) -> dict[str, Value]:
    """What happens to the data when the resource goes, in CloudFormation's words."""
    lifecycle = attributes.get("lifecycle")
    kept = None
    for block in lifecycle if isinstance(lifecycle, list) else []:
        kept = boolean(block.get("prevent_destroy")) if isinstance(block, dict) else None
    if kept is True:
        return {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}
    if kind is None or not kind.snapshot:
        return {}
    answer = boolean(attributes.get(kind.snapshot)) if not kind.snapshot.endswith(("identifier", "name")) else None
    if kind.snapshot.startswith("skip_"):
        policy: Value = answer if isinstance(answer, Unknown) else "Delete" if answer else "Snapshot"
    else:
        given = attributes.get(kind.snapshot)
        asked = answer is True or (answer is None and given not in (None, ""))
        policy = given if isinstance(given, Unknown) else "Snapshot" if asked else "Delete"
    return {"DeletionPolicy": policy, "UpdateReplacePolicy": policy}


def design_of(everything: Iterable[Declared]) -> Design:
    """The design that these instances make: parts join their owners, all others stand for themselves."""
    resources: dict[Key, TerraformResource] = {}
    parts: list[Declared] = []
    for declared in everything:
        if declared.type in PARTS:
            parts.append(declared)
        else:
            resources[declared.key] = TerraformResource(declared)
    design = Design([], resources=list(resources.values()))
    for declared in parts:
        part = PARTS[declared.type]
        owner = design.resolve(declared.attributes.get(part.owner), *part.types)
        if isinstance(owner, TerraformResource):
            owner.take(part, declared)
    # Names that parts brought along are to be found too: the design above has indexed without them.
    return Design([], resources=list(resources.values()))


def unknown_region(name: str) -> Unknown:
    """The region that a provider of this name takes from outside the files."""
    return Unknown(("the region",), identity=("AWS::Region", name))


def plain_region(value: Value, name: str) -> str | Unknown:
    """A provider's region as a resource has it: a name, or the unknown that decides."""
    if isinstance(value, str) and value:
        return value
    if isinstance(value, Unknown):
        return value
    if value is None or value == "":
        return unknown_region(name)
    return Unknown(reasons(value) or (str(value),), identity=("AWS::Region", str(value)))
