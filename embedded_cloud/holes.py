"""What the embedded cloud cannot do with templates: the one table, with the reason of each entry.

Everything here was found by trial with ministack 1.5.33. tests/cloud/test_deployment.py and test_parcels.py fail when
an entry is no longer needed, and when a template uses something that the emulator drops and that is not listed.
"""

import math
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from embedded_cloud.attributes import GLOBAL_TABLE, REPLICA


class Fate(StrEnum):
    """What becomes of a resource or a property that the emulator does not take as it is."""

    COMPLETED = "completed"
    """Set afterwards through the service's own API, with the template's values."""
    LOST = "lost"
    """Not there at all: nobody may claim anything about it."""
    SIMULATED = "simulated"
    """A process or a call of this folder does what the service would do."""
    SCALED = "scaled"
    """A duration, divided by the time scale."""
    ADAPTED = "adapted"
    """Deployed, with something in it changed so that the emulator takes it."""
    UNREAD = "unread"
    """Deployed, and no call gives it back: only its effect shows."""
    UNCHECKED = "unchecked"
    """Nobody knows: properties/ has no question for it, or the emulator did not answer."""


@dataclass(frozen=True)
class Hole:
    """Why something is not deployed as it is, and what is there instead."""

    fate: Fate
    reason: str


def _completed(reason: str = "dropped in silence, the API takes it") -> Hole:
    return Hole(Fate.COMPLETED, reason)


def _lost(reason: str) -> Hole:
    return Hole(Fate.LOST, reason)


def _simulated(reason: str) -> Hole:
    return Hole(Fate.SIMULATED, reason)


_REFUSED_BUT = _completed("refused in templates, the API takes it")
_NO_CONTAINERS = _simulated("no container starts; workers.py runs its processes")

REFUSED_TYPES = {
    "AWS::ApplicationAutoScaling::ScalableTarget": _simulated("no such API; start and stop tasks by workers.py"),
    "AWS::ApplicationAutoScaling::ScalingPolicy": _simulated("no such API; start and stop tasks by workers.py"),
    "AWS::ApplicationSignals::ServiceLevelObjective": _lost("no such API"),
    "AWS::Backup::BackupSelection": _REFUSED_BUT,
    "AWS::Backup::Framework": _lost("no such API"),
    "AWS::Backup::ReportPlan": _lost("no such API"),
    "AWS::Backup::RestoreTestingPlan": _lost("no such API; restore a test by backups.py"),
    "AWS::Backup::RestoreTestingSelection": _lost("no such API; restore a test by backups.py"),
    "AWS::CloudFront::KeyGroup": _REFUSED_BUT,
    "AWS::CloudFront::PublicKey": _REFUSED_BUT,
    "AWS::CloudWatch::CompositeAlarm": _REFUSED_BUT,
    "AWS::CodeDeploy::Application": _lost("no such API; functions are replaced at once"),
    "AWS::CodeDeploy::DeploymentGroup": _lost("no such API; functions are replaced at once"),
    "AWS::EC2::SecurityGroupEgress": _REFUSED_BUT,
    "AWS::EC2::SecurityGroupIngress": _REFUSED_BUT,
    "AWS::EC2::FlowLog": _completed("refused in templates, the API takes it; there is no traffic to log"),
    "AWS::FIS::ExperimentTemplate": _simulated("no such API; faults are methods of EmbeddedCloud"),
    "AWS::Route53::HealthCheck": _completed(
        "refused in templates, the API takes it; it has no status, nor is there a DNS"
    ),
    "AWS::SSM::Document": _lost("no such API; runbooks are for people"),
    "AWS::Synthetics::Canary": _simulated("no such API; clients ask instead"),
    "AWS::WAFv2::WebACLAssociation": _completed("refused in templates, the API takes it; no request is ever refused"),
}
"""Types that CloudFormation refuses there: removed from the templates, with what refers to them."""

REFUSED_SHAPES = {("AWS::CloudWatch::Alarm", "Metrics"): _completed("metrics in a list are refused in templates")}
"""A resource of this type with this property is refused and therefore removed, others of its type are not."""

UNKNOWN_TYPE = _lost("the emulator has no such type")
"""Of every type that is not listed and that it does not take."""

WRONG_REFERENCES = {"AWS::SecretsManager::Secret": "Arn"}
"""`Ref` gives the name there, on AWS what this attribute gives: the emulator's templates ask for the attribute."""

MIRRORING = "AWS::EC2::"
"""Types whose attributes that are properties, too, the emulator does not know: the property's value stands for it."""

