"""How objects get into a bucket of another region: by S3, within 15 minutes, without deletions."""

from collections.abc import Sequence

from aws_cdk import Aws, Stack
from aws_cdk.aws_iam import IManagedPolicy, PolicyStatement, Role, ServicePrincipal
from aws_cdk.aws_kms import IKey
from aws_cdk.aws_s3 import Bucket, ReplicationRule, ReplicationTimeValue
from constructs import Construct

from seawall_constructs.findings import accept_wildcards

READING = ("GetObjectVersionForReplication", "GetObjectVersionAcl", "GetObjectVersionTagging")


class CopierRole(Role):
    """The role that S3 copies `source` to `destination` with, both by name.

    CDK's own would name the aliases of keys as resources, which grants nothing: what it may do with keys is said in
    `allow`.
    """

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        source: str,
        destination: str,
        allow: Sequence[PolicyStatement] = (),
        role_name: str | None = None,
        permissions_boundary: IManagedPolicy | None = None,
    ) -> None:
        super().__init__(
            scope,
            name,
            role_name=role_name,
            assumed_by=ServicePrincipal("s3.amazonaws.com"),
            permissions_boundary=permissions_boundary,
        )
        bucket = f"arn:{Stack.of(scope).partition}:s3:::{source}"
        statements = [
            PolicyStatement(actions=["s3:GetReplicationConfiguration", "s3:ListBucket"], resources=[bucket]),
            PolicyStatement(
                actions=[f"s3:{action}" for action in READING],
                resources=[f"arn:{Aws.PARTITION}:s3:::{source}/*"],
            ),
            PolicyStatement(
                actions=["s3:ReplicateObject", "s3:ReplicateTags"],
                resources=[f"arn:{Aws.PARTITION}:s3:::{destination}/*"],
            ),
            *allow,
        ]
        for statement in statements:
            self.add_to_policy(statement)
        accept_wildcards(self, *statements)


def copy_rule(
    scope: Construct, name: str, *, destination: str, key: IKey | None = None, rule_id: str = "copies"
) -> ReplicationRule:
    """Return the rule by which all objects are copied to the bucket `destination`, by name; deletions are not.

    One way, into a bucket of its own: two buckets that copy to each other could not be deployed in turn. `key` is the
    destination's. S3 measures how far behind it is under `rule_id`.
    """
    within = ReplicationTimeValue.FIFTEEN_MINUTES
    return ReplicationRule(
        id=rule_id,
        destination=Bucket.from_bucket_name(scope, name, destination),
        kms_key=key,
        replication_time_control=within,
        metrics=within,
        delete_marker_replication=False,
        sse_kms_encrypted_objects=True if key else None,
        priority=1,
    )
