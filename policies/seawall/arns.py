"""Whether an ARN, or a pattern of one, names a resource whose name may not be known yet.

The forms of the ARNs are those of the service authorization reference ("Resource types defined by …").
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from seawall.design import Design, Resource
from seawall.values import Answer, Reference, Text, Unknown, Value, field, join_parts, reasons


class ArnForm(NamedTuple):
    """How a type's ARN is made: service, what stands before the name, and the property that sets the name.

    ``generated`` tells that CloudFormation makes the name of the stack's name and the logical id where it
    is not set; other services invent an identifier.
    """

    service: str
    prefix: str
    name: str = ""
    generated: bool = False
    regional: bool = True


ARN_FORMS: dict[str, ArnForm] = {
    "AWS::DynamoDB::Table": ArnForm("dynamodb", "table/", "TableName", generated=True),
    "AWS::DynamoDB::GlobalTable": ArnForm("dynamodb", "table/", "TableName", generated=True),
    "AWS::RDS::DBInstance": ArnForm("rds", "db:", "DBInstanceIdentifier"),
    "AWS::RDS::DBCluster": ArnForm("rds", "cluster:", "DBClusterIdentifier"),
    "AWS::DocDB::DBCluster": ArnForm("rds", "cluster:", "DBClusterIdentifier"),
    "AWS::Neptune::DBCluster": ArnForm("rds", "cluster:", "DBClusterIdentifier"),
    "AWS::EFS::FileSystem": ArnForm("elasticfilesystem", "file-system/"),
    "AWS::FSx::FileSystem": ArnForm("fsx", "file-system/"),
    "AWS::FSx::Volume": ArnForm("fsx", "volume/"),
    "AWS::EC2::Volume": ArnForm("ec2", "volume/"),
    "AWS::EC2::Instance": ArnForm("ec2", "instance/"),
    "AWS::S3::Bucket": ArnForm("s3", "", "BucketName", generated=True, regional=False),
    "AWS::Redshift::Cluster": ArnForm("redshift", "cluster:", "ClusterIdentifier"),
    "AWS::Timestream::Database": ArnForm("timestream", "database/", "DatabaseName"),
}
"""The types that AWS Backup protects and a template declares."""


class Subject(NamedTuple):
    """The resource that a selection may take, where it is and how it is tagged.

    ``uncertain_tags`` is the Unknown behind tags whose keys the template does not tell; ``is_replica`` tells
    that the region is that of one copy among several.
    """

    resource: Resource
    region: Value
    tags: Mapping[str, Value] | Unknown
    uncertain_tags: Unknown | None = None
    is_replica: bool = False

    @classmethod
    def of(cls, resource: Resource, region: Value = None, tags: Mapping[str, Value] | None = None) -> Subject:
        """A resource with its own region and tags, or with those of one of its replicas."""
        own = resource.tags
        place = resource.region if region is None else region
        if isinstance(own, Unknown):
            return cls(resource, place, own, None, region is not None)
        every = {**own, **(tags or {})}
        if resource.language == "cloudformation":
            every = {**_inherited(resource), **every}
            # CloudFormation itself tags what it makes ("Resource tag" in its user guide).
            every.setdefault("aws:cloudformation:logical-id", resource.id)
            every.setdefault("aws:cloudformation:stack-name", resource.stack.reference("AWS::StackName"))
        return cls(resource, place, every, _uncertain(resource), region is not None)


def _inherited(resource: Resource) -> dict[str, Value]:
    """The tags of the nested stack that a resource is in; CloudFormation hands them on to all it makes."""
    parent = resource.design.stacks.get(resource.stack.template.parent or "")
    if parent is None or resource.stack.template.parent is None:
        return {}
    for logical_id, name in parent.template.nested.items():
        holder = resource.design.all.get((parent.name, logical_id))
        if name == resource.stack.name and holder is not None and isinstance(holder.tags, dict):
            return {**_inherited(holder), **holder.tags}
    return {}


def _uncertain(resource: Resource) -> Unknown | None:
    found: list[Value] = []
    for name in ("Tags", "FileSystemTags"):
        value = resource.get(name)
        for tag in value if isinstance(value, list) else ():
            key = field(tag, "Key")
            if not isinstance(key, (str, int)) and reasons(key):
                found.append(key)
    return Unknown(reasons(found)) if found else None


def arn_matches(pattern: Value, subject: Subject, design: Design) -> Answer:
    """Whether an ARN pattern (``*`` and ``?`` stand for anything) names the resource, as far as is known."""
    form = ARN_FORMS.get(subject.resource.type)
    if form is None or not isinstance(pattern, (str, Text, Unknown, Reference)):
        return False
    if isinstance(pattern, Unknown):
        return pattern
    parts: list[Value] = list(pattern.parts) if isinstance(pattern, Text) else [pattern]
    named = [part for part in parts if isinstance(part, Reference)]
    if any(part.key == subject.resource.key for part in named) or parts == ["*"]:
        return True
    if any(_is_other(part, subject, design) for part in named):
        return False
    if isinstance(pattern, Reference):
        return Unknown((str(pattern),))  # a custom resource, for example, may return any ARN
    return _texts_match(parts, subject, form, design)


def _is_other(part: Reference, subject: Subject, design: Design) -> bool:
    """Whether a piece names another resource that is backed up; its name may be a piece of this one's too."""
    if not _is_backed_up(part, design):
        return False
    name = subject.resource.get(ARN_FORMS[subject.resource.type].name or "-")
    return not (isinstance(name, Text) and part in name.parts)