MISSING_ATTRIBUTES = {
    ("AWS::RDS::DBCluster", "MasterUserSecret.SecretArn"): (
        "arn:${AWS::Partition}:secretsmanager:${AWS::Region}:${AWS::AccountId}:secret:rds!cluster-${LOGICAL}"
    ),
    ("AWS::RDS::DBInstance", "MasterUserSecret.SecretArn"): (
        "arn:${AWS::Partition}:secretsmanager:${AWS::Region}:${AWS::AccountId}:secret:rds!db-${LOGICAL}"
    ),
}
"""Attributes that the emulator does not know: templates get what AWS would call the thing, though it is not there."""

KNOWN_NAMES = {"AWS::CloudWatch::Alarm": "AlarmName", "AWS::CloudWatch::CompositeAlarm": "AlarmName"}
"""Refused types whose name stands in this property, or is made here: what refers to them can name them all the same."""

_WAITED_FOR = Hole(Fate.SCALED, "somebody waits for it")

SCALED = {
    ("AWS::Lambda::EventSourceMapping", "MaximumBatchingWindowInSeconds"): _WAITED_FOR,
    ("AWS::SQS::Queue", "DelaySeconds"): _WAITED_FOR,
    ("AWS::SQS::Queue", "VisibilityTimeout"): _WAITED_FOR,
}
"""Durations in seconds that are divided by the time scale. How long work may take (functions' time-outs) is not: the
emulator works no faster because somebody is in a hurry. Schedules are divided when they fire: schedules.py."""

