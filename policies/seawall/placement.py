"""Which availability zones a resource occupies, as far as its template can tell.

A zone is known (``us-east-1a``, ``use1-az1``) or symbolic (the first zone of the region): two indices of
one list differ, equal symbols are equal, and unrelated unknowns may be either. So the answer is a
``Spread``: how many distinct zones there are at least, how many at most, and what would tell.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from seawall.design import Design, Resource
from seawall.policy import Verdict, accepted, flagged, undecided
from seawall.subnet_lists import elements_of, kind_of
from seawall.values import Reference, Unknown, Value, reasons, same
from seawall.zone_proofs import proofs_of

MANY = 99
"""Stands for a number of zones that nothing bounds."""

SUBNET = "AWS::EC2::Subnet"


class Spread(NamedTuple):
    """How many distinct zones some places lie in, why that is not known, and what was followed."""

    at_least: int
    at_most: int
    because: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()

    @property
    def several(self) -> bool | Unknown:
        """Whether there are two zones or more."""
        if self.at_least >= 2:
            return True
        return False if self.at_most <= 1 else Unknown(self.because or ("the zones of the subnets",))


class Place(NamedTuple):
    """One subnet or zone of a list: how people call it, what identifies it, and the zone it is in."""

    name: str
    subnet: Value
    zone: Value


def spread_of_subnets(value: Value, resource: Resource, design: Design) -> Spread:
    """The zones of a property that lists subnets, however it is written.

    A list, one list parameter, ``Fn::Split`` or a comma-joined string. What the API guarantees about
    subnets that other resources share counts as proof: see ``zone_proofs``.
    """
    elements, unbounded = elements_of(value, design)
    places = [Place(_named(element), element, zone_of_subnet(element, design)) for element in elements]
    spread = _spread(places, unbounded, resource, design)
    if spread.several in (True, False):
        return spread
    proof = proofs_of(design).about(elements, unbounded)
    if proof is None:
        return spread
    return Spread(2, max(2, spread.at_most), (), (*spread.evidence, proof))


def places_of_subnets(value: Value, design: Design) -> tuple[list[Place], list[Unknown]]:
    """Each subnet of a property that lists subnets with its zone, and the lists in it that nobody can see into."""
    elements, unbounded = elements_of(value, design)
    return [Place(_named(element), element, zone_of_subnet(element, design)) for element in elements], unbounded


def places_of_group(group: Resource, design: Design) -> tuple[list[Place], list[Unknown]]:
    """Where an Auto Scaling group launches instances, see ``places_of_subnets``; its zones where it has no subnets."""
    subnets = group.get("VPCZoneIdentifier")
    if subnets is not None:
        return places_of_subnets(subnets, design)
    zones, unbounded = elements_of(group.get("AvailabilityZones"), design)
    every = [zone for zone in zones if isinstance(zone, Unknown) and kind_of(zone) == "zones"]
    places = [Place(_named(zone), None, zone_value(zone, design)) for zone in zones if zone not in every]
    return places, [*unbounded, *every]


def spread_of_zones(value: Value, resource: Resource, design: Design) -> Spread:
    """The zones of a property that lists zones themselves; all zones of a region are at least two."""
    if _is_every_zone(value):
        return Spread(2, MANY, (), (f"{resource.id} → every zone of the region",))
    elements, unbounded = elements_of(value, design)
    if any(_is_every_zone(element) for element in (*elements, *unbounded)):
        return Spread(2, MANY, (), (f"{resource.id} → every zone of the region",))
    places = [Place(_named(element), element, zone_value(element, design)) for element in elements]
    return _spread(places, unbounded, resource, design)


def judged_by_spread(spread: Spread, *, at: str, otherwise: str, fix: str, accepting: str) -> Verdict:
    """Accepts two zones, flags one, and leaves it undecided where only the deployment knows."""
    several = spread.several
    if several is True:
        return accepted(accepting, at=at, evidence=spread.evidence)
    if several is False:
        return flagged(otherwise, fix=fix, at=at, evidence=spread.evidence)
    message = f"whether it spans two zones depends on {several}"
    return undecided(several, at=at, message=message, fix=fix, evidence=spread.evidence)


def zone_of_subnet(value: Value, design: Design) -> Value:
    """The zone of a subnet: a name, a zone id, or an ``Unknown`` that stands for it."""
    subnet = design.resolve(value, SUBNET)
    if subnet is not None:
        return _zone_of_declared(subnet, design)
    label = _named(value)
    because = reasons(value) or (f"the zone of {label}",)
    return Unknown(because, identity=("zone of", _identity(value, label)))


def zone_value(value: Value, design: Design, depth: int = 0) -> Value:
    """A zone as something comparable: ``Fn::GetAtt`` of another resource's zone is followed."""
    if not isinstance(value, Reference):
        return value
    target = design.resolve(value)
    if target is not None and depth < 8 and value.attribute in ("AvailabilityZone", "AvailabilityZoneId"):
        if target.type == SUBNET:
            return _zone_of_declared(target, design, depth + 1)
        if target.get("AvailabilityZone") is not None:
            return zone_value(target.get("AvailabilityZone"), design, depth + 1)
        if target.get("SubnetId") is not None:
            return zone_of_subnet(target.get("SubnetId"), design)
    return Unknown((f"the zone {value}",), identity=("zone of", value))


