"""What a design would deploy, whichever language it is written in: resources by region, type and physical name.

Names that only AWS would give are made of what a resource is: a key is called by what it encrypts, a subnet by its
addresses. Policies are what they allow, action by action. Read from a CDK assembly and from CloudFormation templates.
"""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from embedded_cloud.attributes import Resource, attribute
from embedded_cloud.embedded import ACCOUNT
from embedded_cloud.settled import settled

Key = tuple[str, str, str]
"""Region, type and name."""

NAMED_BY = {
    "AWS::ApplicationAutoScaling::ScalableTarget": "ResourceId",
    "AWS::ApplicationAutoScaling::ScalingPolicy": "PolicyName",
    "AWS::Backup::BackupPlan": "BackupPlan.BackupPlanName",
    "AWS::Backup::BackupSelection": "BackupSelection.SelectionName",
    "AWS::Backup::BackupVault": "BackupVaultName",
    "AWS::Backup::RestoreTestingPlan": "RestoreTestingPlanName",
    "AWS::Backup::RestoreTestingSelection": "RestoreTestingSelectionName",
    "AWS::CloudWatch::Alarm": "AlarmName AlarmDescription",
    "AWS::DynamoDB::GlobalTable": "TableName",
    "AWS::EC2::FlowLog": "ResourceId",
    "AWS::EC2::SecurityGroup": "GroupDescription",
    "AWS::EC2::Subnet": "CidrBlock",
    "AWS::EC2::VPC": "CidrBlock",
    "AWS::EC2::VPCEndpoint": "ServiceName",
    "AWS::ECS::Cluster": "ClusterName",
    "AWS::ECS::Service": "ServiceName",
    "AWS::ECS::TaskDefinition": "Family",
    "AWS::Events::Rule": "EventPattern ScheduleExpression",
    "AWS::IAM::Role": "RoleName AssumeRolePolicyDocument",
    "AWS::KMS::Alias": "AliasName",
    "AWS::KMS::Key": "Description",
    "AWS::Lambda::EventInvokeConfig": "FunctionName",
    "AWS::Lambda::EventSourceMapping": "EventSourceArn",
    "AWS::Lambda::Function": "FunctionName",
    "AWS::Lambda::Permission": "FunctionName",
    "AWS::Lambda::Url": "TargetFunctionArn",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::RDS::DBCluster": "DBClusterIdentifier",
    "AWS::RDS::DBInstance": "DBInstanceIdentifier",
    "AWS::RDS::DBSubnetGroup": "DBSubnetGroupName",
    "AWS::S3::Bucket": "BucketName",
    "AWS::S3::BucketPolicy": "Bucket",
    "AWS::SNS::Topic": "TopicName",
    "AWS::SNS::TopicPolicy": "Topics.0",
    "AWS::SQS::Queue": "QueueName",
    "AWS::SQS::QueuePolicy": "Queues.0",
    "AWS::Scheduler::Schedule": "Name",
}
"""The property that tells resources of a type apart, or the first one of several that is there."""


VERSIONS = ("AWS::Lambda::Alias", "AWS::Lambda::Version")
LIVE = ":live"
"""What an alias adds to the name of its function. The templates in CloudFormation have none: compared without it."""


IMAGE = "shop-orders-work:tested"
"""The only value that a template does not know by itself."""

Design = dict[Key, dict[str, Any]]
"""The properties of each resource, every value as text, and what becomes of it when its stack goes."""


IF = " if "
"""What parts a right from its conditions."""


def of_assembly(folder: Path) -> Design:
    """Return what the stacks of a CDK assembly deploy."""
    manifest = json.loads((folder / "manifest.json").read_text())
    stacks = [one for one in manifest["artifacts"].values() if one["type"] == "aws:cloudformation:stack"]
    design: Design = {}
    for stack in stacks:
        template = json.loads((folder / stack["properties"]["templateFile"]).read_text())
        design |= _Stack(template, stack["environment"].rsplit("/", 1)[-1]).design()
    return design


def of_templates(folder: Path, designs: Path) -> Design:
    """Return what the templates deploy that `designs`, a seawall.yaml, puts together."""
    [together] = yaml.safe_load(designs.read_text())["designs"]
    design: Design = {}
    for one in together["templates"]:
        template = yaml.safe_load((folder / one["path"]).read_text())
        missing = {name: IMAGE for name, asked in template.get("Parameters", {}).items() if "Default" not in asked}
        design |= _Stack(template, one["region"], missing).design()
    return design


