"""A resource of a template as it was deployed, and what `Ref` and `GetAtt` give for it."""

import re
from dataclasses import dataclass
from typing import Any

from embedded_cloud.embedded import ACCOUNT

GLOBAL_TABLE = "AWS::DynamoDB::GlobalTable"
REPLICA = f"{GLOBAL_TABLE}.Replica"
"""One region's copy of a global table, read and completed like a resource of its own."""


@dataclass(frozen=True)
class Resource:
    """A resource of a template: `physical` is its name at the emulator, None when it was not deployed."""

    stack: str
    region: str
    logical: str
    type: str
    properties: dict[str, Any]
    physical: str | None


ATTRIBUTES = {
    "AWS::ApiGateway::RestApi": {"Arn": "arn:aws:apigateway:{region}::/restapis/{id}"},
    "AWS::ApiGateway::Stage": {"Arn": "arn:aws:apigateway:{region}::/restapis/{RestApiId}/stages/{id}"},
    "AWS::AppConfig::Application": {"Arn": "arn:aws:appconfig:{region}:{account}:application/{id}"},
    "AWS::AppConfig::ConfigurationProfile": {
        "Arn": "arn:aws:appconfig:{region}:{account}:application/{ApplicationId}/configurationprofile/{id}"
    },
    "AWS::AppConfig::Deployment": {
        "Arn": "arn:aws:appconfig:{region}:{account}:application/{ApplicationId}/environment/{EnvironmentId}"
        "/deployment/{id}"
    },
    "AWS::AppConfig::DeploymentStrategy": {"Arn": "arn:aws:appconfig:{region}:{account}:deploymentstrategy/{id}"},
    "AWS::AppConfig::Environment": {
        "Arn": "arn:aws:appconfig:{region}:{account}:application/{ApplicationId}/environment/{id}"
    },
    "AWS::Backup::BackupPlan": {
        "Arn": "arn:aws:backup:{region}:{account}:backup-plan:{id}",
        "BackupPlanId": "{id}",
    },
    "AWS::Backup::BackupVault": {
        "Arn": "arn:aws:backup:{region}:{account}:backup-vault:{id}",
        "BackupVaultArn": "arn:aws:backup:{region}:{account}:backup-vault:{id}",
        "BackupVaultName": "{id}",
    },
    "AWS::CloudFront::Distribution": {"Arn": "arn:aws:cloudfront::{account}:distribution/{id}"},
    "AWS::CloudFront::Function": {
        "Arn": "arn:aws:cloudfront::{account}:function/{id}",
        "FunctionARN": "arn:aws:cloudfront::{account}:function/{id}",
    },
    "AWS::CloudFront::KeyValueStore": {"Arn": "arn:aws:cloudfront::{account}:key-value-store/{id}"},
    "AWS::CloudFront::OriginAccessControl": {"Id": "{id}"},
    "AWS::CloudWatch::Alarm": {"Arn": "arn:aws:cloudwatch:{region}:{account}:alarm:{id}"},
    "AWS::CloudWatch::CompositeAlarm": {"Arn": "arn:aws:cloudwatch:{region}:{account}:alarm:{id}"},
    "AWS::CloudWatch::Dashboard": {"Arn": "arn:aws:cloudwatch::{account}:dashboard/{id}"},
    GLOBAL_TABLE: {"Arn": "arn:aws:dynamodb:{region}:{account}:table/{id}"},
    REPLICA: {"Arn": "arn:aws:dynamodb:{region}:{account}:table/{id}"},
    "AWS::EC2::SecurityGroup": {"GroupId": "{id}"},
    "AWS::ECS::Cluster": {"Arn": "arn:aws:ecs:{region}:{account}:cluster/{id}"},
    "AWS::ECS::Service": {"Arn": "{id}", "Name": "{name}"},
    "AWS::Events::Rule": {"Arn": "arn:aws:events:{region}:{account}:rule/{id}"},
    "AWS::IAM::Role": {"Arn": "arn:aws:iam::{account}:role/{id}"},
    "AWS::KMS::Key": {"Arn": "arn:aws:kms:{region}:{account}:key/{id}"},
    "AWS::Lambda::EventSourceMapping": {"Arn": "arn:aws:lambda:{region}:{account}:event-source-mapping:{id}"},
    "AWS::Lambda::Function": {"Arn": "arn:aws:lambda:{region}:{account}:function:{id}"},
    "AWS::Lambda::Version": {"Version": "{name}"},
    "AWS::Logs::LogGroup": {"Arn": "arn:aws:logs:{region}:{account}:log-group:{id}:*"},
    "AWS::RDS::DBCluster": {
        "Arn": "arn:aws:rds:{region}:{account}:cluster:{id}",
        "DBClusterArn": "arn:aws:rds:{region}:{account}:cluster:{id}",
        "MasterUserSecret.SecretArn": "arn:aws:secretsmanager:{region}:{account}:secret:rds!cluster-{id}",
    },
    "AWS::RDS::DBInstance": {
        "Arn": "arn:aws:rds:{region}:{account}:db:{id}",
        "DBInstanceArn": "arn:aws:rds:{region}:{account}:db:{id}",
        "MasterUserSecret.SecretArn": "arn:aws:secretsmanager:{region}:{account}:secret:rds!db-{id}",
    },
    "AWS::RDS::DBSubnetGroup": {"Arn": "arn:aws:rds:{region}:{account}:subgrp:{id}"},
    "AWS::S3::Bucket": {"Arn": "arn:aws:s3:::{id}", "RegionalDomainName": "{id}.s3.{region}.amazonaws.com"},
    "AWS::SQS::Queue": {"Arn": "arn:aws:sqs:{region}:{account}:{name}", "QueueName": "{name}"},
    "AWS::WAFv2::WebACL": {"Arn": "arn:aws:wafv2:{region}:{account}:{scope}/webacl/{1}/{2}"},
}
"""What `GetAtt` gives, made of the names that `named` knows; deployed_stacks.py asks the services for others."""


