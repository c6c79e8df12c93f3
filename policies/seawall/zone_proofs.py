"""What AWS itself has already checked about the zones of a design's subnets."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Any

from seawall.design import Design, Resource
from seawall.subnet_lists import elements_of, kind_of, sign_of, subnets_in
from seawall.values import Key, Unknown, Value

PAIRWISE = (
    ("AWS::ElasticLoadBalancingV2::LoadBalancer", ("Subnets", "SubnetMappings")),
    ("AWS::ElasticLoadBalancing::LoadBalancer", ("Subnets",)),
    ("AWS::EC2::TransitGatewayAttachment", ("SubnetIds",)),
    ("AWS::EC2::TransitGatewayVpcAttachment", ("SubnetIds",)),
    ("AWS::EC2::VPCEndpoint", ("SubnetIds",)),
    ("AWS::NetworkFirewall::Firewall", ("SubnetMappings",)),
)
"""Lists in which the API takes one subnet of each zone, by the API reference of their ``Create`` calls."""

COVERS_TWO = (
    ("AWS::RDS::DBSubnetGroup", "SubnetIds"),
    ("AWS::DocDB::DBSubnetGroup", "SubnetIds"),
    ("AWS::Neptune::DBSubnetGroup", "SubnetIds"),
    ("AWS::DMS::ReplicationSubnetGroup", "SubnetIds"),
    ("AWS::EKS::Cluster", "ResourcesVpcConfig.SubnetIds"),
)
"""Lists that the API refuses below two zones (``DBSubnetGroupDoesNotCoverEnoughAZs`` and its like)."""


class Proofs:
    """What the API has already checked about the subnets of a design.

    ``apart`` tells for each subnet the resources whose subnets are pairwise in different zones,
    ``spanning`` for one subnet of a list, or the list, what proves that all of it lies in two zones at least.
    """

    def __init__(self, design: Design) -> None:
        self.apart: dict[Hashable, set[str]] = {}
        self.spanning: dict[Hashable, list[tuple[str, set[Hashable]]]] = {}
        for kind, paths in PAIRWISE:
            for resource in _surely(design, kind):
                listed = elements_of([subnets_in(resource.get(path)) for path in paths], design)
                self._note_apart(resource.id, [*listed[0], *listed[1]])
                if is_application(resource):
                    self._note_spanning(resource.id, *listed)
        for kind, path in COVERS_TWO:
            for resource in _surely(design, kind):
                self._note_spanning(resource.id, *elements_of(resource.get(path), design))
        for file_system, targets in _mount_targets(design).items():
            subnets = [target.get("SubnetId") for target in targets if target.exists is True]
            self._note_apart(f"the mount targets of {file_system[1]}", subnets)

    def _note_apart(self, name: str, subnets: list[Value]) -> None:
        picked: dict[Hashable, set[Hashable]] = {}
        for subnet in subnets:
            self.apart.setdefault(sign_of(subnet), set()).add(name)
            if kind_of(subnet) == "select":
                picked.setdefault(_whole(subnet), set()).add(sign_of(subnet))
        for whole, some in picked.items():
            if len(some) > 1:  # two of a list that are apart: then the list lies in two zones
                self.spanning.setdefault(whole, []).append((_apart_by(name), {whole}))

    def _note_spanning(self, name: str, single: list[Value], lists: list[Unknown]) -> None:
        signs = {sign_of(value) for value in (*single, *lists)}
        if signs and None not in signs:
            proof = f"{name}: the API refuses less than two zones"
            self.spanning.setdefault(next(iter(signs)), []).append((proof, signs))

    def about(self, elements: list[Value], unbounded: list[Unknown]) -> str | None:
        """The proof that a list of subnets lies in two zones at least, in words."""
        seen: set[str] = set()
        for element in elements:
            names = self._apart_with(element)
            if names & seen:
                return _apart_by(min(names & seen))
            seen |= names
        signs = {sign_of(value) for value in (*elements, *unbounded)} - {None}
        for sign in signs:
            for proof, needed in self.spanning.get(sign, ()):
                if needed <= signs:
                    return proof
        return None

    def _apart_with(self, subnet: Value) -> set[str]:
        sign = sign_of(subnet)
        if sign is None:
            return set()
        names = self.apart.get(sign, set())
        if kind_of(subnet) == "select":  # one of a list that stands there as a whole
            names = names | self.apart.get(_whole(subnet), set())
        return names


def _whole(selected: Value) -> Hashable:
    """The sign of the list that one of its elements was selected from."""
    identity: Any = selected.identity if isinstance(selected, Unknown) else None
    return ("unknown", identity[1])


def _apart_by(name: str) -> str:
    return f"{name}: the API takes one subnet of each zone"


def _surely(design: Design, kind: str) -> Iterable[Resource]:
    return [resource for resource in design.of_type(kind) if resource.exists is True]


def proofs_of(design: Design) -> Proofs:
    """The proofs of a design, gathered once."""
    found: Proofs = design.once("proofs", lambda: design.untraced(lambda: Proofs(design)))
    return found


def is_application(load_balancer: Resource) -> bool:
    """Whether this is an Application Load Balancer, which the API refuses below two zones."""
    kind = load_balancer.get("Type") or "application"
    return load_balancer.type == "AWS::ElasticLoadBalancingV2::LoadBalancer" and bool(kind == "application")


def targets_of(file_system: Resource, design: Design) -> list[Resource]:
    """The mount targets of a file system that exist or may exist here; the API takes one in each zone."""
    targets = design.once("mount targets", lambda: design.untraced(lambda: _mount_targets(design)))
    found: list[Resource] = targets.get(file_system.key, [])
    return found


def _mount_targets(design: Design) -> dict[Key, list[Resource]]:
    found: dict[Key, list[Resource]] = {}
    for target in design.of_type("AWS::EFS::MountTarget"):
        file_system = design.resolve(target.get("FileSystemId"), "AWS::EFS::FileSystem")
        if file_system is not None:
            found.setdefault(file_system.key, []).append(target)
    return found
