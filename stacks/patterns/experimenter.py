"""The role that experiments run as, and the log they write."""

from collections.abc import Sequence

from aws_cdk import Aws
from aws_cdk.aws_iam import PolicyStatement, PrincipalWithConditions, Role, ServicePrincipal
from aws_cdk.aws_logs import LogGroup, ResourcePolicy, RetentionDays
from constructs import Construct

from seawall_constructs.findings import accept_wildcards
from stacks.names import Names
from stacks.patterns.boundary import boundary
from stacks.patterns.refuse_calls import REFUSE_CALLS
from stacks.patterns.regional_stack import RegionalStack

BY_FIS = {"managedByFIS": "true"}
"""What AWS FIS tags its own network ACLs with."""

PAUSE_TABLES = "aws:dynamodb:global-table-pause-replication"

REASON = (
    "AWS FIS makes its network ACLs with names of its own and its tag, which is a condition, as are the tables that "
    "are paused; tasks are named by ECS below one cluster; reading and log delivery have no narrower resource"
)


class Experimenter(Construct):
    """What experiments may do: stop tasks, cut subnets off, pause copying, set a function's concurrency.

    Survives a mistake in an experiment: nothing that holds data can be changed or deleted by this role.
    """

    role: Role
    logs: LogGroup

    def __init__(
        self,
        scope: RegionalStack,
        name: str,
        *,
        names: Names,
        peer: str,
        tables: Sequence[str],
        functions: Sequence[str],
    ) -> None:
        super().__init__(scope, name)
        self._names = names
        self._region = scope.region
        self.logs = self._logs(scope)
        of_this_account = {
            "StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID},
            "ArnLike": {"aws:SourceArn": names.arn("fis", scope.region, "experiment/*")},
        }
        self.role = Role(
            self,
            "Role",
            role_name=names.in_region("chaos", scope.region),
            assumed_by=PrincipalWithConditions(ServicePrincipal("fis.amazonaws.com"), of_this_account),
            permissions_boundary=boundary(self, names),
        )
        statements = [
            *self._tasks(),
            *self._subnets(),
            *self._copies(peer),
            *self._replicas(tables),
            *self._concurrency(functions),
            *self._log_delivery(),
        ]
        for statement in statements:
            self.role.add_to_policy(statement)
        accept_wildcards(self.role, *statements, reason=REASON)

    def _logs(self, scope: RegionalStack) -> LogGroup:
        logs = LogGroup(
            self,
            "Logs",
            log_group_name=f"/aws/fis/{self._names.name('chaos')}",
            retention=RetentionDays.ONE_YEAR,
            removal_policy=scope.data_removal,
        )
        # Made here, so that the role need not be able to write resource policies.
        ResourcePolicy(
            self,
            "LogDelivery",
            resource_policy_name=self._names.name("chaos"),
            policy_statements=[
                PolicyStatement(
                    principals=[ServicePrincipal("delivery.logs.amazonaws.com")],
                    actions=["logs:CreateLogStream", "logs:PutLogEvents"],
                    resources=[
                        self._names.arn("logs", self._region, f"log-group:/aws/fis/{self._names.name('chaos')}:*")
                    ],
                    conditions={"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}},
                )
            ],
        )
        return logs

    def _tasks(self) -> list[PolicyStatement]:
        cluster = self._names.name("bundler")
        tasks = self._names.arn("ecs", self._region, f"task/{cluster}/*")
        return [
            PolicyStatement(actions=["ecs:StopTask", "ecs:DescribeTasks"], resources=[tasks]),
            PolicyStatement(actions=["ecs:ListTasks", "tag:GetResources"], resources=["*"]),
        ]

    def _subnets(self) -> list[PolicyStatement]:
        """As AWS's own policy AWSFaultInjectionSimulatorNetworkAccess, for subnets of this drive only."""
        acls = self._names.arn("ec2", self._region, "network-acl/*")
        vpcs = self._names.arn("ec2", self._region, "vpc/*")
        subnets = self._names.arn("ec2", self._region, "subnet/*")
        asked = {"StringEquals": {f"aws:RequestTag/{tag}": value for tag, value in BY_FIS.items()}}
        owned = {"StringEquals": {f"ec2:ResourceTag/{tag}": value for tag, value in BY_FIS.items()}}
        ours = {"StringEquals": {"ec2:ResourceTag/seawall:drive": self._names.prefix}}
        tagging = {"StringEquals": {**asked["StringEquals"], "ec2:CreateAction": "CreateNetworkAcl"}}
        return [
            PolicyStatement(actions=["ec2:CreateTags"], resources=[acls], conditions=tagging),
            PolicyStatement(actions=["ec2:CreateNetworkAcl"], resources=[acls], conditions=asked),
            PolicyStatement(actions=["ec2:CreateNetworkAcl"], resources=[vpcs], conditions=ours),
            PolicyStatement(
                actions=["ec2:CreateNetworkAclEntry", "ec2:DeleteNetworkAcl"], resources=[acls], conditions=owned
            ),
            # The ACL that is put back was there before, and bears no tag of AWS FIS.
            PolicyStatement(actions=["ec2:ReplaceNetworkAclAssociation"], resources=[acls]),
            PolicyStatement(actions=["ec2:ReplaceNetworkAclAssociation"], resources=[subnets], conditions=ours),
            PolicyStatement(
                actions=[f"ec2:Describe{what}" for what in ("ManagedPrefixLists", "NetworkAcls", "Subnets", "Vpcs")],
                resources=["*"],
            ),
        ]

    def _copies(self, peer: str) -> list[PolicyStatement]:
        bucket = f"arn:{Aws.PARTITION}:s3:::{self._names.bucket('files', self._region)}"
        return [
            PolicyStatement(
                actions=["s3:PauseReplication"],
                resources=[bucket],
                conditions={"StringEquals": {"s3:DestinationRegion": peer}},
            ),
            PolicyStatement(
                actions=["s3:GetReplicationConfiguration", "s3:PutReplicationConfiguration"],
                resources=[bucket],
                conditions={"BoolIfExists": {"s3:isReplicationPauseRequest": "true"}},
            ),
            PolicyStatement(actions=["s3:ListAllMyBuckets"], resources=["*"]),
        ]

    def _replicas(self, tables: Sequence[str]) -> list[PolicyStatement]:
        """Copying with a delay is paused by a policy on the table, copying before the answer by faults."""
        arns = [self._names.table_arn(table, self._region) for table in tables]
        policies = [f"dynamodb:{verb}ResourcePolicy" for verb in ("Get", "Put", "Delete")]
        return [
            PolicyStatement(actions=["dynamodb:DescribeTable", *policies], resources=arns),
            # It takes no resource: the tables are named in a condition.
            PolicyStatement(
                actions=["dynamodb:InjectError"],
                resources=["*"],
                conditions={
                    "StringEquals": {"dynamodb:FisActionId": PAUSE_TABLES},
                    "ForAllValues:ArnEquals": {"dynamodb:FisTargetArns": arns},
                },
            ),
        ]

    def _concurrency(self, functions: Sequence[str]) -> list[PolicyStatement]:
        arn = self._names.arn
        return [
            PolicyStatement(
                actions=["ssm:StartAutomationExecution"],
                resources=[
                    arn("ssm", self._region, f"automation-definition/{self._names.name(REFUSE_CALLS)}:*"),
                    arn("ssm", self._region, f"document/{self._names.name(REFUSE_CALLS)}"),
                ],
            ),
            PolicyStatement(
                actions=["ssm:GetAutomationExecution", "ssm:StopAutomationExecution"],
                resources=[arn("ssm", self._region, "automation-execution/*")],
            ),
            PolicyStatement(
                actions=["lambda:PutFunctionConcurrency"],
                resources=[arn("lambda", self._region, f"function:{self._names.name(role)}") for role in functions],
            ),
        ]

    def _log_delivery(self) -> list[PolicyStatement]:
        return [
            PolicyStatement(
                actions=["logs:CreateLogDelivery", "logs:DescribeLogGroups", "logs:DescribeResourcePolicies"],
                resources=["*"],
            )
        ]
