"""What a bucket is for, and where its copies go.

A bucket that only receives logs, replicas or artefacts is recognised by who refers to it, never by its name.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from seawall.design import Design, Resource
from seawall.values import (
    Answer,
    Key,
    Reference,
    Text,
    Unknown,
    Value,
    field,
    items,
    join_parts,
    leaves,
    same,
)

BUCKET = "AWS::S3::Bucket"

RECEIVERS: tuple[tuple[str, str, str], ...] = (
    (BUCKET, "LoggingConfiguration.DestinationBucketName", "the access logs of {}"),
    (BUCKET, "InventoryConfigurations.Destination.BucketArn", "the inventory of {}"),
    (
        BUCKET,
        "AnalyticsConfigurations.StorageClassAnalysis.DataExport.Destination.BucketArn",
        "an analysis of {}",
    ),
    ("AWS::CodePipeline::Pipeline", "ArtifactStore.Location", "the artefacts of {}"),
    ("AWS::CodePipeline::Pipeline", "ArtifactStores.ArtifactStore.Location", "the artefacts of {}"),
    ("AWS::CodeBuild::Project", "Artifacts.Location", "the artefacts of {}"),
    ("AWS::CodeBuild::Project", "Cache.Location", "the cache of {}"),
    ("AWS::CodeBuild::Project", "LogsConfig.S3Logs.Location", "the logs of {}"),
    ("AWS::CloudFront::Distribution", "DistributionConfig.Logging.Bucket", "the logs of {}"),
    (
        "AWS::CloudFront::StreamingDistribution",
        "StreamingDistributionConfig.Logging.Bucket",
        "the logs of {}",
    ),
    ("AWS::ElasticLoadBalancing::LoadBalancer", "AccessLoggingPolicy.S3BucketName", "the logs of {}"),
    ("AWS::ElasticLoadBalancingV2::LoadBalancer", "LoadBalancerAttributes.Value", "the logs of {}"),
    ("AWS::EC2::FlowLog", "LogDestination", "the flow logs of {}"),
    ("AWS::WAFv2::LoggingConfiguration", "LogDestinationConfigs", "the logs of {}"),
    ("AWS::Route53Resolver::ResolverQueryLoggingConfig", "DestinationArn", "the query logs of {}"),
    ("AWS::Redshift::Cluster", "LoggingProperties.BucketName", "the logs of {}"),
    ("AWS::MSK::Cluster", "LoggingInfo.BrokerLogs.S3.Bucket", "the logs of {}"),
    ("AWS::EMR::Cluster", "LogUri", "the logs of {}"),
    (
        "AWS::Athena::WorkGroup",
        "WorkGroupConfiguration.ResultConfiguration.OutputLocation",
        "the query results of {}",
    ),
    ("AWS::Synthetics::Canary", "ArtifactS3Location", "the artefacts of {}"),
    ("AWS::SSM::Association", "OutputLocation.S3Location.OutputS3BucketName", "the output of {}"),
    ("AWS::Lambda::Function", "Code.S3Bucket", "the code of {}"),
    ("AWS::Lambda::LayerVersion", "Content.S3Bucket", "the code of {}"),
)
"""Who sends what to a bucket: type, property, and what the bucket then holds."""

LOG_WRITERS = (
    "logging.s3.amazonaws.com",
    "delivery.logs.amazonaws.com",
    "logdelivery.elasticloadbalancing.amazonaws.com",
)
"""Services that only ever write logs; a bucket policy that lets them in says what the bucket is for."""

REPLICAS = "the replicas of a bucket elsewhere"


class Destination(NamedTuple):
    """Where one replication rule of a bucket copies to.

    ``bucket`` is the ARN as written, ``resource`` the bucket of the design it names, if any. ``region`` is
    a region's name or the Unknown that decides. ``enabled`` is False for a rule that is switched off,
    ``deletes`` whether delete markers are copied too (``None`` where the rule does not say).
    """

    bucket: Value
    resource: Resource | None
    region: str | Unknown
    enabled: Answer
    deletes: bool | Unknown | None


def secondary_use(bucket: Resource, design: Design) -> str:
    """What a bucket holds that is not primary data: ``the access logs of Site``; empty for primary data."""
    return design.once("bucket uses", lambda: _uses(design)).get(bucket.key, "")


def _uses(design: Design) -> dict[Key, str]:
    uses: dict[Key, str] = {}
    for bucket, use in (*_receiving(design), *_replicas(design), *_delivered_to(design)):
        uses.setdefault(bucket.key, use)
    return uses


def _receiving(design: Design) -> Iterator[tuple[Resource, str]]:
    for kind, path, use in RECEIVERS:
        for sender in design.of_type(kind):
            for value in sender.values_at(path):
                bucket = named_bucket(value, design)
                if bucket is not None and bucket.key != sender.key:
                    yield bucket, use.format(sender.id)


def _replicas(design: Design) -> Iterator[tuple[Resource, str]]:
    for bucket in design.of_type(BUCKET):
        for destination in replication_destinations(bucket, design):
            copy = destination.resource
            # Two buckets that replicate to each other are both written to.
            if copy is not None and copy.key != bucket.key and not copy.get("ReplicationConfiguration"):
                yield copy, f"the replica of {bucket.id}"


def _delivered_to(design: Design) -> Iterator[tuple[Resource, str]]:
    for bucket in design.of_type(BUCKET):
        if same(bucket.get("AccessControl"), "LogDeliveryWrite") is True:
            yield bucket, "logs that AWS delivers"
        elif _only_builds_use(bucket, design):
            yield bucket, "the artefacts of builds"
    for policy in design.of_type("AWS::S3::BucketPolicy"):
        use = _let_in(policy.get("PolicyDocument"))
        receiver = named_bucket(policy.get("Bucket"), design) if use else None
        # Two buckets that replicate to each other are both written to.
        if receiver is not None and not (use == REPLICAS and receiver.get("ReplicationConfiguration")):
            yield receiver, use


def _let_in(document: Value) -> str:
    """What a bucket policy lets others write to its bucket, if that tells what the bucket is for."""
    said = {leaf for leaf in leaves(document) if isinstance(leaf, str)}
    if said.intersection(LOG_WRITERS):
        return "logs that AWS delivers"
    return REPLICAS if "s3:ReplicateObject" in said else ""


BUILD_SERVICES = frozenset(
    f"{name}.amazonaws.com" for name in ("codebuild", "codepipeline", "codedeploy", "cloudformation")
)


def _only_builds_use(bucket: Resource, design: Design) -> bool:
    """Whether nobody but roles of build services may touch a bucket: their pipeline is elsewhere."""
    users = [user for user, _ in design.referrers(bucket) if user.type != "AWS::S3::BucketPolicy"]
    return bool(users) and all(
        user.type == "AWS::IAM::Role" and _trusted(user) and _trusted(user) <= BUILD_SERVICES for user in users
    )


def _trusted(role: Resource) -> set[str]:
    """The services, accounts and users that may take on a role."""
    statements = items(field(role.get("AssumeRolePolicyDocument"), "Statement"))
    found: set[str] = set()
    for statement in statements if isinstance(statements, list) else ():
        found |= {str(leaf) for leaf in leaves(field(statement, "Principal"))}
    return found


def named_bucket(value: Value, design: Design) -> Resource | None:
    """The bucket of the design that a value names: by reference, name, ARN, domain name or ``s3://`` URL."""
    if isinstance(value, Reference):
        return design.resolve(value, BUCKET)
    if not isinstance(value, (str, Text)) or not value:
        return None
    parts: list[Value] = list(value.parts) if isinstance(value, Text) else [value]
    first = parts[0]
    if isinstance(first, str):
        parts[0] = first.rpartition(":::")[2] if first.startswith("arn:") else first.removeprefix("s3://")
    for index, part in enumerate(parts):
        ends = [part.find(mark) for mark in ("/", ".s3") if isinstance(part, str) and mark in part]
        if ends:
            parts[index:] = [part[: min(ends)]]
            break
    name = join_parts(parts)
    if isinstance(name, (str, Reference)):
        return design.resolve(name, BUCKET) if name else None
    # A name made of several pieces is the bucket's whose BucketName is made of the same.
    return design.all.get(design.once("bucket names", lambda: _names(design)).get(repr(name), ("", "")))


