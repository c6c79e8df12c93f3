"""A table with a full copy in each data region."""

from collections.abc import Sequence

from aws_cdk.aws_dynamodb import GlobalSecondaryIndexPropsV2, WarmThroughput

from seawall_constructs.resilient_table import ResilientTable, number, sparse_index, text
from stacks.names import Names
from stacks.patterns.regional_stack import RegionalStack

DEFAULT_READS, DEFAULT_WRITES = 12_000, 4_000
"""Units a second that a new table takes at once (Amazon DynamoDB Developer Guide, "Understanding DynamoDB warm
throughput in different scenarios")."""


class GlobalTable(ResilientTable):
    """A table with keys `pk` and `sk`, named after its `role`, in the region of its stack and in `replicas`."""

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
        super().__init__(
            scope,
            name,
            table_name=names.name(role),
            partition_key=text("pk"),
            sort_key=text("sk"),
            replicas=replicas,
            witness=witness,
            indexes=indexes,
            stream=stream,
            expiry=expiry,
            warm=warm,
            disposable=scope.disposable,
        )


def index(name: str, partition_key: str, warm_writes: int | None = None) -> GlobalSecondaryIndexPropsV2:
    """Return a sparse index: only items that have `partition_key` are in it, by the time they were accepted."""
    return sparse_index(
        name, partition_key=text(partition_key), sort_key=number("accepted_at"), warm_writes=warm_writes
    )