PROPERTIES = {
    ("AWS::ApiGateway::RestApi", "EndpointConfiguration"): _completed(),
    ("AWS::ApiGateway::Stage", "AccessLogSetting"): _completed(),
    ("AWS::ApiGatewayV2::Stage", "DefaultRouteSettings"): _completed(
        "dropped in silence, the API takes it; not enforced"
    ),
    ("AWS::Backup::BackupVault", "LockConfiguration"): _lost("no route in the API either"),
    ("AWS::CloudFront::Distribution", "DistributionConfig"): _completed(
        "key groups are refused in templates, so behaviours are given them through the API; links are not checked"
    ),
    ("AWS::CloudFront::Function", "AutoPublish"): Hole(Fate.UNREAD, "the function is read at its live stage"),
    ("AWS::CloudFront::KeyValueStore", "ImportSource"): Hole(Fate.UNREAD, "taken when the store is made"),
    ("AWS::CloudFront::KeyValueStore", "Tags"): _completed(),
    ("AWS::CloudWatch::Alarm", "Metrics"): _lost(
        "the API drops metric math in silence: such an alarm changes only when somebody sets its state; alarms of one "
        "metric are given that metric"
    ),
    ("AWS::CloudWatch::Dashboard", "Tags"): _lost("only alarms have tags, in the API too"),
    (GLOBAL_TABLE, "GlobalTableWitnesses"): _simulated(
        "replication.py applies a write everywhere at once while its lag is 0"
    ),
    (GLOBAL_TABLE, "MultiRegionConsistency"): _simulated(
        "replication.py applies a write everywhere at once while its lag is 0"
    ),
    (GLOBAL_TABLE, "Replicas"): _completed(),
    (REPLICA, "ContributorInsightsSpecification"): _completed(
        "dropped in silence, the API takes it; there are no insights"
    ),
    (REPLICA, "DeletionProtectionEnabled"): _completed(),
    (REPLICA, "GlobalSecondaryIndexes"): _lost("holds nothing but the indexes' contributor insights"),
    (REPLICA, "PointInTimeRecoverySpecification"): _completed(
        "dropped in silence, the API takes it; restores the present"
    ),
    (REPLICA, "PointInTimeRecoverySpecification.RecoveryPeriodInDays"): _lost("the API drops it as well"),
    (REPLICA, "Tags"): _completed(),
    (REPLICA, "TimeToLiveSpecification"): _completed(),
    ("AWS::EC2::FlowLog", "DeliverLogsPermissionArn"): _lost("there is no traffic to log"),
    ("AWS::EC2::FlowLog", "ResourceType"): _lost("the API does not give it back"),
    ("AWS::EC2::FlowLog", "Tags"): _completed(),
    ("AWS::EC2::VPCEndpoint", "PolicyDocument"): _lost("no traffic goes through endpoints"),
    ("AWS::EC2::VPCEndpoint", "PrivateDnsEnabled"): _lost("no traffic goes through endpoints"),
    ("AWS::EC2::VPCEndpoint", "SecurityGroupIds"): _lost("no traffic goes through endpoints"),
    ("AWS::ECS::Service", "AvailabilityZoneRebalancing"): _NO_CONTAINERS,
    ("AWS::ECS::Service", "PlatformVersion"): _completed(),
    ("AWS::ECS::Service", "PropagateTags"): _NO_CONTAINERS,
    ("AWS::ECS::TaskDefinition", "ContainerDefinitions.HealthCheck"): _NO_CONTAINERS,
    ("AWS::ECS::TaskDefinition", "ContainerDefinitions.LinuxParameters"): _NO_CONTAINERS,
    ("AWS::ECS::TaskDefinition", "RuntimePlatform"): _NO_CONTAINERS,
    ("AWS::ECS::TaskDefinition", "Volumes"): _NO_CONTAINERS,
    ("AWS::IAM::Role", "PermissionsBoundary"): _completed(),
    ("AWS::Lambda::EventSourceMapping", "Tags"): _completed(),
    ("AWS::Lambda::Function", "Code"): Hole(Fate.UNREAD, "the package runs with this machine's libraries"),
    ("AWS::Lambda::Function", "RecursiveLoop"): _completed(),
    ("AWS::Lambda::Function", "ReservedConcurrentExecutions"): _completed(),
    ("AWS::RDS::DBCluster", "EnableCloudwatchLogsExports"): _lost("no database runs, which could log"),
    ("AWS::RDS::DBCluster", "KmsKeyId"): _lost("the API drops it as well"),
    ("AWS::RDS::DBCluster", "ManageMasterUserPassword"): _lost("no database runs, which could ask for a password"),
    ("AWS::RDS::DBCluster", "MasterUserSecret"): _lost("no database runs, which could ask for a password"),
    ("AWS::RDS::DBCluster", "Tags"): _completed(),
    ("AWS::RDS::DBInstance", "Tags"): _completed(),
    ("AWS::Route53::HealthCheck", "HealthCheckTags"): _completed(),
    ("AWS::S3::Bucket", "BucketEncryption"): _completed(),
    ("AWS::S3::Bucket", "LifecycleConfiguration"): _completed(),
    ("AWS::S3::Bucket", "LoggingConfiguration"): _completed(),
    ("AWS::S3::Bucket", "MetricsConfigurations"): _lost("no such API; requests are not measured"),
    ("AWS::S3::Bucket", "ObjectLockConfiguration"): _completed(),
    ("AWS::S3::Bucket", "ObjectLockEnabled"): _completed("dropped in silence, set with the lock's configuration"),
    ("AWS::S3::Bucket", "OwnershipControls"): _completed(),
    ("AWS::S3::Bucket", "ReplicationConfiguration"): _completed(),
    ("AWS::S3::Bucket", "Tags"): _completed(),
    ("AWS::SNS::Topic", "KmsMasterKeyId"): _completed(),
    ("AWS::Scheduler::Schedule", "ScheduleExpressionTimezone"): _completed(),
    ("AWS::SecretsManager::Secret", "GenerateSecretString"): Hole(Fate.UNREAD, "taken when the secret is made"),
    ("Custom::AWS", "Create"): Hole(Fate.UNREAD, "a call that the custom resource made"),
    ("Custom::AWS", "InstallLatestAwsSdk"): Hole(Fate.UNREAD, "a setting of the custom resource's own code"),
    ("Custom::AWS", "ServiceToken"): Hole(Fate.UNREAD, "the function that made the call"),
    ("Custom::AWS", "Update"): Hole(Fate.UNREAD, "a call that the custom resource makes"),
}
"""Properties, or parts of them after a dot, that are not deployed from the template. All others are compared."""


def refusal(resource: dict[str, Any], taken: Collection[str] | None = None) -> Hole | None:
    """Return why the emulator refuses a template's resource; None when it takes it.

    `taken` are the types that it takes, when somebody asked: then all others are refused, beside custom ones.
    """
    kind = resource["Type"]
    shapes = (REFUSED_SHAPES.get((kind, name)) for name in resource.get("Properties", {}))
    listed = REFUSED_TYPES.get(kind) or next(filter(None, shapes), None)
    if listed or taken is None or kind in taken or kind.startswith("Custom::"):
        return listed
    return UNKNOWN_TYPE


def scaled(kind: str, name: str, value: Any, time_scale: float) -> Any:
    """Return a property's value at the emulator: whole seconds, never 0 for more than 0."""
    if (kind, name) not in SCALED or not value:
        return value
    return max(1, math.ceil(value / time_scale))


def holes_of(kind: str, name: str) -> dict[str, Hole]:
    """Return the holes of a property by their path inside it; "" is the whole property."""
    found = {path: hole for (type_, path), hole in PROPERTIES.items() if type_ == kind}
    return {path[len(name) + 1 :]: hole for path, hole in found.items() if path.split(".")[0] == name}
