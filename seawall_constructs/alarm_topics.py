"""Where alarms go."""

from aws_cdk import Aws
from aws_cdk.aws_iam import PolicyStatement, ServicePrincipal
from aws_cdk.aws_kms import IKey, Key
from aws_cdk.aws_sns import Topic
from constructs import Construct

from seawall_constructs.alarms import RUNBOOKS, OnCall, Urgency
from seawall_constructs.disposal import removal_policy

PUBLISHERS: dict[str, dict[str, dict[str, str]]] = {
    "cloudwatch.amazonaws.com": {"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}},
    # For rules that report what has no metric. EventBridge does not say on whose behalf it encrypts: with a condition
    # it would lose its messages in silence (Amazon SNS Developer Guide, "Key management", encrypted topics).
    "events.amazonaws.com": {},
}
"""Who may publish to the topics and encrypt with their key, and on what condition."""


class AlarmTopic(Topic):
    """A topic that alarms publish to.

    Survives a wrong route: it takes messages from alarms and rules only, encrypted, over TLS.
    """

    def __init__(self, scope: Construct, name: str, *, key: IKey, topic_name: str | None = None) -> None:
        """Encrypt with `key`, which has to be opened by `let_alarms_use`."""
        super().__init__(
            scope,
            name,
            topic_name=topic_name,
            display_name=topic_name,
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


class AlarmTopics(Construct):
    """A topic for pages and one for tickets, and the key that both are encrypted with. Somebody has to subscribe.

    Survives a wrong route: they take messages from alarms and rules only, encrypted, over TLS.
    """

    on_call: OnCall
    """What every alarm asks for."""
    key: Key
    page: AlarmTopic
    ticket: AlarmTopic

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        topic_name: str | None = None,
        runbooks: str = RUNBOOKS,
        disposable: bool = False,
    ) -> None:
        """Call the topics `<topic_name>-page` and `<topic_name>-ticket`; runbooks lie at `<runbooks><their name>`."""
        super().__init__(scope, name)
        self.key = Key(
            self,
            "Key",
            description="Encrypts alarms on their way",
            enable_key_rotation=True,
            removal_policy=removal_policy(disposable),
        )
        let_alarms_use(self.key)
        self.page, self.ticket = (
            AlarmTopic(
                self,
                urgency.capitalize(),
                key=self.key,
                topic_name=f"{topic_name}-{urgency}" if topic_name else None,
            )
            for urgency in (Urgency.PAGE, Urgency.TICKET)
        )
        self.on_call = OnCall(page=self.page, ticket=self.ticket, runbooks=runbooks)