def _is_backed_up(part: Reference, design: Design) -> bool:
    named = design.all.get(part.key)
    return named is not None and named.type in ARN_FORMS


def _texts_match(pattern: list[Value], subject: Subject, form: ArnForm, design: Design) -> Answer:
    signs = _Signs(design)
    name = _name(subject.resource, form)
    own = _own_arn(subject, form, name)
    if meet(signs.exact(own), signs.exact(pattern)):
        return True
    if not _may_meet(signs.loose(own), signs.loose(pattern)):
        return False
    if any(not isinstance(part, str) or set("*?") & set(part) for part in pattern):
        unknown = [part for part in (*pattern, name) if not _is_place(part)]
        return Unknown(reasons(unknown) or reasons(own))
    if isinstance(name, str):
        return True  # only the region or the account is left to the deployment
    # A name that the deployment invents is not written down before; one from a parameter may be.
    return Unknown(reasons(name)) if _from_outside(name) else False


def _may_meet(own: str, pattern: str) -> bool:
    """Like ``meet``, section by section where both have all six: an unknown region hides no resource."""
    left, right = own.split(":", 5), pattern.split(":", 5)
    if len(right) < len(left):
        return meet(own, pattern)
    return all(meet(one, other) for one, other in zip(left, right, strict=True))


def _is_place(part: Value) -> bool:
    identity = getattr(part, "identity", None)
    return isinstance(identity, tuple) and identity[:1] in (("AWS::Region",), ("AWS::AccountId",))


def _from_outside(name: Value) -> bool:
    return not (isinstance(name, Text) and isinstance(name.parts[-1], Unknown) and name.parts[-1].family == "invented")


def _name(resource: Resource, form: ArnForm) -> Value:
    """The resource's physical name; what the service will invent is an Unknown of its own."""
    name = resource.get(form.name) if form.name else None
    if name is not None:
        return name
    invented = Unknown((f"the name that {resource.id} gets",), ("name", resource.key), "invented")
    if not form.generated or resource.language != "cloudformation":
        return Text(("", invented))
    logical_id = resource.id.lower() if resource.type == "AWS::S3::Bucket" else resource.id
    return Text((resource.stack.reference("AWS::StackName"), f"-{logical_id}-", invented))


def _own_arn(subject: Subject, form: ArnForm, name: Value) -> list[Value]:
    account = subject.resource.account or _ACCOUNT
    place: list[Value] = [subject.region, ":", account] if form.regional else [":"]
    text = join_parts([f"arn:aws:{form.service}:", *place, f":{form.prefix}", name])
    return list(text.parts) if isinstance(text, Text) else [text]


_ACCOUNT = Unknown(("the account",), identity="the account")


class _Signs:
    """Stands one sign for each thing that is not known: equal things get equal signs."""

    def __init__(self, design: Design) -> None:
        self._design = design
        self._signs: dict[str, str] = {}

    def exact(self, parts: list[Value]) -> str:
        """The text where a sign stands for each unknown."""
        return "".join(part if isinstance(part, str) else self._sign(part) for part in parts)

    def loose(self, parts: list[Value]) -> str:
        """The text where an unknown may be anything; the name of another resource is no unknown."""
        return "".join(part if isinstance(part, str) else self._anything(part) for part in parts)

    def _anything(self, part: Value) -> str:
        known = isinstance(part, Reference) and _is_backed_up(part, self._design)
        return self._sign(part) if known else "*"

    def _sign(self, part: Value) -> str:
        identity = part if isinstance(part, Reference) else getattr(part, "identity", None)
        if isinstance(identity, tuple) and identity[:1] == ("AWS::AccountId",):
            identity = _ACCOUNT.identity  # a plan sees its own account only
        # An unknown without identity equals nothing, not even itself.
        key = f"nothing {len(self._signs)}" if identity is None else repr(identity)
        return self._signs.setdefault(key, chr(0xE000 + len(self._signs)))


def meet(left: str, right: str) -> bool:
    """Whether some text matches both patterns; ``*`` is any text and ``?`` any one character."""
    left, right = (re.sub(r"\*+", "*", pattern) for pattern in (left, right))  # a row of stars is one star
    reachable = {0}
    for sign in left:
        reachable = _step(_past_stars(reachable, right), right, sign)
        if not reachable:
            return False
    return len(right) in _past_stars(reachable, right)


def _past_stars(positions: set[int], pattern: str) -> set[int]:
    return positions | {position + 1 for position in positions if pattern.startswith("*", position)}


def _step(positions: set[int], pattern: str, sign: str) -> set[int]:
    if sign == "*":
        return set(range(min(positions), len(pattern) + 1)) if positions else set()
    found = set()
    for position in positions:
        if position == len(pattern):
            continue
        if pattern[position] == "*":
            found.add(position)
        elif sign == "?" or pattern[position] in ("?", sign):
            found.add(position + 1)
    return found