def _names(design: Design) -> dict[str, Key]:
    found: dict[str, Key] = {}
    for bucket in design.of_type(BUCKET):
        name = bucket.get("BucketName")
        if isinstance(name, (Text, Unknown)):
            found.setdefault(repr(name), bucket.key)
    return found


def replication_destinations(bucket: Resource, design: Design) -> tuple[Destination, ...]:
    """Where a bucket's replication rules copy to; what is unknown gives an unknown destination."""
    configuration = bucket.get("ReplicationConfiguration")
    if configuration is None:
        return ()
    rules = items(field(configuration, "Rules"))
    if isinstance(rules, Unknown):
        return (Destination(rules, None, rules, rules, None),)
    return tuple(_destination(rule, bucket, design) for rule in rules)


def _destination(rule: Value, bucket: Resource, design: Design) -> Destination:
    if isinstance(rule, Unknown):
        return Destination(rule, None, rule, rule, None)
    target = field(rule, "Destination.Bucket")
    resource = named_bucket(target, design)
    marker = field(rule, "DeleteMarkerReplication.Status")
    deletes = None if marker is None else same(marker, "Enabled")
    region = resource.region if resource else _region_of_key(rule, bucket, design)
    if region is None:
        region = Unknown((f"the region of {target}",), ("bucket region", str(target)))
    return Destination(target, resource, region, same(field(rule, "Status"), "Enabled"), deletes)


def _region_of_key(rule: Value, bucket: Resource, design: Design) -> str | Unknown | None:
    """The key that encrypts a replica lives where the replica does (S3 user guide, replicating with KMS)."""
    key = field(rule, "Destination.EncryptionConfiguration.ReplicaKmsKeyID")
    named = design.resolve(key, "AWS::KMS::Key", "AWS::KMS::ReplicaKey", "AWS::KMS::Alias")
    if named is not None:
        return named.region
    parts = key.parts if isinstance(key, Text) else (key,)
    marked = "".join(part if isinstance(part, str) else "\0" for part in parts).split(":")
    if marked[0] != "arn" or len(marked) < 4:
        return None
    if "\0" not in marked[3]:
        return marked[3]
    before = sum(piece.count("\0") for piece in marked[:3])
    unknown = [part for part in parts if not isinstance(part, str)][before]
    if not isinstance(unknown, Unknown):
        return None
    return bucket.region if unknown.identity == getattr(bucket.region, "identity", "") else unknown
