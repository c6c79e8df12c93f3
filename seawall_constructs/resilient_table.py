"""A table that can be had back, with a full copy in each region that is named."""

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
from constructs import Construct

from seawall_constructs.disposal import removal_policy

RECOVERY_DAYS = 35
"""The longest that DynamoDB's point-in-time recovery goes back."""


class ResilientTable(TableV2):
    """An on-demand table in the region of its stack and in `replicas`, each of them with all of this.

    Survives the loss of a region: each of `replicas` holds a full copy and accepts writes.
    Survives a bad deployment: any second of the last 35 days can be restored, in each region.
    Survives a deletion by mistake: it has to be unlocked first, and stays behind when its stack goes.
    Survives a surge: capacity follows the requests, and which key is too hot is on record.
    """

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        partition_key: Attribute,
        sort_key: Attribute | None = None,
        table_name: str | None = None,
        replicas: Sequence[str] = (),
        witness: str | None = None,
        indexes: Sequence[GlobalSecondaryIndexPropsV2] = (),
        stream: bool = False,
        expiry: str | None = None,
        warm: WarmThroughput | None = None,
        disposable: bool = False,
    ) -> None:
        """Copy to `replicas`, which needs a stack whose region is given; `expiry` names when an item is to be removed.

        With a `witness`, a write is in two regions before it is answered. The mode is fixed when the table is made:
        another one means a new table and a migration. Without, the copies follow within about a second. Raises
        ValueError for a strongly consistent table whose items expire by themselves: DynamoDB has no such table.
        """
        if witness and expiry:
            raise ValueError(
                f"{table_name or name}: a strongly consistent table cannot have items that expire by themselves"
            )
        super().__init__(
            scope,
            name,
            table_name=table_name,
            partition_key=partition_key,
            sort_key=sort_key,
            billing=Billing.on_demand(),
            warm_throughput=warm,
            replicas=[ReplicaTableProps(region=region) for region in replicas],
            multi_region_consistency=MultiRegionConsistency.STRONG if witness else None,
            witness_region=witness,
            global_secondary_indexes=list(indexes),
            dynamo_stream=StreamViewType.NEW_AND_OLD_IMAGES if stream else None,
            time_to_live_attribute=expiry,
            point_in_time_recovery_specification=PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True,
                recovery_period_in_days=RECOVERY_DAYS,
            ),
            deletion_protection=not disposable,
            removal_policy=removal_policy(disposable),
            # Names the keys of a hot partition, which on-demand capacity does not cure.
            contributor_insights_specification=ContributorInsightsSpecification(
                enabled=True, mode=ContributorInsightsMode.THROTTLED_KEYS
            ),
        )


def text(name: str) -> Attribute:
    """Return a key that holds text."""
    return Attribute(name=name, type=AttributeType.STRING)


def number(name: str) -> Attribute:
    """Return a key that holds a number."""
    return Attribute(name=name, type=AttributeType.NUMBER)


def sparse_index(
    name: str, *, partition_key: Attribute, sort_key: Attribute | None = None, warm_writes: int | None = None
) -> GlobalSecondaryIndexPropsV2:
    """Return an index that holds only items with `partition_key`: what is open, of much that is done.

    A write to the table waits for its cold indexes: where one is warmed, they are, by `warm_writes` units a second.
    """
    return GlobalSecondaryIndexPropsV2(
        index_name=name,
        partition_key=partition_key,
        sort_key=sort_key,
        warm_throughput=WarmThroughput(write_units_per_second=warm_writes) if warm_writes else None,
    )
