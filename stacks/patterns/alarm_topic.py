"""Where alarms go."""

from aws_cdk import Aws
from aws_cdk.aws_iam import PolicyStatement, ServicePrincipal
from aws_cdk.aws_kms import IKey
from aws_cdk.aws_sns import Topic
from constructs import Construct

from stacks.names import Names
from stacks.patterns.alarms import Urgency

PUBLISHERS: dict[str, dict[str, dict[str, str]]] = {
    "cloudwatch.amazonaws.com": {"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}},
    # For rules that report what has no metric. EventBridge does not say on whose behalf it encrypts: with a condition
    # it would lose its messages in silence (Amazon SNS Developer Guide, "Key management", encrypted topics).
    "events.amazonaws.com": {},
}
"""Who may publish to the topics and encrypt with their key, and on what condition."""


class AlarmTopic(Topic):
    """The topic that alarms of one urgency publish to. Who subscribes is not the stack's business (docs/deploy.md).

    Survives a wrong route: it takes messages from alarms and rules only, encrypted, over TLS.
    """

    def __init__(self, scope: Construct, name: str, *, names: Names, urgency: Urgency, key: IKey) -> None:
        super().__init__(
            scope,
            name,
            topic_name=names.name(urgency),
            display_name=names.name(urgency),
            master_key=key,
            enforce_ssl=True,
        )
        for publisher, conditions in PUBLISHERS.items():
            self.add_to_resource_policy(
                PolicyStatement(
                    principals=[ServicePrincipal(publisher)],
                    actions=["sns:Publish"],
                    resources=[self.topic_arn],
                    conditions=conditions,
                )
            )


def let_alarms_use(key: IKey) -> None:
    """Let what publishes to the topics encrypt with `key`: a topic whose key refuses it loses alarms in silence."""
    for publisher, conditions in PUBLISHERS.items():
        key.add_to_resource_policy(
            PolicyStatement(
                principals=[ServicePrincipal(publisher)],
                actions=["kms:Decrypt", "kms:GenerateDataKey*"],
                resources=["*"],
                conditions=conditions,
            )
        )
