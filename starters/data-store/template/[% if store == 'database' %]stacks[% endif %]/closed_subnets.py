"""Where a database lives: three zones, and no way in or out but from what is let in."""

from aws_cdk import Fn
from aws_cdk.aws_ec2 import (
    FlowLogDestination,
    FlowLogTrafficType,
    IpAddresses,
    Port,
    SecurityGroup,
    SubnetConfiguration,
    SubnetSelection,
    SubnetType,
    Vpc,
)
from aws_cdk.aws_iam import Role, ServicePrincipal
from aws_cdk.aws_logs import LogGroup, RetentionDays
from aws_cdk.aws_rds import SubnetGroup
from constructs import Construct
from seawall_constructs.disposal import removal_policy
from seawall_constructs.zones import ZONES

from stacks.regional_stack import RegionalStack

NETWORK = "database"

ADDRESSES = "10.20.0.0/20"

POSTGRESQL = 5432


class ClosedSubnets(Construct):
    """A network for a database, and for whatever is to reach it.

    Survives the loss of a zone: each of three has a subnet of its own.
    Survives a careless rule elsewhere: nothing leads to the internet, and only `clients` may call the database.
    """

    vpc: Vpc
    zones: list[str]
    subnets: SubnetGroup
    clients: SecurityGroup
    """For what is to call the database: attach it there, and nothing else is needed."""
    database: SecurityGroup

    def __init__(self, scope: RegionalStack, name: str) -> None:
        super().__init__(scope, name)
        # With max_azs and no account CDK takes two zones.
        self.zones = [Fn.select(zone, Fn.get_azs()) for zone in range(ZONES)]
        self.vpc = Vpc(
            self,
            "Vpc",
            vpc_name=scope.named(NETWORK),
            availability_zones=self.zones,
            ip_addresses=IpAddresses.cidr(ADDRESSES),
            subnet_configuration=[
                SubnetConfiguration(name="Database", subnet_type=SubnetType.PRIVATE_ISOLATED, cidr_mask=22)
            ],
            # It would take a custom resource to empty the default group, which nothing here is in.
            restrict_default_security_group=False,
        )
        self.subnets = SubnetGroup(
            self,
            "Subnets",
            vpc=self.vpc,
            vpc_subnets=SubnetSelection(subnet_type=SubnetType.PRIVATE_ISOLATED),
            subnet_group_name=scope.named(NETWORK),
            description="Where the database lives, and what is restored from its backups",
            removal_policy=removal_policy(scope.disposable),
        )
        self.clients = self._group("Clients", scope.named("database-clients"), "Calls the database")
        self.database = self._group("Database", scope.named(NETWORK), "The database")
        self.database.connections.allow_from(self.clients, Port.tcp(POSTGRESQL), "PostgreSQL")
        self._flow_log(scope)

    def _group(self, name: str, group_name: str, description: str) -> SecurityGroup:
        return SecurityGroup(
            self,
            name,
            vpc=self.vpc,
            security_group_name=group_name,
            description=description,
            allow_all_outbound=False,
        )

    def _flow_log(self, scope: RegionalStack) -> None:
        logs = LogGroup(
            self,
            "FlowLogs",
            log_group_name=f"/aws/vpc/{scope.named(NETWORK)}",
            retention=RetentionDays.ONE_MONTH,
            removal_policy=removal_policy(scope.disposable),
        )
        writer = Role(
            self,
            "FlowLogRole",
            role_name=scope.role_named("flow-log"),
            assumed_by=ServicePrincipal("vpc-flow-logs.amazonaws.com"),
        )
        # What is refused is what nobody meant to happen.
        self.vpc.add_flow_log(
            "FlowLog",
            destination=FlowLogDestination.to_cloud_watch_logs(logs, writer),
            traffic_type=FlowLogTrafficType.REJECT,
        )
