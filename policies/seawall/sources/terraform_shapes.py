"""What no renaming says: properties of CloudFormation that Terraform writes in another shape.

Each function completes ``properties`` in place; ``attributes`` are Terraform's, evaluated.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from seawall.values import Unknown, Value, boolean, field

Attributes = Mapping[str, Any]
Properties = dict[str, Any]


def database_instance(attributes: Attributes, properties: Properties) -> None:
    """Terraform keeps no backups where nothing is said; a copy or a restore inherits its source's setting."""
    inherited = ("replicate_source_db", "snapshot_identifier", "restore_to_point_in_time", "s3_import")
    if not any(attributes.get(name) not in (None, "", []) for name in inherited):
        properties.setdefault("BackupRetentionPeriod", 0)


def database_cluster(attributes: Attributes, properties: Properties) -> None:
    """A cluster keeps one day of backups where nothing is said; a restore inherits its source's setting."""
    inherited = ("snapshot_identifier", "restore_to_point_in_time", "s3_import")
    if not any(attributes.get(name) not in (None, "", []) for name in inherited):
        properties.setdefault("BackupRetentionPeriod", 1)


def bucket(attributes: Attributes, properties: Properties) -> None:
    """The switches that the provider's third version wrote inside the bucket."""
    access = properties.get("AccessControl")
    if isinstance(access, str):
        properties["AccessControl"] = "".join(word.title() for word in access.split("-"))
    enabled = field(properties.get("VersioningConfiguration"), "Enabled")
    if enabled is not None:
        properties["VersioningConfiguration"] = {"Status": _status(enabled, "Enabled", "Suspended")}
    for rule in _list(field(properties.get("LifecycleConfiguration"), "Rules")):
        if isinstance(rule, dict) and rule.get("Enabled") is not None:
            rule["Status"] = _status(rule.pop("Enabled"), "Enabled", "Disabled")


def _status(switch: Value, on: str, off: str) -> Value:
    answer = boolean(switch)
    return answer if isinstance(answer, Unknown) else on if answer else off


def _list(value: Value) -> list[Value]:
    return value if isinstance(value, list) else []


def bucket_lifecycle(attributes: Attributes, properties: Properties) -> None:
    """A rule's expiration stands beside its status there, in a block of its own here."""
    for rule in _list(field(properties.get("LifecycleConfiguration"), "Rules")):
        days = field(rule, "Expiration.Days")
        if isinstance(rule, dict) and days is not None:
            rule["ExpirationInDays"] = days


def vault_lock(attributes: Attributes, properties: Properties) -> None:
    """A lock without limits is a lock all the same."""
    properties.setdefault("LockConfiguration", {})


_DURATION = re.compile(r"(\d+(?:\.\d+)?)(h|m|s)")
_SECONDS = {"h": 3600, "m": 60, "s": 1}


def resiliency_policy(attributes: Attributes, properties: Properties) -> None:
    """Durations (``1h30m``) are written in seconds there, and named after their unit."""
    policy: Value = properties.get("Policy")
    objectives = policy.items() if isinstance(policy, dict) else ()
    written = {"AZ" if name == "Az" else name: _in_seconds(objective) for name, objective in objectives}
    if written:
        properties["Policy"] = written


def _in_seconds(objective: Value) -> Value:
    if not isinstance(objective, dict):
        return objective
    return {f"{name.title()}InSecs": _seconds(value) for name, value in objective.items()}


def _seconds(value: Value) -> Value:
    if not isinstance(value, str):
        return value
    return sum(float(count) * _SECONDS[unit] for count, unit in _DURATION.findall(value))


def file_system(kind: str) -> Callable[[Attributes, Properties], None]:
    """One Terraform type for each file system that CloudFormation tells apart by ``FileSystemType``."""

    def finish(attributes: Attributes, properties: Properties) -> None:
        properties["FileSystemType"] = kind

    return finish


def block_devices(attributes: Attributes, properties: Properties) -> None:
    """Root and further volumes are one list there."""
    devices: list[Value] = []
    for name in ("RootBlockDevice", "EbsBlockDevice"):
        found = properties.pop(name, None)
        if isinstance(found, Unknown):
            properties["BlockDeviceMappings"] = found
            return
        for device in found if isinstance(found, list) else [] if found is None else [found]:
            if isinstance(device, dict):
                ebs = {key: value for key, value in device.items() if key != "DeviceName"}
                ebs.setdefault("DeleteOnTermination", True)  # what the provider takes where nothing is said
                root = "root" if name == "RootBlockDevice" else None
                devices.append({"DeviceName": device.get("DeviceName", root), "Ebs": ebs})
    if devices:
        properties["BlockDeviceMappings"] = devices


def scaling_group(attributes: Attributes, properties: Properties) -> None:
    """``traffic_source`` is the newer way to name a target group."""
    sources = attributes.get("traffic_source")
    for source in sources if isinstance(sources, list) else []:
        target = field(source, "identifier")
        name = "LoadBalancerNames" if field(source, "type") == "elb" else "TargetGroupARNs"
        if target is not None and not isinstance(properties.get(name), Unknown):
            properties[name] = [*_list(properties.get(name)), target]


def container_service(attributes: Attributes, properties: Properties) -> None:
    """Terraform starts no task where no number is given; CloudFormation starts one."""
    if attributes.get("scheduling_strategy") != "DAEMON":
        properties.setdefault("DesiredCount", 0)


