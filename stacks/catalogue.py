"""The catalogue: who owns which file, which orders are open, which bundles are being built; in both data regions.

Survives the loss of a region: each region holds a full copy and accepts writes; with a witness, no accepted write is
lost with the region.
Survives a bad deployment: any second of the last 35 days can be restored, in each region.
Survives a deletion by mistake: neither a table nor its stack can be deleted without being unlocked first.
Survives its stack: a stack that is deleted or replaces a table leaves the data behind.
Survives a surge: capacity follows the requests, and what a planned event needs is there before it.
"""

from collections.abc import Sequence

from aws_cdk.aws_dynamodb import WarmThroughput
from constructs import Construct

from seawall_constructs.data_kind import holds_derived_data
from stacks.names import Names
from stacks.patterns.data_kind import holds_primary_data
from stacks.patterns.global_table import DEFAULT_READS, DEFAULT_WRITES, GlobalTable, index
from stacks.patterns.regional_stack import RegionalStack

READS = 4
"""Read units that a request takes: a handful of small items, strongly consistent. An assumption until measured."""

WRITES = 2
"""Write units that a request takes: an order is written when it is accepted and when it is delivered. Likewise."""


class Catalogue(RegionalStack):
    """The only stack that spans regions: DynamoDB deploys a global table from one of them, and runs it in each.

    `requests_per_second` is the largest expected peak, events included. Without a `witness` the tables are eventually
    consistent: after the loss of a region the writes of its last second are missing elsewhere until it returns.
    """

    drive: GlobalTable
    """Files, orders, contents: what cannot be made again. Streams to each region's outbox."""

    jobs: GlobalTable
    """What is being built where: follows from the orders."""

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        names: Names,
        region: str,
        disposable: bool,
        replicas: Sequence[str],
        witness: str | None,
        requests_per_second: int,
    ) -> None:
        super().__init__(scope, name, names=names, region=region, disposable=disposable)
        warm = _warm(requests_per_second)
        # An order is written to both indexes as well, and waits while one of them is cold.
        writes = int(warm.write_units_per_second or 0) if warm else None
        self.drive = GlobalTable(
            self,
            "Drive",
            names=names,
            role="drive",
            replicas=replicas,
            witness=witness,
            indexes=[index("open-orders", "open", writes), index("waiting-orders", "waits_for", writes)],
            stream=True,
            warm=warm,
        )
        holds_primary_data(self.drive)
        # Eventually consistent in any case: its items expire by themselves, which a strong table's cannot.
        self.jobs = GlobalTable(
            self,
            "Jobs",
            names=names,
            role="jobs",
            replicas=replicas,
            indexes=[index("working-jobs", "working")],
            expiry="expires_at",
        )
        holds_derived_data(self.jobs)


def _warm(requests_per_second: int) -> WarmThroughput | None:
    """What the peak needs, where a new table has less: DynamoDB refuses to cool a table down."""
    reads, writes = requests_per_second * READS, requests_per_second * WRITES
    if reads <= DEFAULT_READS and writes <= DEFAULT_WRITES:
        return None
    return WarmThroughput(
        read_units_per_second=max(reads, DEFAULT_READS), write_units_per_second=max(writes, DEFAULT_WRITES)
    )
