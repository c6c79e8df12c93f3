"""The network of the bundler's tasks, and health checks."""

from typing import Any

from drills.cloud.reading import VALUE, Read, Write


def _permissions(rules: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The service gathers the addresses of a rule in a list of their own."""
    addresses = {"CidrIp", "Description"}
    return [
        {
            **{name: value for name, value in rule.items() if name not in addresses},
            "IpRanges": [{name: value for name, value in rule.items() if name in addresses}],
        }
        for rule in rules
    ]


READS: dict[str, tuple[Read, ...]] = {
    "AWS::EC2::FlowLog": (
        Read(
            "ec2.describe_flow_logs",
            at="FlowLogs",
            where={"ResourceId": "{ResourceId}"},
            same="DeliverLogsPermissionArn LogDestinationType ResourceType Tags TrafficType",
            # ministack takes the group's name for its ARN and gives it back there.
            renamed={"LogGroupName": "LogDestination"},
            writes={"Tags": Write("ec2.create_tags", {"Resources": ["{id}"], "Tags": VALUE})},
        ),
    ),
    "AWS::EC2::RouteTable": (
        Read("ec2.describe_route_tables", {"RouteTableIds": ["{id}"]}, at="RouteTables", same="Tags VpcId"),
    ),
    "AWS::EC2::SecurityGroup": (
        Read(
            "ec2.describe_security_groups",
            {"GroupIds": ["{id}"]},
            at="SecurityGroups",
            same="Tags VpcId",
            renamed={
                "GroupDescription": "Description",
                "SecurityGroupEgress": "IpPermissionsEgress",
                "SecurityGroupIngress": "IpPermissions",
            },
            worded={"SecurityGroupEgress": _permissions, "SecurityGroupIngress": _permissions},
        ),
    ),
    "AWS::EC2::Subnet": (
        Read(
            "ec2.describe_subnets",
            {"SubnetIds": ["{id}"]},
            at="Subnets",
            same="AvailabilityZone CidrBlock MapPublicIpOnLaunch Tags VpcId",
        ),
    ),
    "AWS::EC2::SubnetRouteTableAssociation": (
        Read(
            "ec2.describe_route_tables",
            {"RouteTableIds": ["{RouteTableId}"]},
            at="RouteTables",
            renamed={"SubnetId": "Associations"},
            worded={"SubnetId": lambda subnet: [{"SubnetId": subnet}]},
        ),
    ),
    "AWS::EC2::VPC": (
        Read("ec2.describe_vpcs", {"VpcIds": ["{id}"]}, at="Vpcs", same="CidrBlock InstanceTenancy Tags"),
        Read(
            "ec2.describe_vpc_attribute",
            {"VpcId": "{id}", "Attribute": "enableDnsHostnames"},
            renamed={"EnableDnsHostnames": "EnableDnsHostnames.Value"},
        ),
        Read(
            "ec2.describe_vpc_attribute",
            {"VpcId": "{id}", "Attribute": "enableDnsSupport"},
            renamed={"EnableDnsSupport": "EnableDnsSupport.Value"},
        ),
    ),
    "AWS::EC2::VPCEndpoint": (
        Read(
            "ec2.describe_vpc_endpoints",
            {"VpcEndpointIds": ["{id}"]},
            at="VpcEndpoints",
            same="PolicyDocument RouteTableIds ServiceName Tags VpcEndpointType VpcId PrivateDnsEnabled SubnetIds",
            renamed={"SecurityGroupIds": "Groups"},
            worded={"SecurityGroupIds": lambda groups: [{"GroupId": group} for group in groups]},
        ),
    ),
    "AWS::Route53::HealthCheck": (
        Read(
            "route53.get_health_check",
            {"HealthCheckId": "{id}"},
            at="HealthCheck",
            same="HealthCheckConfig",
        ),
        Read(
            "route53.list_tags_for_resource",
            {"ResourceType": "healthcheck", "ResourceId": "{id}"},
            at="ResourceTagSet",
            renamed={"HealthCheckTags": "Tags"},
            writes={
                "HealthCheckTags": Write(
                    "route53.change_tags_for_resource",
                    {"ResourceType": "healthcheck", "ResourceId": "{id}", "AddTags": VALUE},
                )
            },
        ),
    ),
}
