"""What can be changed in a running drive without deploying anything: levers, and whose tokens are accepted."""

import json
from collections.abc import Mapping
from typing import Any

from aws_cdk import Duration
from aws_cdk.aws_appconfig import (
    Application,
    ConfigurationContent,
    ConfigurationType,
    DeploymentStrategy,
    Environment,
    HostedConfiguration,
    JsonSchemaValidator,
    Monitor,
    RolloutStrategy,
)
from aws_cdk.aws_cloudwatch import IAlarm, Metric, Stats, TreatMissingData
from aws_cdk.aws_iam import PolicyStatement, Role, ServicePrincipal
from constructs import Construct

from seawall_constructs.alarms import Urgency
from seawall_constructs.measure import MINUTE
from services.drive.limits import BUNDLE_SLOTS
from stacks.names import Names
from stacks.patterns.alarms import RunbookAlarm
from stacks.patterns.boundary import boundary
from stacks.patterns.regional_stack import RegionalStack

SWITCH = {"type": "boolean"}

LEVERS = {
    "accept_uploads": (True, SWITCH),
    "accept_downloads": (True, SWITCH),
    "admit_percent": (100, {"type": "integer", "minimum": 0, "maximum": 100}),
    "sideline": (True, SWITCH),
    "notices": (True, SWITCH),
    "bundle_slots": (BUNDLE_SLOTS, {"type": "integer", "minimum": 1, "maximum": BUNDLE_SLOTS}),
}
"""Where each lever stands at first, and where it may stand; services/drive/levers.py says what it does."""

DRAFT = "http://json-schema.org/draft-04/schema#"
"""The one edition that AppConfig's validators know (AWS AppConfig User Guide, "Understanding validators")."""

LEVERS_SCHEMA = {
    "$schema": DRAFT,
    "type": "object",
    "additionalProperties": False,
    "properties": {name: schema for name, (_, schema) in LEVERS.items()},
}

IDENTITY_SCHEMA = {
    "$schema": DRAFT,
    "type": "object",
    "additionalProperties": False,
    "required": ["keys"],
    "properties": {
        "keys": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["kid", "kty"],
                # A private key's part: whoever can read the levers could sign tokens.
                "not": {"required": ["d"]},
                "properties": {"kid": {"type": "string"}, "kty": {"enum": ["RSA", "EC"]}},
            },
        }
    },
}

FAILING = 0.05
"""The share of requests that fail with 5xx at which a change is taken back: fifty times what the SLO allows."""


class Levers(Construct):
    """An AppConfig application whose profiles the services read whole every 30 seconds.

    Survives AppConfig: services keep what they read last, and begin with the defaults.
    Survives a mistyped lever: what is no valid value is refused before anybody reads it.
    Survives a wrong lever: one that is moved carefully is moved back when requests begin to fail.
    """

    def __init__(self, scope: RegionalStack, name: str, *, names: Names) -> None:
        super().__init__(scope, name)
        self._names = names
        self._application = Application(self, "Application", application_name=names.name("drive"))
        alarm = self._alarm()
        self._environment = Environment(
            self,
            "Environment",
            application=self._application,
            environment_name=names.name("live"),
            monitors=[Monitor.from_cloud_watch_alarm(alarm, self._watcher(alarm))],
        )
        self._carefully()
        at_once = self._at_once()
        self._profile("levers", {name: value for name, (value, _) in LEVERS.items()}, LEVERS_SCHEMA, at_once)
        self._profile("identity", {"keys": []}, IDENTITY_SCHEMA, at_once)

    def _carefully(self) -> DeploymentStrategy:
        return DeploymentStrategy(
            self,
            "Carefully",
            deployment_strategy_name=self._names.name("carefully"),
            description="For every day: a fifth of the readers every two minutes, taken back when requests fail",
            rollout_strategy=RolloutStrategy.linear(
                deployment_duration=Duration.minutes(10), growth_factor=20, final_bake_time=Duration.minutes(10)
            ),
        )

    def _at_once(self) -> DeploymentStrategy:
        """Also what a deployment of the stack uses, for its alarm may not have seen any data yet.

        AppConfig takes a change back while an alarm is raised, or has no data, and levers are moved when alarms are
        raised (AWS AppConfig User Guide, "Monitoring deployments for automatic rollback").
        """
        return DeploymentStrategy(
            self,
            "AtOnce",
            deployment_strategy_name=self._names.name("at-once"),
            description="For an emergency: every reader within 30 seconds, whatever the alarms say",
            rollout_strategy=RolloutStrategy.linear(
                deployment_duration=Duration.minutes(0), growth_factor=100, final_bake_time=Duration.minutes(0)
            ),
        )

    def _profile(self, role: str, first: Mapping[str, Any], schema: Mapping[str, Any], at: DeploymentStrategy) -> None:
        HostedConfiguration(
            self,
            role.capitalize(),
            application=self._application,
            name=role,
            type=ConfigurationType.FREEFORM,
            content=ConfigurationContent.from_inline_json(json.dumps(first, indent=2)),
            validators=[JsonSchemaValidator.from_inline(json.dumps(schema))],
            deployment_strategy=at,
            deploy_to=[self._environment],
        )

    def _alarm(self) -> RunbookAlarm:
        return RunbookAlarm(
            self,
            "Alarm",
            names=self._names,
            role="levers-failing",
            means="Requests fail; if levers or identity keys were changed lately, that may be why.",
            metric=Metric(
                namespace="AWS/ApiGateway",
                metric_name="5XXError",
                dimensions_map={"ApiName": self._names.name("api")},
                statistic=Stats.AVERAGE,
                period=MINUTE,
            ),
            threshold=FAILING,
            periods=2,
            urgency=Urgency.TICKET,
            missing=TreatMissingData.NOT_BREACHING,
        )

    def _watcher(self, alarm: IAlarm) -> Role:
        role = Role(
            self,
            "Watcher",
            role_name=self._names.in_region("levers-watcher", alarm.stack.region),
            assumed_by=ServicePrincipal("appconfig.amazonaws.com"),
            permissions_boundary=boundary(self, self._names),
        )
        role.add_to_policy(PolicyStatement(actions=["cloudwatch:DescribeAlarms"], resources=[alarm.alarm_arn]))
        return role
