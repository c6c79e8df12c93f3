"""What a piece of the service needs, said once: from it follow both what it is told and what it may do."""

from typing import Self

from aws_cdk import Aws
from aws_cdk.aws_iam import PolicyStatement
from orders.limits import LONGEST_WAIT

from stacks.capacity import AT_A_TIME
from stacks.regional_stack import RegionalStack


class Needs:
    """Built by chaining: `Needs(stack, peer).orders("GetItem").queue("work", "SendMessage")`."""

    def __init__(self, stack: RegionalStack, peer: str) -> None:
        self._stack = stack
        self.allow: list[PolicyStatement] = []
        self.environment = {
            "SERVICE": stack.service,
            "ORDERS_TABLE": stack.physical("orders"),
            "WORK_QUEUE_URL": self._queue_url("work"),
            "SIDELINE_QUEUE_URL": self._queue_url("sideline"),
            "PEER_REGION": peer,
            "LONGEST_WAIT_SECONDS": str(LONGEST_WAIT),
            "WORKERS": str(AT_A_TIME),
        }

    def orders(self, *actions: str) -> Self:
        """Use this region's copy of the table."""
        return self._may("dynamodb", f"table/{self._stack.physical('orders')}", actions)

    def open_orders(self) -> Self:
        """Ask for a region's open orders."""
        return self._may("dynamodb", f"table/{self._stack.physical('orders')}/index/open-orders", ("Query",))

    def queue(self, role: str, *actions: str) -> Self:
        """Use a queue of this region."""
        return self._may("sqs", self._stack.physical(role), actions)

    def _may(self, service: str, resource: str, actions: tuple[str, ...]) -> Self:
        arn = f"arn:{Aws.PARTITION}:{service}:{self._stack.region}:{Aws.ACCOUNT_ID}:{resource}"
        self.allow.append(
            PolicyStatement(actions=[f"{service}:{action}" for action in actions], resources=[arn]),
        )
        return self

    def _queue_url(self, role: str) -> str:
        return f"https://sqs.{self._stack.region}.{Aws.URL_SUFFIX}/{Aws.ACCOUNT_ID}/{self._stack.physical(role)}"
