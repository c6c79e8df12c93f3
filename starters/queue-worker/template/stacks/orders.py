"""The orders: what was asked for, who does it, what came of it.

Survives the loss of a region: each region holds a full copy, about a second old, and accepts writes.
Survives a bad deployment: any second of the last 35 days can be restored, in each region.
Survives a deletion by mistake: the table has to be unlocked first, and stays behind when its stack goes.
Survives a surge: capacity follows the requests.
"""

from collections.abc import Sequence

from aws_cdk.aws_dynamodb import GlobalSecondaryIndexPropsV2, ProjectionType
from constructs import Construct
from seawall_constructs.data_kind import holds_primary_data
from seawall_constructs.resilient_table import ResilientTable, number, text

from stacks.regional_stack import RegionalStack

OPEN_ORDERS = GlobalSecondaryIndexPropsV2(
    index_name="open-orders",
    partition_key=text("open"),
    sort_key=number("accepted_at"),
    # Not what was asked for: one key takes 1 000 units a second, and each change of an order is written here, too.
    projection_type=ProjectionType.INCLUDE,
    non_key_attributes=["seen_at", "tries"],
)
"""Of each region what is left to do, oldest first; an order that is done leaves it."""


class Orders(RegionalStack):
    """The only stack that spans regions: DynamoDB deploys a global table from one of them, and runs it in each."""

    def __init__(
        self, scope: Construct, name: str, *, service: str, region: str, disposable: bool, copies_in: Sequence[str]
    ) -> None:
        super().__init__(scope, name, service=service, region=region, disposable=disposable)
        table = ResilientTable(
            self,
            "Orders",
            table_name=self.physical("orders"),
            partition_key=text("id"),
            replicas=copies_in,
            indexes=[OPEN_ORDERS],
            expiry="expires_at",
            disposable=disposable,
        )
        holds_primary_data(table)
