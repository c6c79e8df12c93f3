"""A network in three zones that can call the internet and cannot be called from it."""

from aws_cdk import Fn
from aws_cdk.aws_ec2 import (
    FlowLogDestination,
    FlowLogTrafficType,
    GatewayVpcEndpointAwsService,
    IpAddresses,
    Peer,
    Port,
    SecurityGroup,
    SubnetConfiguration,
    SubnetType,
    Vpc,
)
from aws_cdk.aws_s3 import Bucket
from constructs import Construct

from seawall_constructs.zones import ZONES
from stacks.names import Names
from stacks.patterns.drive_bucket import LOGS
from stacks.patterns.regional_stack import RegionalStack

ADDRESSES = "10.21.0.0/24"
"""Three subnets of 64 addresses: a handful of tasks, and no network of ours that it could be confused with."""

SUBNET_MASK = 26

HTTPS = 443


class OpenNetwork(Construct):
    """Public subnets without NAT gateways: a task has an address of its own, and nobody may call it.

    Survives the loss of a zone: the internet gateway belongs to the region, so no zone's way out leads through another.
    Survives a stolen task: it can call HTTPS, and the ports that are named, and nothing else.
    """

    vpc: Vpc
    tasks: SecurityGroup
    """For what runs here."""

    def __init__(self, scope: RegionalStack, name: str, *, names: Names, role: str, ports: set[int]) -> None:
        super().__init__(scope, name)
        self.vpc = Vpc(
            self,
            "Vpc",
            vpc_name=names.name(role),
            # With max_azs and no account CDK takes two zones.
            availability_zones=[Fn.select(zone, Fn.get_azs()) for zone in range(ZONES)],
            ip_addresses=IpAddresses.cidr(ADDRESSES),
            nat_gateways=0,
            # It would take a custom resource, and nothing is in the default group.
            restrict_default_security_group=False,
            subnet_configuration=[
                SubnetConfiguration(
                    name="Tasks", subnet_type=SubnetType.PUBLIC, cidr_mask=SUBNET_MASK, map_public_ip_on_launch=False
                )
            ],
        )
        self.tasks = SecurityGroup(self, "Tasks", vpc=self.vpc, description="What runs here", allow_all_outbound=False)
        for port in sorted(ports | {HTTPS}):
            self.tasks.add_egress_rule(Peer.any_ipv4(), Port.tcp(port), "AWS and the store elsewhere")
        # The bytes of files and tables reach the tasks without crossing the internet.
        self.vpc.add_gateway_endpoint("S3", service=GatewayVpcEndpointAwsService.S3)
        self.vpc.add_gateway_endpoint("DynamoDb", service=GatewayVpcEndpointAwsService.DYNAMODB)
        self.vpc.add_flow_log(
            "FlowLog",
            destination=FlowLogDestination.to_s3(
                Bucket.from_bucket_name(self, "Logs", names.bucket(LOGS, scope.region)), f"flow-{role}"
            ),
            # Every connection, for whatever leaves the provider is worth knowing afterwards, and there are few.
            traffic_type=FlowLogTrafficType.ALL,
        )
