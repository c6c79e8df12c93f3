"""Which target groups a load balancer sends to, and the attributes that both have as keys and values."""

from __future__ import annotations

from seawall.design import Design, Resource
from seawall.values import Key, Unknown, Value, field

BALANCER = "AWS::ElasticLoadBalancingV2::LoadBalancer"
LISTENER = "AWS::ElasticLoadBalancingV2::Listener"
RULE = "AWS::ElasticLoadBalancingV2::ListenerRule"
GROUP = "AWS::ElasticLoadBalancingV2::TargetGroup"


def attribute_of(resource: Resource, attributes: str, key: str) -> Value:
    """An attribute from a list of keys and values; an ``Unknown`` where the list is not known whole."""
    listed = resource.items(attributes)
    if isinstance(listed, Unknown):
        return listed
    unknown = None
    for item in listed:
        if field(item, "Key") == key:
            return field(item, "Value")
        if isinstance(item, Unknown):
            unknown = item
    return unknown


def groups_behind(load_balancer: Resource, design: Design) -> list[Resource]:
    """The target groups that its listeners and their rules forward to."""
    groups = design.once("target groups", lambda: design.untraced(lambda: _groups_by_balancer(design)))
    return [group for group in groups.get(load_balancer.key, ()) if group.exists is not False]


def listened_to(group: Resource, design: Design) -> list[float]:
    """The ports of the listeners that forward to a target group by default, as far as they are known."""
    ports = design.once("listened ports", lambda: design.untraced(lambda: _ports_by_group(design)))
    return ports.get(group.key, [])


def _ports_by_group(design: Design) -> dict[Key, list[float]]:
    found: dict[Key, list[float]] = {}
    for listener in design.of_type(LISTENER):
        groups: dict[Key, list[Resource]] = {}
        _note(groups, listener, listener, "DefaultActions", design)
        port = listener.number("Port")
        for group in groups.get(listener.key, ()):
            if isinstance(port, float):
                found.setdefault(group.key, []).append(port)
    return found


def _groups_by_balancer(design: Design) -> dict[Key, list[Resource]]:
    found: dict[Key, list[Resource]] = {}
    for listener in design.of_type(LISTENER):
        balancer = design.resolve(listener.get("LoadBalancerArn"), BALANCER)
        _note(found, balancer, listener, "DefaultActions", design)
    for rule in design.of_type(RULE):
        listener_of_rule = design.resolve(rule.get("ListenerArn"), LISTENER)
        if listener_of_rule is not None:
            balancer = design.resolve(listener_of_rule.get("LoadBalancerArn"), BALANCER)
            _note(found, balancer, rule, "Actions", design)
    return found


def _note(
    found: dict[Key, list[Resource]], balancer: Resource | None, source: Resource, actions: str, design: Design
) -> None:
    if balancer is None:
        return
    noted = found.setdefault(balancer.key, [])
    for path in (f"{actions}.TargetGroupArn", f"{actions}.ForwardConfig.TargetGroups.TargetGroupArn"):
        for value in source.values_at(path):
            group = design.resolve(value, GROUP)
            if group is not None and group not in noted:
                noted.append(group)
