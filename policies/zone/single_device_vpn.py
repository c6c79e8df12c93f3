"""See single_device_vpn.md: why it matters, how to fix it, what is and is not flagged."""

from collections.abc import Hashable

from seawall.design import Design, Resource
from seawall.policy import Verdict, accepted, flagged, policy, undecided
from seawall.subnet_lists import sign_of
from seawall.values import Unknown, Value, reasons, same

CONNECTION = "AWS::EC2::VPNConnection"
GATEWAYS = ("VpnGatewayId", "TransitGatewayId", "VpnConcentratorId")
DIRECT = (("AWS::DirectConnect::DirectConnectGatewayAssociation", "AssociatedGatewayId"),
          ("AWS::DirectConnect::PrivateVirtualInterface", "VirtualGatewayId"))  # fmt: skip
AT = "CustomerGatewayId"
FIX = "add an AWS::EC2::VPNConnection of the same gateway to a second AWS::EC2::CustomerGateway"


@policy(applies_to=CONNECTION)
def single_device_vpn(connection: Resource, design: Design) -> Verdict:
    """VPN ends at a single device on the other side."""
    gateway = _gateway(connection)
    others = _connections(design).get(sign_of(gateway), []) if gateway is not None else []
    device = connection.get(AT)
    unknown: list[Value] = []
    for other in others:
        answer = same(device, other.get(AT))
        if answer is False and other.exists is True:
            evidence = (f"{connection.id}, {other.id} → {gateway}",)
            return accepted("another connection of its gateway ends at another device", at=AT, evidence=evidence)
        unknown += [value for value in (answer, other.exists) if isinstance(value, Unknown)]
    direct = _direct_connect(gateway, design)
    if direct is not None:
        return accepted(f"{direct.id} is a second way to its gateway", evidence=(f"{direct.id} → {gateway}",))
    if unknown:
        return undecided(Unknown(reasons(unknown)), at=AT, fix=FIX)
    if design.resolve(gateway) is None:
        message = "its gateway stands in another design: a second connection may end there"
        return undecided("what else is attached to its gateway", message=message, at=AT, fix=FIX)
    return flagged(
        "both tunnels end at one device: when it or its line fails, no zone reaches the other network",
        fix=FIX,
        at=AT,
    )


def _gateway(connection: Resource) -> Value:
    return next((connection.get(name) for name in GATEWAYS if connection.get(name) is not None), None)


def _connections(design: Design) -> dict[Hashable, list[Resource]]:
    """The VPN connections of each gateway."""
    found: dict[Hashable, list[Resource]] = design.once("vpn", lambda: design.untraced(lambda: _by_gateway(design)))
    return found


def _by_gateway(design: Design) -> dict[Hashable, list[Resource]]:
    found: dict[Hashable, list[Resource]] = {}
    for connection in design.of_type(CONNECTION):
        sign = sign_of(_gateway(connection))
        if sign is not None:
            found.setdefault(sign, []).append(connection)
    return found


def _direct_connect(gateway: Value, design: Design) -> Resource | None:
    sign = sign_of(gateway)
    for kind, at in DIRECT:
        for link in design.of_type(kind):
            if sign is not None and sign_of(link.get(at)) == sign:
                return link
    return None
