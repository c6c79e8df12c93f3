"""What DNS records point at, and whether they can point elsewhere when it fails.

Source: "Choosing a routing policy" and "How Route 53 determines whether a record is healthy" in the
Route 53 developer guide.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from seawall.design import Design, Resource
from seawall.policy import Outcome, Verdict, not_applicable, undecided
from seawall.values import (
    Answer,
    Reference,
    Text,
    Unknown,
    Value,
    boolean,
    field,
    items,
    leaves,
    reasons,
    same,
)

REGIONAL_TYPES = (
    "AWS::ElasticLoadBalancingV2::LoadBalancer", "AWS::ElasticLoadBalancing::LoadBalancer",
    "AWS::ApiGateway::DomainName", "AWS::ApiGatewayV2::DomainName", "AWS::ApiGateway::RestApi",
    "AWS::ApiGatewayV2::Api", "AWS::EC2::Instance", "AWS::EC2::EIP", "AWS::EC2::VPCEndpoint",
    "AWS::ElasticBeanstalk::Environment", "AWS::AppRunner::Service", "AWS::Lightsail::Instance",
    "AWS::Lambda::Url", "AWS::VpcLattice::Service",
)  # fmt: skip
"""Front doors that stand in one region."""

REGIONAL_NAME = re.compile(
    r"\.elb\.amazonaws\.com|\.elb\.[a-z0-9-]+\.amazonaws\.com|\.execute-api\.|\.elasticbeanstalk\.com"
    r"|\.awsapprunner\.com"
    r"|\.compute(-1)?\.amazonaws\.com|\.vpce\.amazonaws\.com|\.lambda-url\."
)
CHOOSING = (
    "Failover",
    "Region",
    "GeoLocation",
    "GeoProximityLocation",
    "CidrRoutingConfig",
    "MultiValueAnswer",
    "Weight",
)
"""Properties that make Route 53 choose among records of one name."""


class Target(NamedTuple):
    """What a record points at: ``regional`` True, False or the Unknown that decides; ``name`` for people."""

    regional: Answer
    name: str = ""


def target_of(record: Value, design: Design) -> Target:
    """What a record points at, if it is of a type that leads clients somewhere (A, AAAA, CNAME)."""
    kind = field(record, "Type")
    if isinstance(kind, str) and kind not in ("A", "AAAA", "CNAME"):
        return Target(regional=False)
    name = _text(field(record, "Name"))
    if name.startswith("_"):
        return Target(regional=False)  # proves the ownership of a domain, for a certificate or mail
    if any("DomainValidationOptions" in reason for reason in reasons([field(record, "Name"), kind])):
        return Target(regional=False)  # the same, in a loop over what a certificate asks for
    alias = field(record, "AliasTarget.DNSName")
    listed = items(field(record, "ResourceRecords"))
    targets = [alias] if alias is not None else [listed] if isinstance(listed, Unknown) else listed
    found = [_target(value, design) for value in targets]
    sure = next((target for target in found if target.regional is True), None)
    unsure = next((target for target in found if target.regional is not False), None)
    return sure or unsure or Target(regional=False)


def _target(value: Value, design: Design) -> Target:
    named = [leaf for leaf in leaves(value) if isinstance(leaf, Reference) and leaf.key in design.all]
    for reference in named:
        resource = design.all[reference.key]
        if resource.type in REGIONAL_TYPES and not _is_internal(resource, reference):
            return Target(regional=True, name=resource.id)
    if named:
        return Target(regional=False)  # a distribution, an accelerator, another record: no region's front door
    if REGIONAL_NAME.search(_text(value)):
        return Target(regional=True, name=_text(value))
    if reasons(value) and not _is_global(_text(value)):
        return Target(Unknown(reasons(value)), str(value))
    return Target(regional=False)


def _is_internal(resource: Resource, reference: Reference) -> bool:
    # Who reaches a private address is in the same network, and falls with its region.
    return reference.attribute.startswith("Private") or same(resource.get("Scheme"), "internal") is True


def _is_global(name: str) -> bool:
    return any(
        mark in name for mark in ("cloudfront.net", "awsglobalaccelerator.com", "s3-website", ".acm-validations.")
    )


def _text(value: Value) -> str:
    return str(value).lower() if isinstance(value, (str, Text)) else ""


def is_private(record: Value, holder: Resource, design: Design) -> bool:
    """Whether a record stands in a private zone: it serves one network, which falls with its region."""
    names = ("HostedZoneId", "HostedZoneName")
    for value in [source for name in names for source in (field(record, name), holder.get(name))]:
        zone = design.resolve(value, "AWS::Route53::HostedZone")
        if zone is not None and zone.get("VPCs") is not None:
            return True
        if _text(value).rstrip(".").endswith((".local", ".internal", ".private", ".corp", ".lan")):
            return True
    return False


def moves_away(record: Value) -> Answer:
    """Whether Route 53 stops answering with this record when its target fails."""
    set_by = [name for name in CHOOSING if field(record, name) is not None]
    if not set_by:
        return False
    if "Failover" in set_by:
        return True
    follows, check = (
        boolean(field(record, "AliasTarget.EvaluateTargetHealth")),
        field(record, "HealthCheckId"),
    )
    if follows is True or (check is not None and not isinstance(check, Unknown)):
        return True
    because = reasons([follows, check])
    return Unknown(because) if because else False


def records_of(resource: Resource) -> list[Value] | Unknown:
    """The records that a RecordSet or RecordSetGroup declares, as mappings."""
    if resource.type == "AWS::Route53::RecordSetGroup":
        return items(resource.get("RecordSets"))
    names = (
        *CHOOSING,
        "Type",
        "Name",
        "AliasTarget",
        "ResourceRecords",
        "HealthCheckId",
        "HostedZoneId",
        "HostedZoneName",
    )
    return [{name: resource.get(name) for name in names if resource.get(name) is not None}]


def worst_of_records(resource: Resource, judge: Callable[[Value], Verdict], *, fix: str, otherwise: str) -> Verdict:
    """The worst verdict about a record that a resource declares; ``otherwise`` says why none concerns the policy."""
    records = records_of(resource)
    if isinstance(records, Unknown):
        return undecided(records, at="RecordSets", fix=fix)
    verdicts = [judge(record) for record in records]
    for outcome in (Outcome.FLAGGED, Outcome.UNDECIDED, Outcome.ACCEPTED):
        for verdict in verdicts:
            if verdict.outcome is outcome:
                return verdict
    return not_applicable(otherwise)
