"""What S3 tells about new objects, on its way to a queue."""

from collections.abc import Sequence
from typing import cast

from aws_cdk import Duration
from aws_cdk.aws_events import CfnRule, EventPattern, Rule
from aws_cdk.aws_events_targets import SqsQueue
from aws_cdk.aws_iam import PolicyStatement, ServicePrincipal
from constructs import Construct

from stacks.names import Names
from stacks.patterns.work_queue import WorkQueue


class NewObjects(Construct):
    """Sends an event for each new object of `buckets` (of this region) to a queue.

    Survives a queue that refuses: EventBridge tries for a day, then the event lies among the queue's dead letters.
    """

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        names: Names,
        buckets: Sequence[str],
        to: WorkQueue,
        role: str = "new-objects",
    ) -> None:
        super().__init__(scope, name)
        rule = Rule(
            self,
            "Rule",
            rule_name=names.name(role),
            event_pattern=EventPattern(
                source=["aws.s3"], detail_type=["Object Created"], detail={"bucket": {"name": list(buckets)}}
            ),
            targets=[SqsQueue(to.queue, max_event_age=Duration.days(1))],
        )
        # CDK's own way names the statement after the stack, so that two regions would differ in it.
        target = cast(CfnRule, rule.node.default_child)
        target.add_property_override("Targets.0.DeadLetterConfig.Arn", to.dead_letters.queue_arn)
        to.dead_letters.add_to_resource_policy(
            PolicyStatement(
                actions=["sqs:SendMessage"],
                principals=[ServicePrincipal("events.amazonaws.com")],
                resources=[to.dead_letters.queue_arn],
                conditions={"ArnEquals": {"aws:SourceArn": rule.rule_arn}},
            )
        )
