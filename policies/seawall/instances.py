"""What depends on a single machine, and which other machines do the same work."""

from __future__ import annotations

from collections.abc import Iterator

from seawall.design import Design, Resource
from seawall.placement import zone_of_subnet, zone_value
from seawall.values import Unknown, Value, field, items, number

DEPENDENTS = frozenset(
    {
        "AWS::EC2::EIP",
        "AWS::EC2::EIPAssociation",
        "AWS::EC2::Instance",
        "AWS::EC2::Route",
        "AWS::EC2::VolumeAttachment",
        "AWS::ElasticLoadBalancing::LoadBalancer",
        "AWS::ElasticLoadBalancingV2::TargetGroup",
        "AWS::Route53::RecordSet",
        "AWS::Route53::RecordSetGroup",
        "AWS::CloudFront::Distribution",
        "AWS::AutoScaling::LaunchConfiguration",
        "AWS::EC2::LaunchTemplate",
        "AWS::ApiGateway::Method",
        "AWS::ApiGatewayV2::Integration",
    }
)
"""Types that lead people, traffic or data to one machine when they name it, as no alarm or output does."""

RULE = (
    "IpProtocol", "FromPort", "ToPort", "CidrIp", "CidrIpv6", "SourceSecurityGroupId", "SourcePrefixListId",
)  # fmt: skip

INTERFACE = "AWS::EC2::NetworkInterface"

ADMINISTRATION = frozenset({22, 3389, 5985, 5986})
"""Ports by which people look after a machine (SSH, RDP, WinRM): serving them alone makes no service of it."""


def dependents_of(instance: Resource, design: Design) -> list[str]:
    """What depends on the instance, in words: resources that lead to it, and ports that its groups open."""
    found: dict[str, None] = {}
    for resource in (instance, *_interfaces(instance, design)):
        for other, _ in design.referrers(resource):
            if other.type in DEPENDENTS and other.key != instance.key:
                found[f"{other.id} ({other.type.rsplit('::', 1)[-1]})"] = None
    if instance.boolean("SourceDestCheck") is False:
        found["traffic that it forwards"] = None
    for group in _security_groups(instance, design):
        for port in _served(group, design):
            found[f"port {port} of {group.id}"] = None
    return list(found)


def _interfaces(instance: Resource, design: Design) -> Iterator[Resource]:
    interfaces = instance.items("NetworkInterfaces")
    for interface in interfaces if isinstance(interfaces, list) else ():
        found = design.resolve(field(interface, "NetworkInterfaceId"), INTERFACE)
        if found is not None:
            yield found
    for attachment in design.of_type("AWS::EC2::NetworkInterfaceAttachment"):
        if design.resolve(attachment.get("InstanceId")) is instance:
            found = design.resolve(attachment.get("NetworkInterfaceId"), INTERFACE)
            if found is not None:
                yield found


def _security_groups(instance: Resource, design: Design) -> Iterator[Resource]:
    values = [instance.get("SecurityGroupIds"), instance.get("SecurityGroups")]
    interfaces = instance.items("NetworkInterfaces")
    listed = interfaces if isinstance(interfaces, list) else []
    values += [field(interface, "GroupSet") for interface in listed]
    values += [interface.get("GroupSet") for interface in _interfaces(instance, design)]
    for value in values:
        for name in value if isinstance(value, list) else (value,):
            group = design.resolve(name, "AWS::EC2::SecurityGroup")
            if group is not None:
                yield group


def _served(group: Resource, design: Design) -> Iterator[int]:
    """The ports that a group opens to others and that are not for administration."""
    rules = group.items("SecurityGroupIngress")
    for rule in rules if isinstance(rules, list) else ():
        if _for_others(rule, group, design):
            yield from _port(rule)
    for ingress in design.of_type("AWS::EC2::SecurityGroupIngress"):
        if design.resolve(ingress.get("GroupId")) is group:
            rule = {name: ingress.get(name) for name in RULE}
            if _for_others(rule, group, design):
                yield from _port(rule)


def _for_others(rule: Value, group: Resource, design: Design) -> bool:
    """Whether a rule lets in the world or members of another group; a range of addresses says too little."""
    if field(rule, "CidrIp") == "0.0.0.0/0" or field(rule, "CidrIpv6") == "::/0":
        return True
    source = field(rule, "SourceSecurityGroupId")
    if source is None:
        return field(rule, "SourcePrefixListId") is not None
    return design.resolve(source) is not group


def _port(rule: Value) -> Iterator[int]:
    protocol = field(rule, "IpProtocol")
    first, last = number(field(rule, "FromPort")), number(field(rule, "ToPort"))
    if protocol in ("icmp", "icmpv6", "-1", -1) or not isinstance(first, float) or not isinstance(last, float):
        return
    # A range that takes an administration port in says nothing about a service.
    if first > 0 and not any(first <= port <= last for port in ADMINISTRATION):
        yield int(first)


def zone_of_instance(instance: Resource, design: Design) -> Value:
    """The zone an instance runs in, or the ``Unknown`` that stands for it."""
    if instance.get("AvailabilityZone") is not None:
        return zone_value(instance.get("AvailabilityZone"), design)
    subnets = [instance.get("SubnetId")]
    interfaces = instance.items("NetworkInterfaces")
    listed = interfaces if isinstance(interfaces, list) else []
    subnets += [field(interface, "SubnetId") for interface in listed]
    subnets += [interface.get("SubnetId") for interface in _interfaces(instance, design)]
    for subnet in subnets:
        if subnet is not None:
            return zone_of_subnet(subnet, design)
    return Unknown((f"the zone that AWS picks for {instance.id}",), identity=("zone of", instance.key))


def twins_of(instance: Resource, design: Design) -> list[Resource]:
    """Other instances that do the same work: made alike, or named by the same load balancer."""
    alike = design.once("machines", lambda: design.untraced(lambda: _machines_by_make(design)))
    found = {other.key: other for machines in alike.values() if instance in machines for other in machines}
    for balancer, _ in design.referrers(instance):
        if "LoadBalancing" in balancer.type:
            targets = (design.all.get(target) for target, _ in balancer.references())
            found.update((target.key, target) for target in targets if target is not None)
    return [
        other
        for other in found.values()
        if other.type == instance.type and other.key != instance.key and other.exists is True
    ]


def _machines_by_make(design: Design) -> dict[str, list[Resource]]:
    """Instances by what they are made of, as far as that is the same for all that do one work."""
    names = ("ImageId", "InstanceType", "LaunchTemplate", "SecurityGroupIds", "IamInstanceProfile")
    found: dict[str, list[Resource]] = {}
    for instance in design.of_type("AWS::EC2::Instance"):
        make = repr([items(instance.get(name)) for name in names])
        found.setdefault(make, []).append(instance)
    return found
