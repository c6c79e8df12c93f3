"""A network in three zones that leads nowhere but to the services of AWS that are named."""

from collections.abc import Mapping

from aws_cdk import Aws, Fn, Stack
from aws_cdk.aws_ec2 import (
    FlowLogDestination,
    FlowLogTrafficType,
    GatewayVpcEndpointAwsService,
    InterfaceVpcEndpointAwsService,
    IpAddresses,
    Peer,
    Port,
    SecurityGroup,
    SubnetConfiguration,
    SubnetType,
    Vpc,
)
from aws_cdk.aws_iam import AnyPrincipal, PolicyStatement, Role, ServicePrincipal
from aws_cdk.aws_logs import LogGroup, RetentionDays
from constructs import Construct, IConstruct

from seawall_constructs.disposal import removal_policy
from seawall_constructs.zones import ZONES

ADDRESSES = "10.20.0.0/20"
"""Three subnets of 1 024 addresses, one of them for each task: room for five times the tasks of the default quota."""

SUBNET_MASK = 22

QUEUES = "sqs"
"""What Amazon SQS is called among the services with endpoints."""

FOR_CONTAINERS: dict[str, InterfaceVpcEndpointAwsService] = {
    "EcrApi": InterfaceVpcEndpointAwsService.ECR,
    "EcrDkr": InterfaceVpcEndpointAwsService.ECR_DOCKER,
    "Logs": InterfaceVpcEndpointAwsService.CLOUDWATCH_LOGS,
    "Sqs": InterfaceVpcEndpointAwsService.SQS,
}
"""What a container needs to start, to write its log, and to take work from a queue."""


class ClosedNetwork(Construct):
    """Subnets without a way to the internet: no NAT gateway that one zone could take along.

    Survives the loss of a zone: each zone has its subnet and its own endpoint of every service.
    Survives a stolen task: it reaches the named services, and buckets, tables and queues of this account only.
    """

    vpc: Vpc
    tasks: SecurityGroup
    """For what runs here: nobody may call it, and it may call the endpoints."""
    doors: list[IConstruct]
    """The endpoints: what starts before them reaches nothing."""

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        services: Mapping[str, InterfaceVpcEndpointAwsService] = FOR_CONTAINERS,
        vpc_name: str | None = None,
        flow_log_role_name: str | None = None,
        disposable: bool = False,
    ) -> None:
        """Make an endpoint in each zone for each of `services`, by the construct's id; S3's and DynamoDB's always."""
        super().__init__(scope, name)
        self.doors = []
        # With max_azs and no account CDK takes two zones.
        zones = [Fn.select(zone, Fn.get_azs()) for zone in range(ZONES)]
        self.vpc = Vpc(
            self,
            "Vpc",
            vpc_name=vpc_name,
            availability_zones=zones,
            ip_addresses=IpAddresses.cidr(ADDRESSES),
            subnet_configuration=[
                SubnetConfiguration(name="Tasks", subnet_type=SubnetType.PRIVATE_ISOLATED, cidr_mask=SUBNET_MASK)
            ],
            # It would take a custom resource to empty the default group, which nothing here is in.
            restrict_default_security_group=False,
        )
        self.tasks = SecurityGroup(self, "Tasks", vpc=self.vpc, description="What runs here", allow_all_outbound=False)
        # Gateway endpoints are reached under public addresses, whose prefix lists have an id of their own per region.
        self.tasks.add_egress_rule(Peer.any_ipv4(), Port.tcp(443), "AWS; no other route leads out")
        self._endpoints(services)
        self._flow_log(vpc_name, flow_log_role_name, disposable)

    def _endpoints(self, services: Mapping[str, InterfaceVpcEndpointAwsService]) -> None:
        files = self.vpc.add_gateway_endpoint("S3", service=GatewayVpcEndpointAwsService.S3)
        files.add_to_policy(_within_account("s3:*"))
        # The layers of images lie in a bucket of Amazon ECR's own (ECR User Guide, "Amazon ECR interface endpoints").
        layers = f"arn:{Aws.PARTITION}:s3:::prod-{Stack.of(self).region}-starport-layer-bucket/*"
        files.add_to_policy(PolicyStatement(principals=[AnyPrincipal()], actions=["s3:GetObject"], resources=[layers]))
        tables = self.vpc.add_gateway_endpoint("DynamoDb", service=GatewayVpcEndpointAwsService.DYNAMODB)
        tables.add_to_policy(_within_account("dynamodb:*"))
        doors = SecurityGroup(self, "Endpoints", vpc=self.vpc, description="Endpoints of AWS", allow_all_outbound=False)
        doors.add_ingress_rule(Peer.ipv4(ADDRESSES), Port.tcp(443), "What runs here")
        for name, service in services.items():
            door = self.vpc.add_interface_endpoint(name, service=service, security_groups=[doors], open=False)
            if service.short_name == QUEUES:
                door.add_to_policy(_within_account("sqs:*"))
            self.doors.append(door)

    def _flow_log(self, vpc_name: str | None, role_name: str | None, disposable: bool) -> None:
        logs = LogGroup(
            self,
            "FlowLogs",
            log_group_name=f"/aws/vpc/{vpc_name}" if vpc_name else None,
            retention=RetentionDays.ONE_MONTH,
            removal_policy=removal_policy(disposable),
        )
        writer = Role(
            self,
            "FlowLogRole",
            role_name=role_name,
            assumed_by=ServicePrincipal("vpc-flow-logs.amazonaws.com"),
        )
        # What is refused is what nobody meant to happen; all traffic would be every byte of every answer.
        self.vpc.add_flow_log(
            "FlowLog",
            destination=FlowLogDestination.to_cloud_watch_logs(logs, writer),
            traffic_type=FlowLogTrafficType.REJECT,
        )


def _within_account(actions: str) -> PolicyStatement:
    return PolicyStatement(
        principals=[AnyPrincipal()],
        actions=[actions],
        resources=["*"],
        conditions={"StringEquals": {"aws:ResourceAccount": Aws.ACCOUNT_ID}},
    )