class _Stack:
    """One template in one region."""

    def __init__(self, template: Mapping[str, Any], region: str, parameters: Mapping[str, Any] | None = None) -> None:
        self._region = region
        template = {key: value for key, value in template.items() if key != "Rules"}
        self._resources = settled(template, stack="stack", region=region, parameters=parameters)["Resources"]

    def design(self) -> Design:
        made: Design = {}
        for logical, resource in self._resources.items():
            if resource["Type"] == "AWS::IAM::Policy":
                continue
            properties = _without_alias(self._plain(resource.get("Properties", {})))
            if resource["Type"] == "AWS::IAM::Role":
                properties["Policies"] = self._rights(logical, properties)
            if resource["Type"] == "AWS::CloudWatch::Alarm":
                properties = _alarm(properties)
            for target in properties.get("Targets", ()):
                _fill_in(target)
            kept = {name: resource.get(name, "Delete") for name in ("DeletionPolicy", "UpdateReplacePolicy")}
            made[self._region, resource["Type"], self._name(logical)] = {**properties, **kept}
        return made

    def _rights(self, role: str, properties: dict[str, Any]) -> list[str]:
        """All that a role may do, whether it says so itself or a policy beside it does."""
        documents = [one["PolicyDocument"] for one in properties.get("Policies", [])]
        documents += [
            self._plain(resource["Properties"]["PolicyDocument"])
            for resource in self._resources.values()
            if resource["Type"] == "AWS::IAM::Policy" and {"Ref": role} in resource["Properties"]["Roles"]
        ]
        return sorted({_without_alias(right) for document in documents for right in document})

    def _name(self, logical: str) -> str:
        resource = self._resources[logical]
        for path in NAMED_BY.get(resource["Type"], "").split():
            value: Any = resource.get("Properties", {})
            for part in path.split("."):
                value = value[int(part)] if isinstance(value, list) else value.get(part)
            if value is not None:
                plain = _without_alias(self._plain(value))
                return plain if isinstance(plain, str) else json.dumps(plain, sort_keys=True)
        return logical

    def _plain(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._plain(item) for item in value]
        if not isinstance(value, dict):
            # A number and its text, a truth and its text: CloudFormation takes either.
            return str(value).lower() if isinstance(value, bool) else str(value)
        if "Statement" in value:
            return sorted(_rights_of({**value, "Statement": self._plain(value["Statement"])}))
        if len(value) == 1:
            [(function, argument)] = value.items()
            if function == "Ref" or function.startswith("Fn::"):
                return self._value(function, argument)
        return {key: self._plain(item) for key, item in value.items()}

    def _value(self, function: str, argument: Any) -> Any:
        match function:
            case "Ref":
                return self._reference(argument)
            case "Fn::GetAtt":
                return self._attribute(*(argument if isinstance(argument, list) else argument.split(".", 1)))
            case "Fn::Join":
                return argument[0].join(self._plain(argument[1]))
            case "Fn::Split":
                return self._plain(argument[1]).split(argument[0])
            case "Fn::Select":
                return self._plain(argument[1])[int(argument[0])]
            case "Fn::GetAZs":
                return [f"{self._region}{letter}" for letter in "abc"]
            case "Fn::Sub":
                text, own = (argument, {}) if isinstance(argument, str) else (argument[0], self._plain(argument[1]))
                return re.sub(r"\$\{([^}]+)\}", lambda match: own.get(match[1]) or self._substitute(match[1]), text)
        raise ValueError(f"{function} is not read here")

    def _substitute(self, name: str) -> str:
        return self._attribute(*name.split(".", 1)) if "." in name else self._reference(name)

    def _reference(self, name: str) -> str:
        pseudo = {"Partition": "aws", "Region": self._region, "AccountId": ACCOUNT, "URLSuffix": "amazonaws.com"}
        if name.startswith("AWS::"):
            return pseudo[name.removeprefix("AWS::")]
        if self._resources[name]["Type"] in VERSIONS:
            return self._attribute(name, "Arn")
        if self._resources[name]["Type"] == "AWS::SNS::Topic":
            return f"arn:aws:sns:{self._region}:{ACCOUNT}:{self._name(name)}"
        if self._resources[name]["Type"] == "AWS::SQS::Queue":
            return f"https://sqs.{self._region}.amazonaws.com/{ACCOUNT}/{self._name(name)}"
        return self._name(name)

    def _attribute(self, logical: str, name: str) -> str:
        resource = self._resources[logical]
        properties = resource.get("Properties", {})
        if resource["Type"] == "AWS::KMS::Key":
            return self._name(logical)
        if resource["Type"] in VERSIONS:
            return self._attribute(properties["FunctionName"]["Ref"], "Arn") + LIVE
        known = Resource("stack", self._region, logical, resource["Type"], properties, self._name(logical))
        return attribute(known, name) or f"{self._name(logical)}.{name}"


def _alarm(properties: dict[str, Any]) -> dict[str, Any]:
    """An alarm of one metric says it in either of two ways; what its curves are called in a graph is no difference."""
    metrics = properties.get("Metrics", [])
    for metric in metrics:
        metric.pop("Label", None)
        if "Expression" in metric:
            metric["Id"] = "result"
    if len(metrics) != 1:
        return properties
    measured = metrics[0]["MetricStat"]
    others = {name: value for name, value in properties.items() if name != "Metrics"}
    return {**others, **measured["Metric"], "Period": measured["Period"], "Statistic": measured["Stat"]}


def _fill_in(target: dict[str, Any]) -> None:
    """Write into the text that a rule sends where each of its parts comes from, instead of what that is called."""
    target.pop("Id")
    if transformer := target.pop("InputTransformer", None):
        for name, path in transformer["InputPathsMap"].items():
            transformer["InputTemplate"] = transformer["InputTemplate"].replace(f"<{name}>", f"<{path}>")
        target["Input"] = transformer["InputTemplate"]


def _rights_of(document: Mapping[str, Any]) -> Iterator[str]:
    """Each right of a policy as one text: effect, who, what, to what, on which condition."""
    for statement in document["Statement"]:
        if isinstance(statement, str):
            yield statement
            continue
        conditions = json.dumps(statement.get("Condition", {}), sort_keys=True)
        who = json.dumps(statement.get("Principal", ""), sort_keys=True).replace('{"AWS": "*"}', '"*"')
        for action in _listed(statement["Action"]):
            for resource in _listed(statement.get("Resource", "")):
                yield f"{statement['Effect']} {who} {action} {resource}{IF}{conditions}"


def _without_alias(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_alias(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_alias(item) for item in value]
    return value.replace(LIVE, "") if isinstance(value, str) else value


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
