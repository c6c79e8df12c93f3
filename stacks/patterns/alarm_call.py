"""A function that is called when an alarm is raised."""

import json
from collections.abc import Mapping

import jsii
from aws_cdk import Duration
from aws_cdk.aws_events import CfnRule, EventPattern, IRuleTarget, Rule, RuleTargetConfig, RuleTargetInput
from aws_cdk.aws_iam import ServicePrincipal
from aws_cdk.aws_lambda import Alias
from aws_cdk.aws_lambda_destinations import SnsDestination
from aws_cdk.aws_sns import Topic
from aws_cdk.interfaces.aws_events import IRuleRef
from constructs import Construct

from seawall_constructs.alarms import Urgency
from stacks.names import Names
from stacks.patterns.regional_stack import RegionalStack

RETRIES = 2
"""The most that Lambda offers; after them somebody is woken up."""


@jsii.implements(IRuleTarget)
class _Call:
    """CDK's own target names its permission after the stack, so that two regions would have two names for it."""

    def __init__(self, alias: Alias, body: Mapping[str, object], caller: str, within: Duration) -> None:
        self._alias = alias
        self._event = {"body": json.dumps(body), "requestContext": {"authorizer": {"iam": {"userArn": caller}}}}
        self._within = within

    def bind(self, rule: IRuleRef, id: str | None = None) -> RuleTargetConfig:  # noqa: ARG002, A002 CDK's signature
        return RuleTargetConfig(
            arn=self._alias.function_arn,
            input=RuleTargetInput.from_object(self._event),
            retry_policy=CfnRule.RetryPolicyProperty(
                maximum_event_age_in_seconds=self._within.to_seconds(), maximum_retry_attempts=RETRIES
            ),
        )


class AlarmCall(Construct):
    """Calls `alias` as its function URL does, with `body`, when the alarm with the role `alarm` is raised.

    Survives a late alarm: one that could not be acted upon `within` this time is not acted upon any more.
    Survives a function that fails: somebody is woken up.
    """

    def __init__(
        self,
        scope: RegionalStack,
        name: str,
        *,
        names: Names,
        role: str,
        alarm: str,
        alias: Alias,
        body: Mapping[str, object],
        within: Duration,
        enabled: bool,
        description: str,
    ) -> None:
        super().__init__(scope, name)
        raised = names.arn("cloudwatch", scope.region, f"alarm:{names.name(alarm)}")
        rule = Rule(
            self,
            "Rule",
            rule_name=names.name(role),
            description=description,
            enabled=enabled,
            event_pattern=EventPattern(
                source=["aws.cloudwatch"],
                detail_type=["CloudWatch Alarm State Change"],
                resources=[raised],
                detail={"state": {"value": ["ALARM"]}},
            ),
            targets=[_Call(alias, body, raised, within)],
        )
        alias.add_permission("AlarmCall", principal=ServicePrincipal("events.amazonaws.com"), source_arn=rule.rule_arn)
        page = Topic.from_topic_arn(self, "Page", names.topic_arn(Urgency.PAGE, scope.region))
        alias.configure_async_invoke(max_event_age=within, retry_attempts=RETRIES, on_failure=SnsDestination(page))