_RULE = {"from_port": "FromPort", "to_port": "ToPort", "protocol": "IpProtocol", "ip_protocol": "IpProtocol"}
_SOURCES = {
    "cidr_blocks": "CidrIp",
    "cidr_ipv4": "CidrIp",
    "ipv6_cidr_blocks": "CidrIpv6",
    "cidr_ipv6": "CidrIpv6",
    "security_groups": "SourceSecurityGroupId",
    "source_security_group_id": "SourceSecurityGroupId",
    "referenced_security_group_id": "SourceSecurityGroupId",
    "prefix_list_ids": "SourcePrefixListId",
    "prefix_list_id": "SourcePrefixListId",
}


def _rules(rule: Any) -> list[Properties]:
    """One rule for each source: CloudFormation takes a single one."""
    if not isinstance(rule, Mapping):
        return []
    base = {name: rule[attribute] for attribute, name in _RULE.items() if rule.get(attribute) is not None}
    found: list[Properties] = []
    for attribute, name in _SOURCES.items():
        sources = rule.get(attribute)
        every = sources if isinstance(sources, list) else [] if sources is None else [sources]
        found += [{**base, name: source} for source in every]
    return found or [base]


def security_group(attributes: Attributes, properties: Properties) -> None:
    """Each rule of a group has one source there, lists of them here."""
    for attribute, name in (("ingress", "SecurityGroupIngress"), ("egress", "SecurityGroupEgress")):
        rules = attributes.get(attribute)
        if isinstance(rules, list):
            properties[name] = [one for rule in rules for one in _rules(rule)]
        elif rules is not None:
            properties[name] = rules


def security_group_rule(attributes: Attributes, properties: Properties) -> None:
    """A rule beside its group; several sources are judged by the first of them."""
    properties.update(_rules(attributes)[0])
    properties["GroupId"] = attributes.get("security_group_id")


def containers(attributes: Attributes, properties: Properties) -> None:
    """The JSON of container definitions starts its names in lower case, CloudFormation in upper case."""
    properties["ContainerDefinitions"] = _capitalised(properties.get("ContainerDefinitions"))


def _capitalised(value: Value) -> Value:
    if isinstance(value, dict):
        return {key[:1].upper() + key[1:]: _capitalised(item) for key, item in value.items()}
    return [_capitalised(item) for item in value] if isinstance(value, list) else value


def _attribute_list(attributes: Attributes, names: Mapping[str, str]) -> list[Value]:
    found: list[Value] = []
    for path, key in names.items():
        value = field(_first(attributes), path)
        if value is not None:
            found.append({"Key": key, "Value": value})
    return found


def _first(value: Any) -> Any:
    """Attributes whose single blocks are the mapping itself."""
    if isinstance(value, Mapping):
        return {name: _first(item) for name, item in value.items()}
    return _first(value[0]) if isinstance(value, list) and len(value) == 1 and isinstance(value[0], dict) else value


BALANCER_ATTRIBUTES = {
    "enable_cross_zone_load_balancing": "load_balancing.cross_zone.enabled",
    "enable_deletion_protection": "deletion_protection.enabled",
    "enable_zonal_shift": "zonal_shift.config.enabled",
    "dns_record_client_routing_policy": "dns_record.client_routing_policy",
    "idle_timeout": "idle_timeout.timeout_seconds",
    "access_logs.bucket": "access_logs.s3.bucket",
    "access_logs.enabled": "access_logs.s3.enabled",
    "connection_logs.bucket": "connection_logs.s3.bucket",
}


def load_balancer(attributes: Attributes, properties: Properties) -> None:
    """Switches of a load balancer are a list of keys and values there."""
    internal = boolean(attributes.get("internal"))
    properties["Scheme"] = (
        _status(internal, "internal", "internet-facing") if internal is not None else "internet-facing"
    )
    properties["Type"] = attributes.get("load_balancer_type") or "application"
    properties["LoadBalancerAttributes"] = _attribute_list(attributes, BALANCER_ATTRIBUTES)
    if "name" in attributes:
        properties["Name"] = attributes["name"]


HEALTH_CHECK = {
    "path": "HealthCheckPath",
    "port": "HealthCheckPort",
    "protocol": "HealthCheckProtocol",
    "interval": "HealthCheckIntervalSeconds",
    "timeout": "HealthCheckTimeoutSeconds",
    "enabled": "HealthCheckEnabled",
    "healthy_threshold": "HealthyThresholdCount",
    "unhealthy_threshold": "UnhealthyThresholdCount",
}


_FAILOVER = "target_group_health.dns_failover.minimum_healthy_targets"

TARGET_ATTRIBUTES = {
    f"{_FAILOVER}_count": "target_group_health.dns_failover.minimum_healthy_targets.count",
    f"{_FAILOVER}_percentage": "target_group_health.dns_failover.minimum_healthy_targets.percentage",
    "load_balancing_cross_zone_enabled": "load_balancing.cross_zone.enabled",
    "deregistration_delay": "deregistration_delay.timeout_seconds",
    "slow_start": "slow_start.duration_seconds",
}


def target_group(attributes: Attributes, properties: Properties) -> None:
    """The health check's settings are properties of the group itself there."""
    check = _first(attributes).get("health_check")
    for name, property_name in HEALTH_CHECK.items():
        value = field(check, name)
        if value is not None:
            properties[property_name] = value
    if field(check, "matcher") is not None:
        grpc = attributes.get("protocol_version") == "GRPC"
        properties["Matcher"] = {"GrpcCode" if grpc else "HttpCode": field(check, "matcher")}
    if check not in (None, []) and attributes.get("target_type") != "lambda":
        properties.setdefault("HealthCheckProtocol", "HTTP")  # the provider's own, whatever the group's protocol
    properties["TargetGroupAttributes"] = _attribute_list(attributes, TARGET_ATTRIBUTES)
