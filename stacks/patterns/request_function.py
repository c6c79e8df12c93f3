"""A function of the API: warm before the requests come, and deployed to a tenth of them first."""

from collections.abc import Mapping, Sequence

from aws_cdk import Duration, Stack
from aws_cdk.aws_cloudwatch import IMetric, MathExpression, Stats, TreatMissingData
from aws_cdk.aws_codedeploy import (
    AutoRollbackConfig,
    LambdaApplication,
    LambdaDeploymentConfig,
    LambdaDeploymentGroup,
)
from aws_cdk.aws_iam import IRole, PolicyStatement, Role, ServicePrincipal
from aws_cdk.aws_lambda import Alias, Function
from constructs import Construct

from seawall_constructs.alarms import Urgency
from seawall_constructs.findings import accept_finding
from seawall_constructs.measure import MINUTE
from stacks.capacity import RegionCapacity
from stacks.names import Names
from stacks.patterns.alarms import RunbookAlarm
from stacks.patterns.boundary import boundary
from stacks.patterns.planned_capacity import raise_minimum
from stacks.patterns.regional_stack import RegionalStack
from stacks.patterns.service_function import ServiceFunction

TIMEOUT = Duration.seconds(10)
"""Room for a table's three attempts of 2 s and the pauses between them; API Gateway itself would wait 29 s."""

TARGET_UTILIZATION = 0.6
"""More is started when 60 % is busy: a lost zone takes a third, and what is left is then 90 % busy."""

DEPLOYMENT_ERRORS_PERCENT = 2
"""A new version first gets 10 % of the requests: one that fails a fifth of them is taken back."""


def deployer_role(scope: Construct, name: str, *, names: Names, roles: Sequence[str]) -> IRole:
    """Make the role that CodeDeploy moves traffic with; AWS's managed policy would allow it for every function."""
    role = Role(
        scope,
        name,
        role_name=names.in_region("api-deployer", Stack.of(scope).region),
        assumed_by=ServicePrincipal("codedeploy.amazonaws.com"),
        permissions_boundary=boundary(scope, names),
    )
    role.add_to_policy(
        PolicyStatement(
            actions=["lambda:GetAlias", "lambda:UpdateAlias", "lambda:GetProvisionedConcurrencyConfig"],
            resources=[
                names.arn("lambda", Stack.of(scope).region, f"function:{names.name(f'api-{served}')}{part}")
                for served in roles
                for part in ("", ":live")
            ],
        )
    )
    role.add_to_policy(PolicyStatement(actions=["cloudwatch:DescribeAlarms"], resources=["*"]))
    accept_finding(
        role, "AwsSolutions-IAM5[Resource::*]", reason="CodeDeploy asks for its alarms without naming them, and reads"
    )
    # CDK would add AWS's managed policy, which allows this for every function of the account.
    return role.without_policy_updates()


class RequestFunction(Construct):
    """One of the API's functions, with its capacity and its deployment.

    Survives the loss of a zone: the warm environments left in the others suffice for the peak.
    Survives a planned surge: the minimum rises an hour before the event and falls an hour after it.
    Survives a bad deployment: a tenth of the requests try it for five minutes; errors bring the old version back.
    """

    function: Function
    alias: Alias

    def __init__(
        self,
        scope: RegionalStack,
        name: str,
        *,
        names: Names,
        role: str,
        capacity: RegionCapacity,
        environment: Mapping[str, str],
        allow: list[PolicyStatement],
        application: LambdaApplication,
        deployer: IRole,
        description: str,
    ) -> None:
        super().__init__(scope, name)
        service = ServiceFunction(
            scope,
            f"{name}Service",
            names=names,
            role=f"api-{role}",
            handler=f"services.api.{role}.handle",
            timeout=TIMEOUT,
            reserved=capacity.most_functions[role],
            environment=environment,
            allow=allow,
            description=description,
        )
        self.function = service.function
        self.alias = service.alias
        self._scale(names, role, capacity)
        LambdaDeploymentGroup(
            self,
            "Deployment",
            deployment_group_name=names.name(f"api-{role}"),
            application=application,
            alias=self.alias,
            role=deployer,
            deployment_config=LambdaDeploymentConfig.CANARY_10_PERCENT_5_MINUTES,
            alarms=[self._deployment_alarm(names, role)],
            auto_rollback=AutoRollbackConfig(deployment_in_alarm=True, failed_deployment=True, stopped_deployment=True),
        )

    def _scale(self, names: Names, role: str, capacity: RegionCapacity) -> None:
        """Provision through autoscaling only: its minimum may be 0, so that tiers differ in numbers alone."""
        everyday = capacity.running.functions[role]
        target = self.alias.add_auto_scaling(min_capacity=everyday, max_capacity=capacity.most_functions[role])
        target.scale_on_utilization(
            utilization_target=TARGET_UTILIZATION, policy_name=names.name(f"api-{role}-utilization")
        )
        raise_minimum(target, capacity.events, everyday=capacity.running, of=lambda running: running.functions[role])

    def _deployment_alarm(self, names: Names, role: str) -> RunbookAlarm:
        metrics: dict[str, IMetric] = {
            "errors": self.alias.metric_errors(statistic=Stats.SUM, period=MINUTE),
            "invocations": self.alias.metric_invocations(statistic=Stats.SUM, period=MINUTE),
        }
        return RunbookAlarm(
            self,
            "DeploymentErrors",
            names=names,
            role=f"api-{role}-deployment",
            means=f"A new version of the API's {role} function fails, and the old one is being brought back.",
            metric=MathExpression(
                expression="100 * errors / invocations", using_metrics=metrics, period=MINUTE, label="errors, percent"
            ),
            threshold=DEPLOYMENT_ERRORS_PERCENT,
            urgency=Urgency.TICKET,
            # Nobody called it: a standby without traffic has to be deployable.
            missing=TreatMissingData.NOT_BREACHING,
        )
