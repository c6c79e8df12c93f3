"""Whose traffic goes where: the subnets whose route tables send it through a NAT gateway."""

from __future__ import annotations

from typing import Any

from seawall.design import Design, Resource
from seawall.values import Reference, Value, field, items


def subnets_routed_through(gateway: Resource, design: Design) -> list[Value]:
    """The subnets, as their associations name them, that leave through this NAT gateway."""
    tables = design.once("tables of gateways", lambda: _tables_of_gateways(design)).get(gateway.key, [])
    subnets = design.once("subnets of tables", lambda: _subnets_of_tables(design))
    found: list[Value] = []
    for table in tables:
        found += [subnet for subnet in subnets.get(table, ()) if subnet not in found]
    return found


def _tables_of_gateways(design: Design) -> dict[Any, list[Any]]:
    found: dict[Any, list[Any]] = {}
    for route in design.of_type("AWS::EC2::Route"):
        _note(found, design, route.get("NatGatewayId"), _key(route.get("RouteTableId")))
    for table in design.of_type("AWS::EC2::RouteTable"):
        # Terraform writes routes inside their table too.
        routes = items(table.get("Routes"))
        for route in routes if isinstance(routes, list) else ():
            _note(found, design, field(route, "NatGatewayId"), table.key)
    return found


def _note(found: dict[Any, list[Any]], design: Design, gateway: Value, table: Any) -> None:
    target = design.resolve(gateway, "AWS::EC2::NatGateway") if gateway is not None else None
    if target is not None:
        found.setdefault(target.key, []).append(table)


def _subnets_of_tables(design: Design) -> dict[Any, list[Value]]:
    found: dict[Any, list[Value]] = {}
    for association in design.of_type("AWS::EC2::SubnetRouteTableAssociation"):
        table, subnet = association.get("RouteTableId"), association.get("SubnetId")
        if subnet is not None:
            found.setdefault(_key(table), []).append(subnet)
    return found


def _key(table: Value) -> Any:
    return table.key if isinstance(table, Reference) else repr(table)
