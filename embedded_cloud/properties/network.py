"""Networks, and health checks."""

from typing import Any

from embedded_cloud.reading import VALUE, Read, Write

OTHERS = {
    "CidrIp": ("IpRanges", "CidrIp"),
    "CidrIpv6": ("Ipv6Ranges", "CidrIpv6"),
    "SourceSecurityGroupId": ("UserIdGroupPairs", "GroupId"),
    "DestinationSecurityGroupId": ("UserIdGroupPairs", "GroupId"),
    "SourcePrefixListId": ("PrefixListIds", "PrefixListId"),
    "DestinationPrefixListId": ("PrefixListIds", "PrefixListId"),
}
"""Who is let in or reached, and the list in which the service gathers those of a rule."""


def permissions(rules: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rules of a security group, as the service takes and gives them."""
    return [_permission(rule) for rule in rules]


def _permission(rule: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {name: rule[name] for name in ("IpProtocol", "FromPort", "ToPort") if name in rule}
    described = {"Description": rule["Description"]} if "Description" in rule else {}
    for name, (gathered, called) in OTHERS.items():
        if name in rule:
            made[gathered] = [{called: rule[name], **described}]
    return made


def _rule(other: str) -> tuple[Read, ...]:
    return (
        Read(
            "ec2.describe_security_group_rules",
            {"Filters": [{"Name": "group-id", "Values": ["{GroupId}"]}]},
            at="SecurityGroupRules",
            where={"SecurityGroupRuleId": "{id}"},
            same="Description FromPort GroupId IpProtocol ToPort",
            renamed={"CidrIp": "CidrIpv4", "CidrIpv6": "CidrIpv6", other: "ReferencedGroupInfo.GroupId"},
        ),
    )


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
                "GroupName": "GroupName",
                "SecurityGroupEgress": "IpPermissionsEgress",
                "SecurityGroupIngress": "IpPermissions",
            },
            worded={"SecurityGroupEgress": permissions, "SecurityGroupIngress": permissions},
        ),
    ),
    "AWS::EC2::SecurityGroupEgress": _rule("DestinationSecurityGroupId"),
    "AWS::EC2::SecurityGroupIngress": _rule("SourceSecurityGroupId"),
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
