"""What a role may do, said by the names of things: a statement lists actions and the one kind of thing they touch."""

from collections.abc import Sequence

from aws_cdk import Aws
from aws_cdk.aws_iam import PolicyStatement

from stacks.names import Names


def to_table(names: Names, region: str, role: str, *actions: str, indexes: Sequence[str] = ()) -> PolicyStatement:
    """Allow DynamoDB `actions` (such as "GetItem") on a table, and "Query" on its `indexes` by name."""
    table = names.table_arn(role, region)
    return PolicyStatement(
        actions=[f"dynamodb:{action}" for action in actions],
        resources=[table, *(f"{table}/index/{index}" for index in indexes)],
    )


def to_queues(names: Names, region: str, roles: Sequence[str], *actions: str) -> PolicyStatement:
    """Allow SQS `actions` (such as "SendMessage") on these queues."""
    return PolicyStatement(
        actions=[f"sqs:{action}" for action in actions],
        resources=[names.queue_arn(role, region) for role in roles],
    )


def to_objects(names: Names, region: str, bucket: str, *actions: str, prefix: str = "") -> PolicyStatement:
    """Allow S3 `actions` (such as "GetObject") on the objects of a bucket whose keys start with `prefix`."""
    return PolicyStatement(
        actions=[f"s3:{action}" for action in actions],
        resources=[f"arn:{Aws.PARTITION}:s3:::{names.bucket(bucket, region)}/{prefix}*"],
    )


def to_bucket(names: Names, region: str, bucket: str, *actions: str) -> PolicyStatement:
    """Allow S3 `actions` (such as "ListBucketMultipartUploads") on a bucket itself."""
    return PolicyStatement(
        actions=[f"s3:{action}" for action in actions],
        resources=[f"arn:{Aws.PARTITION}:s3:::{names.bucket(bucket, region)}"],
    )


def to_keys(names: Names, region: str, roles: Sequence[str], *actions: str) -> PolicyStatement:
    """Allow KMS `actions` (such as "Decrypt") with the keys that bear these roles' aliases.

    An alias in `resources` would grant nothing, and a key's ARN is known only after it is made.
    """
    return PolicyStatement(
        actions=[f"kms:{action}" for action in actions],
        resources=[names.key_arn(region)],
        conditions={"ForAnyValue:StringEquals": {"kms:ResourceAliases": [names.key_alias(role) for role in roles]}},
    )


def to_levers(names: Names, region: str) -> PolicyStatement:
    """Allow reading levers and identity keys. AppConfig's ids are known only after they are made, and it is a read."""
    return PolicyStatement(
        actions=["appconfig:StartConfigurationSession", "appconfig:GetLatestConfiguration"],
        resources=[names.arn("appconfig", region, "application/*/environment/*/configuration/*")],
    )
