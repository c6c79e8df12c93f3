"""See single_az_endpoint.md: why it matters, how to fix it, what is and is not flagged."""

from collections.abc import Hashable

from seawall.design import Design, Resource
from seawall.networks import judged_in_its_network
from seawall.placement import spread_of_subnets
from seawall.policy import Verdict, not_applicable, policy, undecided
from seawall.subnet_lists import sign_of, subnets_in
from seawall.values import Unknown, Value

ENDPOINT = "AWS::EC2::VPCEndpoint"
SERVICES = ("ServiceName", "ResourceConfigurationArn", "ServiceNetworkArn")
OTHERWISE = (
    "it has addresses in one zone only: when that zone is lost, nothing in the other zones reaches what is behind it"
)


@policy(applies_to=(ENDPOINT, "AWS::Route53Resolver::ResolverEndpoint"))
def single_az_endpoint(endpoint: Resource, design: Design) -> Verdict:
    """Endpoint has addresses in a single availability zone."""
    if endpoint.type != ENDPOINT:
        return _judged(endpoint, subnets_in(endpoint.get("IpAddresses")), "IpAddresses", design)
    kind = endpoint.get("VpcEndpointType") or "Gateway"
    subnets = endpoint.get("SubnetIds")
    if kind == "Gateway":
        return not_applicable("a gateway endpoint is part of the route tables: it has no zone")
    if subnets in (None, []):
        because = kind if isinstance(kind, Unknown) else "whoever adds subnets to it"
        return undecided(because, at="SubnetIds", message="it names no subnet here", fix=_fix("SubnetIds"))
    # One endpoint for each zone is a way to keep traffic in its zone: those of one service count together.
    together = [other.get("SubnetIds") for other in _same_service(endpoint, design)]
    fix = "add an endpoint of the same service in a subnet of another zone" if kind == "GatewayLoadBalancer" else ""
    return _judged(endpoint, together or subnets, "SubnetIds", design, fix)


def _judged(endpoint: Resource, subnets: Value, at: str, design: Design, fix: str = "") -> Verdict:
    spread = spread_of_subnets(subnets, endpoint, design)
    accepting = "it has addresses in two zones or more"
    return judged_in_its_network(
        spread, subnets, endpoint, design, at=at, otherwise=OTHERWISE, fix=fix or _fix(at), accepting=accepting
    )


def _fix(at: str) -> str:
    return f"list subnets of two or more zones in {at}"


def _same_service(endpoint: Resource, design: Design) -> list[Resource]:
    groups = design.once("endpoints", lambda: design.untraced(lambda: _by_service(design)))
    group = groups.get(_service(endpoint), [])
    return [one for one in group if one is endpoint or one.exists is True]


def _by_service(design: Design) -> dict[Hashable, list[Resource]]:
    found: dict[Hashable, list[Resource]] = {}
    for endpoint in design.of_type(ENDPOINT):
        if endpoint.get("SubnetIds") not in (None, []):
            found.setdefault(_service(endpoint), []).append(endpoint)
    return found


def _service(endpoint: Resource) -> Hashable:
    """What it leads to and from which network; where that cannot be told, the endpoint itself."""
    named = next((endpoint.get(name) for name in SERVICES if endpoint.get(name) is not None), None)
    signs = (sign_of(named), sign_of(endpoint.get("VpcId")))
    return endpoint.key if named is None or None in signs else signs
