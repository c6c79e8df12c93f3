"""What every stack of this service has: a region of its own, protection against deletion, and names."""

from aws_cdk import Aws, Environment, Stack, Tags
from constructs import Construct
from seawall_constructs.alarms import OnCall


class RegionalStack(Stack):
    """A stack in one region that refers to others by name only, so that none holds another up.

    Survives a deletion by mistake: it has to be unlocked first; in a sandbox (`disposable`) it need not.
    """

    on_call: OnCall
    """The topics of this region (alarm_topics.py)."""

    def __init__(self, scope: Construct, role: str, *, service: str, region: str, disposable: bool) -> None:
        """Call it `<service>-<role>`, in each region alike."""
        super().__init__(
            scope,
            f"{role.title()}-{region}",
            stack_name=f"{service}-{role}",
            # No account, so synthesis needs no credentials; a region, or CDK refuses replicas.
            env=Environment(region=region),
            termination_protection=not disposable,
        )
        self.service = service
        self.disposable = disposable
        self.on_call = OnCall.named(self, service)
        Tags.of(self).add("seawall:service", service)

    def named(self, role: str) -> str:
        """Return the name of what is unique in its region and account: a table, a function, a vault, an alarm."""
        return f"{self.service}-{role}"

    def role_named(self, role: str) -> str:
        """Return the name of an IAM role, which is unique in its account."""
        return f"{self.service}-{role}-{self.region}"

    def bucket_named(self, role: str, region: str) -> str:
        """Return the name of a bucket, which is unique in the world."""
        return f"{self.service}-{role}-{Aws.ACCOUNT_ID}-{region}"

    def arn(self, service: str, resource: str, region: str | None = None) -> str:
        """Return the ARN of something in this account; `resource` is all that follows the account."""
        return f"arn:{Aws.PARTITION}:{service}:{region or self.region}:{Aws.ACCOUNT_ID}:{resource}"
