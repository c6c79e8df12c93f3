"""What AWS itself has already checked about the zones of a design's subnets."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from weakref import WeakKeyDictionary

from seawall.design import Design, Resource
from seawall.subnet_lists import elements_of, kind_of, subnets_in
from seawall.values import Unknown, Value, same

PAIRWISE = (
    ("AWS::ElasticLoadBalancingV2::LoadBalancer", ("Subnets", "SubnetMappings")),
    ("AWS::ElasticLoadBalancing::LoadBalancer", ("Subnets",)),
    ("AWS::EC2::TransitGatewayAttachment", ("SubnetIds",)),
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

    ``apart`` holds groups of subnets that are pairwise in different zones, ``spanning`` whole lists that
    lie in two zones at least; each with the resource that proves it.
    """

    def __init__(self, design: Design) -> None:
        self.apart: list[tuple[str, list[Value], list[Unknown]]] = []
        self.spanning: list[tuple[str, list[Value], list[Unknown]]] = []
        for kind, paths in PAIRWISE:
            for resource in _surely(design, kind):
                elements, unbounded = elements_of([subnets_in(resource.get(path)) for path in paths], design)
                self.apart.append((resource.id, elements, unbounded))
                if is_application(resource):
                    self.spanning.append((resource.id, elements, unbounded))
        for kind, path in COVERS_TWO:
            for resource in _surely(design, kind):
                self.spanning.append((resource.id, *elements_of(resource.get(path), design)))
        for file_system in _surely(design, "AWS::EFS::FileSystem"):
            targets = [target for target in targets_of(file_system, design) if target.exists is True]
            subnets = [target.get("SubnetId") for target in targets]
            self.apart.append((f"the mount targets of {file_system.id}", subnets, []))

    def about(self, elements: list[Value], unbounded: list[Unknown]) -> str | None:
        """The proof that a list of subnets lies in two zones at least, in words."""
        for name, apart, lists in self.apart:
            known = [element for element in elements if _contains(apart, element) or _picked(element, lists)]
            if len(known) >= 2:
                return f"{name}: the API takes one subnet of each zone"
        for name, single, lists in self.spanning:
            listed = all(_contains(elements, element) for element in single)
            if (single or lists) and listed and all(_contains(unbounded, unknown) for unknown in lists):
                return f"{name}: the API refuses less than two zones"
        return None


def _picked(element: Value, lists: Iterable[Unknown]) -> bool:
    """Whether an element is picked by ``Fn::Select`` from one of these lists."""
    if not isinstance(element, Unknown) or kind_of(element) != "select":
        return False
    identity: Any = element.identity
    return any(unknown.identity == identity[1] for unknown in lists if unknown.identity is not None)


def _surely(design: Design, kind: str) -> Iterable[Resource]:
    return [resource for resource in design.of_type(kind) if resource.exists is True]


def _contains(values: Iterable[Value], wanted: Value) -> bool:
    return any(same(value, wanted) is True for value in values)


def proofs_of(design: Design) -> Proofs:
    """The proofs of a design, gathered once."""
    found: Proofs = kept(design, "proofs", lambda: untraced(design, lambda: Proofs(design)))
    return found


def untraced(design: Design, compute: Callable[[], Any]) -> Any:
    """What ``compute`` returns, without counting what it reads as read by whoever asked."""
    touched, design.touched = design.touched, set()  # what everybody may use is nobody's reason
    try:
        return compute()
    finally:
        design.touched = touched


_kept: WeakKeyDictionary[Design, dict[Any, tuple[Any, frozenset[Any]]]] = WeakKeyDictionary()


def kept(design: Design, key: Any, compute: Callable[[], Any]) -> Any:
    """What ``compute`` returns, computed once for a design; what it read counts as read each time."""
    shelf = _kept.setdefault(design, {})
    found = shelf.get(key)
    if found is None:
        touched, design.touched = design.touched, set()
        try:
            found = shelf[key] = (compute(), frozenset(design.touched))
        finally:
            design.touched = touched
    design.touched |= found[1]
    return found[0]


def is_application(load_balancer: Resource) -> bool:
    """Whether this is an Application Load Balancer, which the API refuses below two zones."""
    kind = load_balancer.get("Type") or "application"
    return load_balancer.type == "AWS::ElasticLoadBalancingV2::LoadBalancer" and bool(kind == "application")


def targets_of(file_system: Resource, design: Design) -> list[Resource]:
    """The mount targets of a file system that exist or may exist here; the API takes one in each zone."""
    return [target for owner, target in _mount_targets(design) if owner is file_system]


def _mount_targets(design: Design) -> list[tuple[Resource | None, Resource]]:
    targets = design.of_type("AWS::EFS::MountTarget")
    return [(design.resolve(target.get("FileSystemId")), target) for target in targets]
