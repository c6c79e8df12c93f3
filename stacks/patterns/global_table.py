"""A table with a full copy in each data region."""

from collections.abc import Sequence

from aws_cdk.aws_dynamodb import (
    Attribute,
    AttributeType,
    Billing,
    ContributorInsightsMode,
    ContributorInsightsSpecification,
    GlobalSecondaryIndexPropsV2,
    MultiRegionConsistency,
    PointInTimeRecoverySpecification,
    ReplicaTableProps,
    StreamViewType,
    TableV2,
    WarmThroughput,
)

from stacks.names import Names
from stacks.patterns.regional_stack import RegionalStack

RECOVERY_DAYS = 35
"""The longest that DynamoDB's point-in-time recovery goes back."""

DEFAULT_READS, DEFAULT_WRITES = 12_000, 4_000
"""Units a second that a new table takes at once (Amazon DynamoDB Developer Guide, "Understanding DynamoDB warm
throughput in different scenarios")."""


class GlobalTable(TableV2):
    """An on-demand table with keys `pk` and `sk`, in the region of its stack and in `replicas`.

    With a `witness`, a write is in two regions before it is answered. The mode is fixed when the table is made:
    another one means a new table and a migration. Without, the copies follow within about a second.
    Raises ValueError for a strongly consistent table whose items expire by themselves: DynamoDB has no such table.
    """

    def __init__(
        self,
        scope: RegionalStack,
        name: str,
        *,
        names: Names,
        role: str,
        replicas: Sequence[str],
        witness: str | None = None,
        indexes: Sequence[GlobalSecondaryIndexPropsV2],
        stream: bool = False,
        expiry: str | None = None,
        warm: WarmThroughput | None = None,
    ) -> None:
        if witness and expiry:
            raise ValueError(f"{role}: a strongly consistent table cannot have items that expire by themselves")
        super().__init__(
            scope,
            name,
            table_name=names.name(role),
            partition_key=Attribute(name="pk", type=AttributeType.STRING),
            sort_key=Attribute(name="sk", type=AttributeType.STRING),
            billing=Billing.on_demand(),
            warm_throughput=warm,
            replicas=[ReplicaTableProps(region=region) for region in replicas],
            multi_region_consistency=MultiRegionConsistency.STRONG if witness else None,
            witness_region=witness,
            global_secondary_indexes=indexes,
            dynamo_stream=StreamViewType.NEW_AND_OLD_IMAGES if stream else None,
            time_to_live_attribute=expiry,
            point_in_time_recovery_specification=PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True,
                recovery_period_in_days=RECOVERY_DAYS,
            ),
            deletion_protection=not scope.disposable,
            removal_policy=scope.data_removal,
            # Names the keys of a hot partition, which on-demand capacity does not cure.
            contributor_insights_specification=ContributorInsightsSpecification(
                enabled=True, mode=ContributorInsightsMode.THROTTLED_KEYS
            ),
        )


def index(name: str, partition_key: str, warm_writes: int | None = None) -> GlobalSecondaryIndexPropsV2:
    """Return a sparse index: only items that have `partition_key` are in it, by the time they were accepted."""
    return GlobalSecondaryIndexPropsV2(
        index_name=name,
        partition_key=Attribute(name=partition_key, type=AttributeType.STRING),
        sort_key=Attribute(name="accepted_at", type=AttributeType.NUMBER),
        warm_throughput=WarmThroughput(write_units_per_second=warm_writes) if warm_writes else None,
    )