def _zone_of_declared(subnet: Resource, design: Design, depth: int = 0) -> Value:
    zone = subnet.get("AvailabilityZone")
    if zone is None:
        zone = subnet.get("AvailabilityZoneId")
    if zone is None:
        return Unknown((f"the zone that AWS picks for {subnet.id}",), identity=("zone of", subnet.key))
    return zone_value(zone, design, depth)


def _is_every_zone(value: Value) -> bool:
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    return isinstance(value, Unknown) and kind_of(value) == "zones"


def _spread(places: list[Place], unbounded: list[Unknown], resource: Resource, design: Design) -> Spread:
    evidence = _evidence(places, unbounded, resource)
    if not places and not unbounded:
        return Spread(0, MANY, ("the subnets",), evidence)
    possibly: list[Value] = []  # zones that are not known to be equal
    different: list[set[int]] = []  # for each of them the earlier ones that it surely differs from
    because: dict[str, None] = {}
    for place in places:
        answers = [same_zone(other, place.zone, design) for other in possibly]
        if True in answers:
            continue
        because.update(dict.fromkeys(reason for answer in answers for reason in reasons(answer)))
        different.append({index for index, answer in enumerate(answers) if answer is False})
        possibly.append(place.zone)
    because.update(dict.fromkeys(reason for unknown in unbounded for reason in unknown.because))
    at_least = max(_pairwise_different(different), 1 if unbounded else 0)
    return Spread(at_least, MANY if unbounded else len(possibly), tuple(because), evidence)


def _pairwise_different(different: list[set[int]]) -> int:
    """How many of some zones surely differ from each other; two are always found, more where it is easy."""
    best = min(1, len(different))
    for last, earlier in enumerate(different):
        found = [last]
        for index in sorted(earlier, reverse=True):
            if all(index in different[other] for other in found):
                found.append(index)
        best = max(best, len(found))
    return best


def same_zone(left: Value, right: Value, design: Design) -> bool | Unknown:
    """Whether two zones are one; True, False, or the ``Unknown`` that decides."""
    # A zone's name and a zone's id may mean the same zone: only the account can tell.
    if isinstance(left, str) and isinstance(right, str) and ("-az" in left) != ("-az" in right):
        return Unknown((f"which zone {left if '-az' in left else right} is",))
    answer = same(left, right)
    if isinstance(answer, Unknown) and kind_of(left) == kind_of(right) == "mapping":
        return _same_in_map(left.identity, right.identity, design, answer)
    return answer


def _same_in_map(left: Any, right: Any, design: Design, otherwise: Unknown) -> bool | Unknown:
    """Two columns of a mapping whose row is unknown: they differ where they differ in every row."""
    _, stack, table, _, column = left
    if left[:4] != right[:4] or stack not in design.stacks:
        return otherwise
    rows = [row for row in design.stacks[stack].mappings[table].values() if isinstance(row, dict)]
    answers = {row.get(column) == row.get(right[4]) for row in rows}
    return answers.pop() if len(answers) == 1 else otherwise


def _evidence(places: list[Place], unbounded: list[Unknown], resource: Resource) -> tuple[str, ...]:
    if not places and not unbounded:
        return ()
    names = ", ".join([*(place.name for place in places), *(_named(unknown) for unknown in unbounded)])
    zones = list(dict.fromkeys(_named(place.zone) for place in places))
    unknown = all(kind_of(place.zone) == "zone of" for place in places)
    if unbounded or unknown or zones == [place.name for place in places]:
        return (f"{resource.id} → {names}",)
    quantity = {1: "", 2: "both "}.get(len(places), "all ") if len(zones) == 1 else ""
    return (f"{resource.id} → {names} → {quantity}{', '.join(zones)}",)


def _named(value: Value) -> str:
    """A subnet or a zone the way people call it: ``SubnetA``, ``GetAZs[0]``, ``Subnets[1]``."""
    if isinstance(value, Reference) and not value.attribute:
        return value.key[1]
    if not isinstance(value, Unknown):
        return str(value)
    identity: Any = value.identity
    if kind_of(value) == "zones":
        return "GetAZs"
    if kind_of(value) == "select":
        index = identity[2]
        whole = _named(Unknown(value.because, identity=identity[1]))
        return f"{whole}[{int(index) if isinstance(index, float) else index}]"
    if kind_of(value) == "mapping":
        return f"{identity[2]}.{identity[4]}"
    return str(value).removeprefix("parameter ").removeprefix("variable ")


def _identity(value: Value, label: str) -> Any:
    if isinstance(value, Unknown) and value.identity is not None:
        return value.identity
    return label if not isinstance(value, Unknown) else object()


def spread_of_groups(groups: list[Resource], design: Design) -> Spread:
    """The zones that some Auto Scaling groups launch into together; there must be one group at least."""
    subnets = [group.get("VPCZoneIdentifier") for group in groups]
    if len(groups) == 1 or None in subnets:
        return spread_of_group(groups[0], design)
    return spread_of_subnets(subnets, groups[0], design)


def spread_of_group(group: Resource, design: Design) -> Spread:
    """The zones that an Auto Scaling group launches into; its subnets count before its zones."""
    subnets = group.get("VPCZoneIdentifier")
    if subnets is not None:
        return spread_of_subnets(subnets, group, design)
    zones = group.get("AvailabilityZones")
    return spread_of_zones(group.get("AvailabilityZoneIds") if zones is None else zones, group, design)
