"""See blind_health_check.md: why it matters, how to fix it, what is and is not flagged."""

import re

from seawall.design import Design, Resource
from seawall.forwarding import listened_to
from seawall.policy import Verdict, accepted, flagged, not_applicable, policy, undecided
from seawall.values import Key, Unknown, Value, field, number, reasons

GROUP, CLASSIC = "AWS::ElasticLoadBalancingV2::TargetGroup", "AWS::ElasticLoadBalancing::LoadBalancer"
WEB, ENCRYPTED = frozenset({80, 8080}), frozenset({443, 8443})
"""Ports behind which a web server answers requests, and those where it most often does."""

FAILURES = {"HttpCode": frozenset({408, 429, *range(500, 600)}), "GrpcCode": frozenset({8, 13, 14})}
"""Answers of a server that cannot do its work: overloaded, out of time, broken, unavailable."""

OPEN_PORT = "it only asks whether a port opens: a server that answers every request with an error stays in service"


@policy(applies_to=(GROUP, CLASSIC))
def blind_health_check(target: Resource, design: Design) -> Verdict:
    """Health check passes although the service fails."""
    return _classic(target) if target.type == CLASSIC else _group(target, design)


def _classic(balancer: Resource) -> Verdict:
    at = "HealthCheck.Target"
    protocols = list(balancer.values_at("Listeners.Protocol"))
    answers_requests = bool({"HTTP", "HTTPS"} & {str(protocol).upper() for protocol in protocols})
    if not answers_requests and not reasons(protocols):
        return not_applicable("it passes connections on, not requests")
    target = balancer.get(at)
    if isinstance(target, Unknown) or (not answers_requests and not str(target).upper().startswith("HTTP")):
        return undecided(target if isinstance(target, Unknown) else protocols, at=at, fix=_fix(at))
    # A Classic Load Balancer whose template says nothing asks whether the instance's port opens.
    if str(target or "TCP").upper().startswith(("TCP", "SSL")):
        return flagged(OPEN_PORT, fix=_fix(at), at=at)
    return accepted("a request must succeed", at=at)


def _fix(at: str) -> str:
    if at == "HealthCheck.Target":
        return f"set {at} to HTTP:, the instance's port and a path that fails when the service does"
    return "set HealthCheckProtocol: HTTP and a HealthCheckPath that fails when the service does"


def _group(group: Resource, design: Design) -> Verdict:
    if group.get("TargetType") == "lambda":
        return not_applicable("a function is invoked whenever there is a request")
    enabled = group.boolean("HealthCheckEnabled")
    if enabled is False:
        problem = "nothing checks its targets: requests go on to those that fail"
        return flagged(problem, fix="set HealthCheckEnabled: true", at="HealthCheckEnabled")
    protocol = _protocol(group)
    if isinstance(protocol, Unknown):
        return undecided(protocol, at="HealthCheckProtocol", fix=_fix(""))
    if protocol == "TCP":
        return _open_port(group, design)
    verdict = _answers(group)
    if verdict is None and isinstance(enabled, Unknown):
        return undecided(enabled, at="HealthCheckEnabled", fix="set HealthCheckEnabled: true")
    return verdict or accepted("a request must succeed", at="HealthCheckPath")


def _answers(group: Resource) -> Verdict | None:
    """What is wrong with the answers that count as healthy."""
    for name, failures in FAILURES.items():
        at = f"Matcher.{name}"
        codes, fix = group.get(at), f"list only the answers of a healthy service in {at}"
        if reasons(codes):
            return undecided(codes, at=at, fix=fix)
        failing = sorted(failures & _codes(codes))
        if failing:
            problem = f"an answer of {failing[0]} counts as healthy: a service that fails stays in service"
            return flagged(problem, fix=fix, at=at)
    return None


def _protocol(group: Resource) -> str | Unknown:
    """How a target is checked; without a word, the way its requests come."""
    written = group.get("HealthCheckProtocol")
    if written is None:
        written = "HTTP" if group.get("TargetType") == "alb" else group.get("Protocol")
    if isinstance(written, Unknown) or reasons(written):
        return Unknown(reasons(written))
    return "HTTP" if str(written).upper() in ("HTTP", "HTTPS") else "TCP"


def _open_port(group: Resource, design: Design) -> Verdict:
    at = "HealthCheckProtocol"
    if group.get("Protocol") not in ("TCP", "TLS"):
        return accepted("targets that answer no requests are asked for a connection", at=at)
    port = _port(group, design)
    if isinstance(port, Unknown):
        message = f"whether requests come to it depends on {port}, its port"
        return undecided(port, at="Port", message=message, fix=_fix(""))
    # A port of its own, as Kubernetes gives one to each service, does not tell; its listener's may.
    ports = [port, *listened_to(group, design)]
    web = next((one for one in ports if one in WEB), None)
    if web is not None:
        return flagged(f"requests come to port {web:g}, and {OPEN_PORT}", fix=_fix(""), at=at)
    encrypted = next((one for one in ports if one in ENCRYPTED), None)
    if encrypted is not None:
        message = f"a connection is asked for; whether requests are what comes to port {encrypted:g} cannot be seen"
        return undecided("what its targets speak", at=at, message=message, fix=_fix("").replace("HTTP ", "HTTPS "))
    return accepted("targets that answer no requests are asked for a connection", at=at)


def _port(group: Resource, design: Design) -> float | Unknown | None:
    """The port of its targets: containers bring their own."""
    by_containers = design.once("container ports", lambda: design.untraced(lambda: _container_ports(design)))
    return number(by_containers.get(group.key, group.get("Port")))


def _container_ports(design: Design) -> dict[Key, Value]:
    found: dict[Key, Value] = {}
    for service in design.of_type("AWS::ECS::Service"):
        listed = service.items("LoadBalancers")
        for entry in listed if isinstance(listed, list) else ():
            group = design.resolve(field(entry, "TargetGroupArn"), GROUP)
            if group is not None:
                found[group.key] = field(entry, "ContainerPort")
    return found


def _codes(written: Value) -> set[int]:
    """The codes of ``200,301-302``."""
    found: set[int] = set()
    for first, last in re.findall(r"(\d+)(?:\s*-\s*(\d+))?", str(written or "")):
        found.update(range(int(first), int(last or first) + 1))
    return found
