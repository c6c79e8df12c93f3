"""Resources declared in Terraform, under CloudFormation's names: what sources and plans hand to a design."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from seawall.design import Design, Resource, mentioned_at, tags_in
from seawall.source import Document
from seawall.sources.terraform_mapping import KINDS, PARTS, Kind, Part, spelled
from seawall.sources.terraform_properties import Properties, deletion_of, merged
from seawall.stack import Stack
from seawall.template import Template
from seawall.values import (
    Answer,
    Key,
    Reference,
    Text,
    Unknown,
    Value,
    reasons,
)


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
    credentials: Value = None
    mentioned: tuple[tuple[Key, str], ...] = ()
    exists: Answer = True
    further: bool = False
    open_end: Unknown | None = None


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
        self.open_end = declared.open_end
        self.declared = declared
        properties = Properties(declared.attributes, kind or Kind(declared.type))
        self._properties = properties.values
        self._origins = {place: (declared, attribute) for place, attribute in properties.origins.items()}
        self._attributes = deletion_of(declared.attributes, kind)
        names = kind.names if kind else {}
        self._mentioned = [(key, names.get(path, spelled(path)).strip("^[]{}")) for key, path in declared.mentioned]
        self.left_to_others = _left_to_others(declared, names)

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
    def credentials(self) -> Value:
        """What its provider signs in with."""
        return self.declared.credentials

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

    def in_its_words(self, fix: str) -> str:
        """The fix with Terraform's attributes and types."""
        from seawall.sources.terraform_words import in_terraform  # only findings need it

        return in_terraform(fix, self.declared_type)

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
        steps = path.split(".")
        for length in range(len(steps), 0, -1):
            declared, attribute = self._origins.get(".".join(steps[:length]), (self.declared, ""))
            if declared.document is self.document and attribute in declared.lines:
                return declared.lines[attribute]
        return self.line

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
            for reference, path in mentioned_at(value, name):
                if (reference.key, path) not in seen:
                    seen.add((reference.key, path))
                    yield reference.key, path
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
        properties = Properties(attributes, Kind("", part.names, finish=part.finish))
        added = properties.values
        if part.adds:
            element = declared.attributes.get(part.value) if part.value else added
            added = {part.adds: [element]}
        for name, value in added.items():
            self._properties[name] = merged(self._properties.get(name), value)
        prefix = f"{part.adds}." if part.adds else ""
        self._origins.update({prefix + place: (declared, name) for place, name in properties.origins.items()})


def _left_to_others(declared: Declared, names: Mapping[str, str]) -> frozenset[str]:
    blocks = declared.attributes.get("lifecycle")
    ignored = blocks[0].get("ignore_changes", ()) if isinstance(blocks, list) and blocks else ()
    if "all" in ignored:
        return frozenset("*")
    return frozenset(names.get(name, spelled(name)).strip("^[]{}").partition(".")[0] for name in ignored)


def _block_address(key: Key) -> str:
    return key[1].rpartition("[")[0] if key[1].endswith("]") else key[1]


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
