"""How many copies run, what they run on, and what depends on a single machine."""

from typing import Any

import pytest
from seawall.capacity import (
    Count,
    capacity_of,
    counted,
    groups_under,
    members_of,
    nodes_of_cache,
)
from seawall.design import Design, Resource
from seawall.documents import read_yaml
from seawall.instances import dependents_of, twins_of
from seawall.routing import subnets_routed_through
from seawall.scaling import scaling_floor
from seawall.source import Document
from seawall.sources.cloudformation import template_of
from seawall.values import Reference, Unknown

HEAD = """
Parameters:
  Number: {Type: Number}
  Secret: {Type: String}
Conditions:
  Maybe: !Equals [!Ref Secret, yes please]
  Never: !Equals [a, b]
Resources:
"""


def design_of(resources: str) -> Design:
    problems: list[Any] = []
    text = HEAD + resources
    template = template_of(Document("template.yaml", text, read_yaml(text, problems)), problems=problems)
    assert problems == []
    return Design([template])


def resource_of(kind: str, properties: str) -> Resource:
    return design_of(f"  Thing: {{Type: '{kind}', Properties: {{{properties}}}}}\n").all["", "Thing"]


@pytest.mark.parametrize(
    ("properties", "capacity"),
    [
        ("MinSize: 2, MaxSize: 4", 2),
        ("MinSize: '1', MaxSize: '4', DesiredCapacity: '3'", 3),
        ("MinSize: 1, MaxSize: 1", 1),
        ("MinSize: 0, MaxSize: 1", 0),
        ("MinSize: 0, MaxSize: 4", 0),
        ("MinSize: 2, MaxSize: 4, DesiredCapacity: !Ref Number", 2),
        ("MaxSize: 4", None),
    ],
)
def test_a_group_starts_with_its_desired_capacity_or_its_minimum(properties: str, capacity: float | None) -> None:
    assert capacity_of(resource_of("AWS::AutoScaling::AutoScalingGroup", properties)) == capacity


def test_an_unknown_minimum_leaves_the_capacity_unknown() -> None:
    group = resource_of("AWS::AutoScaling::AutoScalingGroup", "MinSize: !Ref Number, MaxSize: 4")
    assert isinstance(capacity_of(group), Unknown)


@pytest.mark.parametrize(
    ("properties", "nodes"),
    [
        ("NumCacheClusters: 2", 2),
        ("NumNodeGroups: 3, ReplicasPerNodeGroup: 1", 2),
        ("NumNodeGroups: 3", 1),
        ("NodeGroupConfiguration: [{ReplicaCount: 2}, {ReplicaCount: 1}]", 2),
        ("Engine: redis", None),
    ],
)
def test_the_nodes_of_each_shard_are_counted(properties: str, nodes: float | None) -> None:
    assert nodes_of_cache(resource_of("AWS::ElastiCache::ReplicationGroup", properties))[0] == nodes


CLUSTER = """
  Cluster: {Type: "AWS::RDS::DBCluster", Properties: {Engine: aurora-mysql}}
  First: {Type: "AWS::RDS::DBInstance", Properties: {DBClusterIdentifier: !Ref Cluster}}
  Second:
    Type: AWS::RDS::DBInstance
    Condition: Maybe
    Properties: {DBClusterIdentifier: !Ref Cluster}
  Third:
    Type: AWS::RDS::DBInstance
    Condition: Never
    Properties: {DBClusterIdentifier: !Ref Cluster}
  Stranger: {Type: "AWS::RDS::DBInstance", Properties: {DBClusterIdentifier: another}}
"""


def test_members_are_counted_by_whether_they_exist() -> None:
    design = design_of(CLUSTER)
    members = members_of(design.all["", "Cluster"], design)
    assert [member.id for member in members] == ["First", "Second"]
    assert counted(members) == Count(1, 2, ("parameter Secret",))


@pytest.mark.parametrize(
    "target",
    ["!Sub 'service/${Cluster}/${Service.Name}'", "!Sub 'service/${Cluster}/shop'", "service/main/shop"],
)
def test_automatic_scaling_is_found_however_it_names_its_service(target: str) -> None:
    design = design_of(f"""
  Cluster: {{Type: "AWS::ECS::Cluster", Properties: {{ClusterName: main}}}}
  Service: {{Type: "AWS::ECS::Service", Properties: {{ServiceName: shop, Cluster: !Ref Cluster}}}}
  Other: {{Type: "AWS::ECS::Service", Properties: {{ServiceName: another, Cluster: !Ref Cluster}}}}
  Scaling:
    Type: AWS::ApplicationAutoScaling::ScalableTarget
    Properties: {{MinCapacity: 2, ResourceId: {target}}}
""")
    assert scaling_floor(design.all["", "Service"], design) == 2
    assert scaling_floor(design.all["", "Other"], design) is None


GROUP = "  Group: {Type: 'AWS::AutoScaling::AutoScalingGroup', Properties: {%s}}\n"

PROVIDER = """
  Provider:
    Type: AWS::ECS::CapacityProvider
    Properties: {AutoScalingGroupProvider: {AutoScalingGroupArn: !Ref Group}}
"""


