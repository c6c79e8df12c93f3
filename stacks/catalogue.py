"""The file catalogue: who owns which file, readable and writable in every region.

Survives the loss of a region: each region holds a full copy and accepts writes.
Survives a bad deployment: any second of the last 35 days can be restored, in each region.
Survives a deletion by mistake: neither the table nor its stack can be deleted without being unlocked first.
Survives its stack: a stack that is deleted or replaces the table leaves the data behind.
Survives a surge: capacity follows the requests; nothing has to be scaled first.
"""

from collections.abc import Sequence

from aws_cdk import Environment, RemovalPolicy, Stack
from aws_cdk.aws_dynamodb import (
    Attribute,
    AttributeType,
    Billing,
    ContributorInsightsMode,
    ContributorInsightsSpecification,
    PointInTimeRecoverySpecification,
    ReplicaTableProps,
    TableV2,
)
from constructs import Construct

RECOVERY_DAYS = 35
"""The longest that DynamoDB's point-in-time recovery goes back."""


class Catalogue(Stack):
    """One global table, deployed from the first region and copied to the others.

    Copies follow within about a second: after the loss of a region the writes of its last second are
    missing elsewhere until it returns.
    """

    table: TableV2
    """Partition key `pk`: the owner ("USER#id"). Sort key `sk`: a version of a file ("FILE#path#version")."""

    def __init__(self, scope: Construct, name: str, *, regions: Sequence[str]) -> None:
        home, *others = regions
        # No account, so synthesis needs no credentials; a region, or CDK refuses replicas.
        super().__init__(scope, name, env=Environment(region=home), termination_protection=True)
        self.table = TableV2(
            self,
            "Files",
            partition_key=Attribute(name="pk", type=AttributeType.STRING),
            sort_key=Attribute(name="sk", type=AttributeType.STRING),
            billing=Billing.on_demand(),
            replicas=[ReplicaTableProps(region=region) for region in others],
            point_in_time_recovery_specification=PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True,
                recovery_period_in_days=RECOVERY_DAYS,
            ),
            deletion_protection=True,
            removal_policy=RemovalPolicy.RETAIN,
            # Names the keys of a hot partition, which on-demand capacity does not cure.
            contributor_insights_specification=ContributorInsightsSpecification(
                enabled=True, mode=ContributorInsightsMode.THROTTLED_KEYS
            ),
        )
