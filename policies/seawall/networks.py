"""The zones that a whole network covers, and what is deployed into it."""

from __future__ import annotations

from seawall.design import Design, Resource
from seawall.placement import SUBNET, Spread, judged_by_spread, spread_of_subnets
from seawall.policy import Verdict, accepted
from seawall.subnet_lists import elements_of
from seawall.values import Key, Reference, Value, reasons

VPC = "AWS::EC2::VPC"


def zones_of_network(vpc: Resource, design: Design) -> Spread:
    """The zones of every subnet that the design declares in a VPC; no zone at all where it declares none."""
    every = subnets_of(vpc, design)
    if not every:
        return Spread(0, 0)
    whole = spread_of_subnets([Reference(subnet.key) for subnet in every], vpc, design)
    sure = [subnet for subnet in every if subnet.exists is True]
    if len(sure) == len(every):
        return whole
    least = spread_of_subnets([Reference(subnet.key) for subnet in sure], vpc, design).at_least if sure else 0
    absent = reasons([subnet.exists for subnet in every])
    return Spread(least, whole.at_most, tuple(dict.fromkeys((*whole.because, *absent))), whole.evidence)


def macros_of(resource: Resource) -> list[str]:
    """The macros that rewrite a resource's whole template before it is deployed; those of AWS add no subnets."""
    root = resource.document.root
    named = root.get("Transform") if isinstance(root, dict) else None
    names = [named] if isinstance(named, str) else named if isinstance(named, list) else []
    return [name for name in names if isinstance(name, str) and not name.startswith("AWS::")]


def subnets_of(vpc: Resource, design: Design) -> list[Resource]:
    """The subnets of a VPC that exist or may exist here."""
    by_network = design.once("subnets of networks", lambda: design.untraced(lambda: _subnets_by_network(design)))
    return [subnet for subnet in by_network.get(vpc.key, ()) if subnet.exists is not False]


def _subnets_by_network(design: Design) -> dict[Key, list[Resource]]:
    found: dict[Key, list[Resource]] = {}
    for subnet in design.of_type(SUBNET):
        vpc = design.resolve(subnet.get("VpcId"), VPC)
        if vpc is not None:
            found.setdefault(vpc.key, []).append(subnet)
    return found


def judged_in_its_network(
    spread: Spread,
    subnets: Value,
    resource: Resource,
    design: Design,
    *,
    at: str,
    otherwise: str,
    fix: str,
    accepting: str,
) -> Verdict:
    """Like ``judged_by_spread``, but one zone is enough for a network that has no other."""
    if spread.several is False:
        vpc = _network_of(resource, subnets, design)
        if vpc is not None and zones_of_network(vpc, design).several is False:
            message = "every subnet of its network is in that zone: no other zone depends on it"
            return accepted(message, at=at, evidence=spread.evidence)
    return judged_by_spread(spread, at=at, otherwise=otherwise, fix=fix, accepting=accepting)


def _network_of(resource: Resource, subnets: Value, design: Design) -> Resource | None:
    vpc = design.resolve(resource.get("VpcId"), VPC) or design.resolve(resource.get("VpcArn"), VPC)
    if vpc is not None:
        return vpc
    for element in elements_of(subnets, design)[0]:
        subnet = design.resolve(element, SUBNET)
        if subnet is not None:
            return design.resolve(subnet.get("VpcId"), VPC)
    return None
