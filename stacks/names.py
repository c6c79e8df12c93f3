"""Every physical name in the cloud drive.

Stacks find each other by these names and never by CloudFormation exports: a region can be deployed, rolled back or
lost without another stack noticing, and an operator can write down a name before the thing exists.
"""

from dataclasses import dataclass

from aws_cdk import Aws


@dataclass(frozen=True)
class Names:
    """Names of one deployment: they begin with `prefix`, so that two deployments can share an account."""

    prefix: str

    def name(self, role: str) -> str:
        """Return the name of what is unique in its region and account: a table, queue, function, alarm, vault."""
        return f"{self.prefix}-{role}"

    def bucket(self, role: str, region: str) -> str:
        """Return the name of a bucket, which is unique in the world."""
        return f"{self.prefix}-{role}-{Aws.ACCOUNT_ID}-{region}"

    def in_region(self, role: str, region: str) -> str:
        """Return the name of what is unique in its account though it serves one region: a role, a web ACL."""
        return f"{self.prefix}-{role}-{region}"

    def key_alias(self, role: str) -> str:
        """Return the alias of a key. Aliases are the same in every region; the keys behind them differ."""
        return f"alias/{self.prefix}-{role}"

    def arn(self, service: str, region: str, resource: str) -> str:
        """Return the ARN of something in this account: `resource` is all that follows the account."""
        return f"arn:{Aws.PARTITION}:{service}:{region}:{Aws.ACCOUNT_ID}:{resource}"

    def table_arn(self, role: str, region: str) -> str:
        """Return the ARN of a table."""
        return self.arn("dynamodb", region, f"table/{self.name(role)}")

    def queue_arn(self, role: str, region: str) -> str:
        """Return the ARN of a queue."""
        return self.arn("sqs", region, self.name(role))

    def queue_url(self, role: str, region: str) -> str:
        """Return the address of a queue."""
        return f"https://sqs.{region}.{Aws.URL_SUFFIX}/{Aws.ACCOUNT_ID}/{self.name(role)}"

    def topic_arn(self, role: str, region: str) -> str:
        """Return the ARN of a topic."""
        return self.arn("sns", region, self.name(role))

    def key_arn(self, region: str) -> str:
        """Return what stands for every key of this account in `region`; narrow it with `kms:ResourceAliases`."""
        return self.arn("kms", region, "key/*")

    def key_alias_arn(self, role: str, region: str) -> str:
        """Return the ARN of a key's alias: for a resource's key, never for a policy, where it grants nothing."""
        return self.arn("kms", region, self.key_alias(role))
