"""What no role of the drive may ever do, whatever its policies say."""

from collections.abc import Sequence

from aws_cdk import Aws
from aws_cdk.aws_iam import Effect, ManagedPolicy, PolicyStatement

from seawall_constructs.findings import accept_finding
from stacks.names import Names
from stacks.patterns.regional_stack import RegionalStack

IDENTITIES = ["iam:*", "organizations:*", "account:*"]

IN_NO_REGION = ["cloudfront:*", "cloudfront-keyvaluestore:*", "route53:*", "s3:*", "sts:*"]
"""Services that answer from one region for all, or from another one than was asked."""

LOCKS_OF_BUCKETS = [
    "s3:BypassGovernanceRetention",
    "s3:DeleteBucket",
    "s3:DeleteBucketPolicy",
    "s3:PutBucketObjectLockConfiguration",
    "s3:PutBucketPolicy",
    "s3:PutBucketVersioning",
    "s3:PutLifecycleConfiguration",
]

LOCKS_OF_THE_REST = [
    "backup:DeleteBackupVault*",
    "backup:DeleteRecoveryPoint",
    "backup:PutBackupVaultAccessPolicy",
    "backup:UpdateRecoveryPointLifecycle",
    "dynamodb:DeleteTable",
    "dynamodb:DeleteTableReplica",
    "dynamodb:UpdateContinuousBackups",
    "kms:DisableKey",
    "kms:PutKeyPolicy",
    "kms:ScheduleKeyDeletion",
]


class PermissionBoundary(ManagedPolicy):
    """A boundary grants nothing: a role can do what its policies and this one both allow.

    Survives a role with too wide a policy: it can neither make itself another role nor leave `regions`.
    Survives an intruder in a function: what protects the data cannot be taken off by a role of the drive.
    """

    def __init__(self, scope: RegionalStack, name: str, *, names: Names, regions: Sequence[str]) -> None:
        buckets = f"arn:{Aws.PARTITION}:s3:::{names.prefix}-*"
        super().__init__(
            scope,
            name,
            managed_policy_name=names.in_region("boundary", scope.region),
            description="What no role of the drive may exceed",
            statements=[
                PolicyStatement(sid="NoIdentities", not_actions=IDENTITIES, resources=["*"]),
                PolicyStatement(
                    sid="NowhereElse",
                    effect=Effect.DENY,
                    not_actions=IN_NO_REGION,
                    resources=["*"],
                    conditions={"StringNotEquals": {"aws:RequestedRegion": list(regions)}},
                ),
                PolicyStatement(sid="BucketsStay", effect=Effect.DENY, actions=LOCKS_OF_BUCKETS, resources=[buckets]),
                PolicyStatement(sid="TheRestStays", effect=Effect.DENY, actions=LOCKS_OF_THE_REST, resources=["*"]),
            ],
        )
        accept_finding(
            self,
            "AwsSolutions-IAM5",
            "CloudFormation-Validate::W2512",
            reason="A permission boundary grants nothing: it names the most that a role's own policies can grant",
        )
