"""What every stack has: one region, names that others know beforehand, protection against deletion."""

from aws_cdk import Environment, Stack, Tags
from constructs import Construct


class RegionalStack(Stack):
    """A stack that refers to others by name only, so that a region is deployed, or lost, without another one noticing.

    Survives a deletion by mistake: it has to be unlocked first, and keeps the data even then; in a sandbox
    (`disposable`) it does neither.
    """

    def __init__(self, scope: Construct, name: str, *, service: str, region: str, disposable: bool) -> None:
        # No account, so that synthesis needs no credentials; a region, or CDK refuses a table's replicas.
        super().__init__(
            scope,
            name,
            stack_name=f"{service}-{type(self).__name__.lower()}",
            env=Environment(region=region),
            termination_protection=not disposable,
        )
        self.disposable = disposable
        self.service = service
        Tags.of(self).add("seawall:service", service)

    def physical(self, role: str) -> str:
        """Return the name of what is unique in its region and account: `shop-orders-work`."""
        return f"{self.service}-{role}"

    def in_region(self, role: str) -> str:
        """Return the name of what is unique in its account, though it serves one region: an IAM role."""
        return f"{self.service}-{role}-{self.region}"
