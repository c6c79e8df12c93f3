"""The second region's network: subnets in three zones, into which a copied backup is restored.

Survives the loss of the first region: nothing here is needed from there, and nothing has to be made first on the day.
"""

from aws_cdk import CfnOutput
from constructs import Construct

from stacks.closed_subnets import ClosedSubnets
from stacks.regional_stack import RegionalStack


class Standby(RegionalStack):
    """No cluster runs here: each week's restore test makes one, and removes it again."""

    def __init__(self, scope: Construct, *, service: str, region: str, home: str, disposable: bool) -> None:  # noqa: ARG002
        """`home` is where the backups come from."""
        super().__init__(scope, "copy", service=service, region=region, disposable=disposable)
        network = ClosedSubnets(self, "Network")
        CfnOutput(self, "Clients", value=network.clients.security_group_id)
