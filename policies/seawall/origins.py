"""Where the origins of a CloudFront distribution stand, and which of them a behaviour uses.

Source: "Optimize high availability with CloudFront origin failover" and "Origin settings" in the CloudFront
developer guide.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from seawall.buckets import BUCKET, named_bucket
from seawall.design import Design, Resource, mentioned
from seawall.dns_records import REGIONAL_NAME, REGIONAL_TYPES, moves_away, records_of
from seawall.values import Answer, Reference, Text, Unknown, Value, field, items, reasons, same

REGION_IN_NAME = re.compile(
    r"(?<![a-z0-9])((?:us|eu|ap|sa|ca|me|af|il|mx|cn)(?:-gov|-iso[a-z]?)?-(?:north|south|east|west|central){1,2}-\d)"
)
SEVERAL_REGIONS = ("AWS::S3::MultiRegionAccessPoint", "AWS::GlobalAccelerator::Accelerator")
SEVERAL_NAMES = (".accesspoint.s3-global.", "awsglobalaccelerator.com")
IN_ONE_REGION = (*REGIONAL_TYPES, BUCKET, "AWS::CloudFront::VpcOrigin", "AWS::S3ObjectLambda::AccessPoint",
                 "AWS::MediaStore::Container", "AWS::MediaPackage::OriginEndpoint")  # fmt: skip


CHOOSING_CODE = ("updateRequestOrigin", "selectRequestOriginById", "createRequestOriginGroup", "statusCode: 200")
"""What a CloudFront function contains that picks an origin, or that answers with a page of its own."""


class Place(NamedTuple):
    """Where an origin stands: ``one`` tells whether it is one region, ``region`` which one; ``name`` for people."""

    one: Answer
    region: Value
    name: str


def places_of(target: Value, distribution: Resource, design: Design) -> list[Place] | Unknown:
    """The places behind a ``TargetOriginId``: one for an origin, one a member for an origin group."""
    configuration = "DistributionConfig"
    groups = items(distribution.get(f"{configuration}.OriginGroups.Items"))
    origins = items(distribution.get(f"{configuration}.Origins"))
    if isinstance(groups, Unknown) or isinstance(origins, Unknown):
        return groups if isinstance(groups, Unknown) else origins if isinstance(origins, Unknown) else Unknown(())
    for group in groups:
        if same(field(group, "Id"), target) is True:
            members = items(field(group, "Members.Items"))
            if isinstance(members, Unknown):
                return members
            named = [field(member, "OriginId") for member in members]
            return [place for name in named for place in _of_origin(name, origins, distribution, design)]
    return list(_of_origin(target, origins, distribution, design))


def _of_origin(target: Value, origins: list[Value], distribution: Resource, design: Design) -> Iterator[Place]:
    for origin in origins:
        if same(field(origin, "Id"), target) is True:
            yield place_of(origin, distribution, design)
            return
    unknown = Unknown(reasons(target) or (f"origin {target}",))
    yield Place(unknown, unknown, str(target))


def place_of(origin: Value, distribution: Resource, design: Design) -> Place:
    """Where one origin stands, by what its domain name, or its VPC origin, refers to or spells."""
    name = field(origin, "DomainName")
    vpc = field(origin, "VpcOriginConfig.VpcOriginId")
    if vpc is not None:
        return _of_vpc_origin(vpc, name, distribution, design)
    found = next((design.all[one.key] for one in _references(name) if one.key in design.all), None)
    if found is not None and found.type in SEVERAL_REGIONS:
        return Place(False, None, found.id)
    if found is not None and found.type in IN_ONE_REGION:
        return Place(True, found.region, found.id)
    return _of_name(name, distribution, design)


def _references(value: Value) -> Iterator[Reference]:
    yield from mentioned(value)


def _of_vpc_origin(vpc: Value, name: Value, distribution: Resource, design: Design) -> Place:
    declared = design.resolve(vpc, "AWS::CloudFront::VpcOrigin")
    arn = declared.get("VpcOriginEndpointConfig.Arn") if declared is not None else None
    behind = design.resolve(arn) if arn is not None else None
    return Place(True, behind.region if behind is not None else _spelled(name, distribution), str(vpc))


def _of_name(name: Value, distribution: Resource, design: Design) -> Place:
    text = str(name).lower() if isinstance(name, (str, Text)) else ""
    if any(mark in text for mark in SEVERAL_NAMES):
        return Place(False, None, text)
    bucket = named_bucket(name, design) if ".s3" in text else None
    if bucket is not None:
        return Place(True, bucket.region, bucket.id)
    region = _spelled(name, distribution)
    if ".s3" in text or REGIONAL_NAME.search(text) or isinstance(region, str):
        return Place(True, region, str(name))
    return _of_record(name, text, design)


def _spelled(name: Value, distribution: Resource) -> Value:
    """The region that a domain name spells, or the deployment's own where it is left to it."""
    own = getattr(distribution.region, "identity", None)
    for part in name.parts if isinstance(name, Text) else (name,):
        found = REGION_IN_NAME.search(part) if isinstance(part, str) else None
        if found is not None:
            return found[1]
        if isinstance(part, Unknown) and own is not None and part.identity == own:
            return distribution.region
    return Unknown(reasons(name) or (f"the region of {name}",))


def _of_record(name: Value, text: str, design: Design) -> Place:
    """A name of one's own: what the records of the design say about it."""
    records = _records(design).get(text.rstrip("."), []) if text and not reasons(name) else []
    if any(moves_away(record) is True for record in records):
        return Place(False, None, str(name))
    because = Unknown(reasons(name) or (f"where {name} leads",))
    return Place(because, because, str(name))


def _records(design: Design) -> dict[str, list[Value]]:
    return design.once("records by name", lambda: _records_by_name(design))


def _records_by_name(design: Design) -> dict[str, list[Value]]:
    found: dict[str, list[Value]] = {}
    for holder in design.of_type("AWS::Route53::RecordSet", "AWS::Route53::RecordSetGroup"):
        records = records_of(holder)
        for record in [] if isinstance(records, Unknown) else records:
            name = field(record, "Name")
            if isinstance(name, str):
                found.setdefault(name.lower().rstrip("."), []).append(record)
    return found


def chooser_of(behavior: Value, design: Design) -> str:
    """The function of a behaviour that may pick another origin, or answer in its stead; empty where none does."""
    for association in _listed(field(behavior, "LambdaFunctionAssociations")):
        if same(field(association, "EventType"), "origin-request") is not False:
            return str(field(association, "LambdaFunctionARN"))
    for association in _listed(field(behavior, "FunctionAssociations")):
        function = design.resolve(field(association, "FunctionARN"), "AWS::CloudFront::Function")
        code = str(function.get("FunctionCode")) if function is not None else ""
        if any(mark in code for mark in CHOOSING_CODE):
            return function.id if function is not None else ""
    return ""


def _listed(value: Value) -> list[Value]:
    found = items(value)
    return [] if isinstance(found, Unknown) else found
