"""The table: what this service must not lose.

Survives the loss of a zone: DynamoDB keeps every item in three.
Survives the loss of the region, if there is a second one: that has a full copy, which accepts writes.
Survives a bad deployment: any second of the last 35 days can be restored, in each region.
Survives a deletion by mistake: the table has to be unlocked first, and stays behind when its stack goes.
Survives a surge: capacity follows the requests; a hot key that is refused all the same is noticed.
"""

from aws_cdk import CfnOutput
from aws_cdk.aws_iam import PolicyStatement
from constructs import Construct
from seawall_constructs.data_kind import holds_primary_data
from seawall_constructs.resilient_table import ResilientTable, text
from seawall_constructs.restore_test import restored_table
from seawall_constructs.table_alarms import TableAlarms

from stacks.regional_stack import RegionalStack
from stacks.watched_store import WatchedStore

TABLE = "items"


class Store(RegionalStack):
    """The table, with a replica in `second_region` unless that is empty."""

    def __init__(self, scope: Construct, *, service: str, region: str, second_region: str, disposable: bool) -> None:
        super().__init__(scope, "store", service=service, region=region, disposable=disposable)
        table = ResilientTable(
            self,
            "Table",
            table_name=self.named(TABLE),
            partition_key=text("pk"),
            sort_key=text("sk"),
            replicas=[second_region] if second_region else [],
            expiry="expires_at",
            disposable=disposable,
        )
        holds_primary_data(table, backup=service)
        TableAlarms(
            self,
            "TableAlarms",
            on_call=self.on_call,
            table_name=self.named(TABLE),
            copied_to=second_region or None,
        )
        CfnOutput(self, "StoreName", value=self.named(TABLE))


def watched(stack: RegionalStack, *, is_home: bool) -> WatchedStore:  # noqa: ARG001 - every region has a full copy
    """Return what heartbeat and restore check of a region are about: its own replica, and restored tables."""
    table = stack.arn("dynamodb", f"table/{stack.named(TABLE)}")
    reading = ["dynamodb:GetItem", "dynamodb:Query"]
    return WatchedStore(
        kind="DynamoDB",
        name=stack.named(TABLE),
        beats=True,
        may_beat=[PolicyStatement(actions=[*reading, "dynamodb:Scan", "dynamodb:PutItem"], resources=[table])],
        may_check=[PolicyStatement(actions=reading, resources=[table, restored_table(stack.region)])],
    )
