"""What every stack of the drive has: a region of its own, protection against deletion, and the common names."""

from aws_cdk import Environment, RemovalPolicy, Stack, Tags
from constructs import Construct

from stacks.names import Names


class RegionalStack(Stack):
    """A stack in one region that refers to other stacks by name only, so that none holds another up.

    Survives a deletion by mistake: it has to be unlocked first, and keeps the data even then; in a sandbox
    (`disposable`) it does neither.
    """

    def __init__(
        self, scope: Construct, name: str, *, names: Names, region: str, disposable: bool, account: str | None = None
    ) -> None:
        # No account unless it is another one, so synthesis needs no credentials; a region, or CDK refuses replicas.
        super().__init__(
            scope,
            name,
            env=Environment(region=region, account=account),
            termination_protection=not disposable,
        )
        self.names = names
        self.disposable = disposable
        self.data_removal = RemovalPolicy.DESTROY if disposable else RemovalPolicy.RETAIN
        Tags.of(self).add("seawall:drive", names.prefix)