@pytest.mark.parametrize(
    "resources",
    [
        GROUP % ""
        + PROVIDER
        + """
  Cluster: {Type: "AWS::ECS::Cluster"}
  Service:
    Type: AWS::ECS::Service
    Properties: {Cluster: !Ref Cluster, CapacityProviderStrategy: [{CapacityProvider: !Ref Provider}]}
""",
        GROUP % ""
        + PROVIDER
        + """
  Cluster: {Type: "AWS::ECS::Cluster", Properties: {CapacityProviders: [!Ref Provider]}}
  Service: {Type: "AWS::ECS::Service", Properties: {Cluster: !Ref Cluster}}
""",
        GROUP % ""
        + PROVIDER
        + """
  Cluster: {Type: "AWS::ECS::Cluster"}
  Association:
    Type: AWS::ECS::ClusterCapacityProviderAssociations
    Properties: {Cluster: !Ref Cluster, CapacityProviders: [!Ref Provider]}
  Service: {Type: "AWS::ECS::Service", Properties: {Cluster: !Ref Cluster}}
""",
        GROUP % "LaunchTemplate: {LaunchTemplateId: !Ref Template}"
        + """
  Cluster: {Type: "AWS::ECS::Cluster"}
  Template:
    Type: AWS::EC2::LaunchTemplate
    Properties: {LaunchTemplateData: {UserData: !Base64 {"Fn::Sub": "echo ECS_CLUSTER=${Cluster}"}}}
  Service: {Type: "AWS::ECS::Service", Properties: {Cluster: !Ref Cluster}}
""",
    ],
    ids=["strategy", "cluster", "association", "user data"],
)
def test_the_instances_under_a_service_are_found(resources: str) -> None:
    design = design_of(resources)
    assert [group.id for group in groups_under(design.all["", "Service"], design)] == ["Group"]


def dependents(resources: str, properties: str = "") -> list[str]:
    design = design_of(f"  Machine: {{Type: 'AWS::EC2::Instance', Properties: {{{properties}}}}}\n" + resources)
    return dependents_of(design.all["", "Machine"], design)


def group_with(rule: str) -> str:
    return f"  Group: {{Type: 'AWS::EC2::SecurityGroup', Properties: {{SecurityGroupIngress: [{{{rule}}}]}}}}\n"


IN_GROUP = "SecurityGroupIds: [!GetAtt Group.GroupId]"


def test_an_alarm_depends_on_no_machine() -> None:
    alarm = "  Alarm: {Type: 'AWS::CloudWatch::Alarm', Properties: {Dimensions: [{Value: !Ref Machine}]}}\n"
    assert dependents(alarm) == []


def test_an_address_on_its_network_interface_leads_to_a_machine() -> None:
    resources = """
  Interface: {Type: "AWS::EC2::NetworkInterface", Properties: {SubnetId: subnet-1}}
  Address: {Type: "AWS::EC2::EIPAssociation", Properties: {NetworkInterfaceId: !Ref Interface}}
"""
    found = dependents(resources, "NetworkInterfaces: [{NetworkInterfaceId: !Ref Interface}]")
    assert found == ["Address (EIPAssociation)"]


def test_a_port_that_is_open_to_the_world_makes_a_service() -> None:
    rule = "IpProtocol: tcp, FromPort: 443, ToPort: 443, CidrIp: 0.0.0.0/0"
    assert dependents(group_with(rule), IN_GROUP) == ["port 443 of Group"]


@pytest.mark.parametrize(
    "rule",
    [
        "IpProtocol: tcp, FromPort: 22, ToPort: 22, CidrIp: 0.0.0.0/0",
        "IpProtocol: tcp, FromPort: 0, ToPort: 65535, CidrIp: 0.0.0.0/0",
        "IpProtocol: tcp, FromPort: 9092, ToPort: 9092, CidrIp: 10.0.0.0/24",
        "IpProtocol: icmp, FromPort: 8, ToPort: 0, CidrIp: 0.0.0.0/0",
        "IpProtocol: '-1', CidrIp: 0.0.0.0/0",
        "IpProtocol: tcp, FromPort: !Ref Number, ToPort: !Ref Number, CidrIp: 0.0.0.0/0",
    ],
)
def test_these_rules_say_nothing_about_a_service(rule: str) -> None:
    assert dependents(group_with(rule), IN_GROUP) == []


def test_a_group_that_admits_its_own_members_serves_nobody_else() -> None:
    resources = """
  Group: {Type: "AWS::EC2::SecurityGroup", Properties: {GroupDescription: members}}
  Own:
    Type: AWS::EC2::SecurityGroupIngress
    Properties:
      {GroupId: !Ref Group, IpProtocol: tcp, FromPort: 80, ToPort: 80, SourceSecurityGroupId: !Ref Group}
"""
    assert dependents(resources, IN_GROUP) == []


def test_machines_made_alike_do_the_same_work() -> None:
    design = design_of("""
  First: {Type: "AWS::EC2::Instance", Properties: {ImageId: ami-1, InstanceType: t3.small}}
  Second: {Type: "AWS::EC2::Instance", Properties: {ImageId: ami-1, InstanceType: t3.small}}
  Another: {Type: "AWS::EC2::Instance", Properties: {ImageId: ami-2, InstanceType: t3.small}}
""")
    assert [twin.id for twin in twins_of(design.all["", "First"], design)] == ["Second"]


def test_subnets_are_followed_through_their_route_tables() -> None:
    design = design_of("""
  Gateway: {Type: "AWS::EC2::NatGateway", Properties: {SubnetId: subnet-1}}
  Unused: {Type: "AWS::EC2::NatGateway", Properties: {SubnetId: subnet-1}}
  Table: {Type: "AWS::EC2::RouteTable", Properties: {VpcId: vpc-1}}
  Route: {Type: "AWS::EC2::Route", Properties: {RouteTableId: !Ref Table, NatGatewayId: !Ref Gateway}}
  Private: {Type: "AWS::EC2::Subnet", Properties: {CidrBlock: 10.0.0.0/24}}
  Way:
    Type: AWS::EC2::SubnetRouteTableAssociation
    Properties: {RouteTableId: !Ref Table, SubnetId: !Ref Private}
""")
    assert subnets_routed_through(design.all["", "Gateway"], design) == [Reference(("", "Private"))]
    assert subnets_routed_through(design.all["", "Unused"], design) == []