def named(resource: Resource, name: str) -> Any:
    """What a name in braces stands for.

    `id` is the physical name, `name` its last part, `1` and so on its parts between bars, `number` itself as a number;
    `arn`, `region`, `account`, `logical`, `stack`; a firewall's `scope` in its ARN; else a property of
    the template, or with dots a part of one; `first:` is its first element. A name that the template leaves to AWS is
    the one that the emulator gave, or will be given. Raises KeyError for what is not there.
    """
    physical = resource.physical or ""
    if name.isdigit():
        return physical.split("|")[int(name) - 1]
    plain = {
        "id": physical,
        "name": re.split("[/:]", physical)[-1],
        "region": resource.region,
        "account": ACCOUNT,
        "logical": resource.logical,
        "stack": resource.stack,
    }
    if name in plain:
        return plain[name]
    if name == "number":
        return int(physical)
    if name == "arn":
        return attribute(resource, "Arn") or physical
    if name == "scope":
        return "global" if resource.properties["Scope"] == "CLOUDFRONT" else "regional"
    if name.endswith("Name") and name not in resource.properties and "." not in name:
        return plain["name"] or f"{resource.stack}-{resource.logical}"
    return _property(resource, name)


def _property(resource: Resource, name: str) -> Any:
    if name.startswith("first:"):
        return resource.properties[name.removeprefix("first:")][0]
    value: Any = resource.properties
    for part in name.split("."):
        value = value[part]
    return value


def attribute(resource: Resource, name: str) -> str | None:
    """What `GetAtt` gives; None when only the service knows."""
    pattern = ATTRIBUTES.get(resource.type, {}).get(name)
    if pattern is None:
        return None
    return re.sub(r"\{(\w+)\}", lambda match: str(named(resource, match[1])), pattern)
