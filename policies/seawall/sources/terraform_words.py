"""A fix in Terraform's words: policies name CloudFormation's properties, whoever reads them writes attributes."""

from __future__ import annotations

import re

from seawall.sources.terraform_mapping import KINDS, SPELLINGS, Kind, spelled

_TYPE = re.compile(r"\bAWS::\w+::\w+")
_PROPERTY = re.compile(
    r"(?P<lead>\b(?:set|in|and|or|an?|with|leave|even|this|whose|the) )?"
    r"(?<![\w:.])(?P<path>[A-Z]\w*(?:\.[A-Z]\w*)*)\b(?P<value>: [\w-]+)?"
)
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_ELSEWHERE = {
    "ClusterConfig": "cluster_config",
    "BackupPlan.BackupPlanRule.ScheduleExpression": "rule.schedule",
    "CopyActions": "copy_action",
    "DeleteAfterDays": "lifecycle.delete_after",
    "DestinationBackupVaultArn": "destination_vault_arn",
    "ElasticsearchClusterConfig": "cluster_config",
    "DeploymentConfiguration.DeploymentCircuitBreaker.Enable": "deployment_circuit_breaker.enable",
    "DeploymentConfiguration.DeploymentCircuitBreaker.Rollback": "deployment_circuit_breaker.rollback",
    "HealthCheckEnabled": "health_check.enabled",
    "HealthCheckPath": "health_check.path",
    "HealthCheckProtocol": "health_check.protocol",
    "IpAddresses": "ip_address",
    "ExpirationInDays": "expiration.days",
    "LifecycleConfiguration.Rules": "aws_s3_bucket_lifecycle_configuration",
    "LockConfiguration": "aws_backup_vault_lock_configuration",
    "MethodSettings": "an aws_api_gateway_method_settings",
    "ProvisionedThroughput": "read_capacity and write_capacity",
    "LockConfiguration.MinRetentionDays": "min_retention_days in an aws_backup_vault_lock_configuration",
    "BackupPolicy.Status": "status in an aws_efs_backup_policy",
    "Matcher.GrpcCode": "health_check.matcher",
    "Matcher.HttpCode": "health_check.matcher",
    "NetworkConfiguration.AwsvpcConfiguration.Subnets": "network_configuration.subnets",
    "DestinationRegion": "destination_region in an aws_redshift_snapshot_copy",
    "OriginGroups": "origin_group",
    "ObjectLockConfiguration.Rule.DefaultRetention": (
        "rule.default_retention in an aws_s3_bucket_object_lock_configuration"
    ),
    "PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled": "point_in_time_recovery.enabled",
    "ReplicationConfiguration": "aws_s3_bucket_replication_configuration",
    "Notifications": "aws_backup_vault_notifications",
    "Replicas": "replica",
    "Resources": "resources",
    "Subnets": "subnets",
    "VersioningConfiguration.Status": "versioning_configuration.status in an aws_s3_bucket_versioning",
}
"""Properties that Terraform writes in another block or resource than the words would lead to."""

_KEYED = re.compile(r"(?P<key>[a-z_]+(?:\.[a-z_]+)+): (?P<value>\w+) (?P<word>in|from) [A-Z]\w+Attributes")
_ATTRIBUTES_BY_KEY = {
    ("in", "load_balancing.cross_zone.enabled"): "enable_cross_zone_load_balancing",
    ("from", "load_balancing.cross_zone.enabled"): "load_balancing_cross_zone_enabled",
    ("in", "deletion_protection.enabled"): "enable_deletion_protection",
}
"""What a load balancer (``in``) and a target group (``from``) have as keys and values there, as attributes here."""

_SERVICES = ("CloudFormation", "CloudFront", "DynamoDB", "ElastiCache", "EventBridge", "GlobalTable", "Terraform")
_ATTRIBUTES = {name: attribute for attribute, name in SPELLINGS.items()}


def in_terraform(fix: str, resource_type: str) -> str:
    """The fix with the attributes of a Terraform type for properties, and Terraform's types for CloudFormation's."""
    kind = KINDS.get(resource_type)
    names = _attributes_of(kind)
    nest = f"{kind.nest}." if kind and kind.nest else "."

    def attribute(found: re.Match[str]) -> str:
        lead, path, value = found["lead"] or "", found["path"], found["value"] or ""
        known = _ELSEWHERE.get(path) or names.get(path)
        if known is None and (path in _SERVICES or not (value or (lead and _HUMP.search(path)))):
            return found[0]
        name, _, place = (known or ".".join(map(_snake, path.removeprefix(nest).split(".")))).partition(" in ")
        return lead + name + _assigned(value[2:]) + (place and f" in {place}")

    fix = _KEYED.sub(_keyed, fix)
    return _PROPERTY.sub(attribute, _TYPE.sub(lambda found: _terraform_type(found[0], resource_type), fix))


def _keyed(found: re.Match[str]) -> str:
    name = _ATTRIBUTES_BY_KEY.get((found["word"], found["key"]))
    return found[0] if name is None else name + _assigned(found["value"])


def _attributes_of(kind: Kind | None) -> dict[str, str]:
    """The attribute behind each property that an entry of the mapping names."""
    found: dict[str, str] = {}
    for attribute, written in kind.names.items() if kind else ():
        name = written.strip("^[]{}")
        blocks = [spelled(block.strip("^[]{}")) for block in attribute.split(".")[:-1]]
        outside = [] if written.startswith("^") else [kind.nest] if kind and kind.nest else []
        found[".".join([*outside, *([] if written.startswith("^") else blocks), name])] = attribute
    return found


def _snake(name: str) -> str:
    return _ATTRIBUTES.get(name) or _HUMP.sub("_", name).lower()


def _assigned(value: str) -> str:
    if not value:
        return ""
    return f" = {value}" if value in ("true", "false") or value.isdigit() else f' = "{value}"'


def _terraform_type(name: str, near: str) -> str:
    if name == "AWS::DynamoDB::GlobalTable":
        return "aws_dynamodb_table"  # Terraform's type of that name is the one of 2017
    found = [terraform for terraform, kind in KINDS.items() if kind.type == name]
    return next((terraform for terraform in found if terraform.startswith(near)), found[0] if found else name)
