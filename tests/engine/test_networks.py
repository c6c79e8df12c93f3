"""The zones of whole networks, and which target groups a load balancer sends to."""

from typing import Any

import pytest
from seawall.capacity import is_behind_load_balancer
from seawall.design import Design
from seawall.forwarding import attribute_of, groups_behind
from seawall.networks import subnets_of, zones_of_network
from seawall.scaling import scaled_by
from seawall.sources.terraform_words import in_terraform
from seawall.values import Unknown

from tests.designs import design, one

SWITCH = "load_balancing.cross_zone.enabled"
BALANCING = "AWS::ElasticLoadBalancingV2::"


def typed(kind: str, /, **properties: Any) -> dict[str, Any]:
    return {"Type": kind, "Properties": properties}


def subnet(index: int, **more: Any) -> dict[str, Any]:
    zone = {"Fn::Select": [index, {"Fn::GetAZs": ""}]}
    return {**typed("AWS::EC2::Subnet", VpcId={"Ref": "Network"}, AvailabilityZone=zone), **more}


def network(**subnets: Any) -> Design:
    parameters = {"Wanted": {"Type": "String"}}
    conditions = {"Maybe": {"Fn::Equals": [{"Ref": "Wanted"}, "yes"]}, "Never": {"Fn::Equals": ["a", "b"]}}
    resources = {"Network": typed("AWS::EC2::VPC", CidrBlock="10.0.0.0/16"), **subnets}
    return design(resources, Parameters=parameters, Conditions=conditions)


def zones(found: Design) -> tuple[int, int]:
    spread = zones_of_network(one(found, "Network"), found)
    return spread.at_least, spread.at_most


def test_a_network_has_the_zones_of_its_subnets() -> None:
    assert zones(network(First=subnet(0), Second=subnet(1))) == (2, 2)
    assert zones(network(First=subnet(0), Second=subnet(0))) == (1, 1)


def test_a_network_whose_subnets_are_declared_elsewhere_has_no_zone() -> None:
    assert zones(network()) == (0, 0)


def test_a_subnet_that_may_exist_counts_as_possible() -> None:
    found = network(First=subnet(0), Second=subnet(1, Condition="Maybe"))
    assert zones(found) == (1, 2)
    assert zones_of_network(one(found, "Network"), found).because == ("parameter Wanted",)


def test_a_subnet_that_does_not_exist_counts_for_nothing() -> None:
    found = network(First=subnet(0), Second=subnet(1, Condition="Never"))
    assert [one.id for one in subnets_of(one(found, "Network"), found)] == ["First"]
    assert zones(found) == (1, 1)


def balanced() -> Design:
    forward = {"Type": "forward", "ForwardConfig": {"TargetGroups": [{"TargetGroupArn": {"Ref": "New"}}]}}
    return design(
        {
            "Entrance": typed(
                BALANCING + "LoadBalancer",
                LoadBalancerAttributes=[{"Key": SWITCH, "Value": "true"}, {"Key": "other", "Value": {"Ref": "Wanted"}}],
            ),
            "Listener": typed(
                BALANCING + "Listener",
                LoadBalancerArn={"Ref": "Entrance"},
                DefaultActions=[{"Type": "forward", "TargetGroupArn": {"Ref": "Old"}}],
            ),
            "Rule": typed(BALANCING + "ListenerRule", ListenerArn={"Ref": "Listener"}, Actions=[forward]),
            "Old": typed(BALANCING + "TargetGroup"),
            "New": typed(BALANCING + "TargetGroup", TargetGroupAttributes={"Ref": "Wanted"}),
            "Elsewhere": typed(BALANCING + "TargetGroup"),
        },
        Parameters={"Wanted": {"Type": "String"}},
    )


def test_a_load_balancer_sends_to_the_groups_of_its_listeners_and_their_rules() -> None:
    found = balanced()
    assert [group.id for group in groups_behind(one(found, "Entrance"), found)] == ["Old", "New"]


def test_an_attribute_is_found_by_its_key() -> None:
    found = balanced()
    assert attribute_of(one(found, "Entrance"), "LoadBalancerAttributes", SWITCH) == "true"
    assert attribute_of(one(found, "Old"), "TargetGroupAttributes", SWITCH) is None
    assert isinstance(attribute_of(one(found, "New"), "TargetGroupAttributes", SWITCH), Unknown)


@pytest.mark.parametrize(
    ("properties", "behind"),
    [
        ({}, False),
        ({"TargetGroupARNs": ["arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/a/1"]}, True),
        ({"LoadBalancerNames": ["old"]}, True),
    ],
)
def test_a_group_is_behind_the_load_balancers_that_it_names(properties: dict[str, Any], behind: bool) -> None:
    found = design({"Group": typed("AWS::AutoScaling::AutoScalingGroup", **properties)})
    assert is_behind_load_balancer(one(found, "Group"), found) is behind


def test_a_list_that_nobody_knows_may_hold_a_load_balancer() -> None:
    group = typed("AWS::AutoScaling::AutoScalingGroup", TargetGroupARNs={"Ref": "Groups"})
    found = design({"Group": group}, Parameters={"Groups": {"Type": "CommaDelimitedList"}})
    assert is_behind_load_balancer(one(found, "Group"), found) == Unknown(("parameter Groups",))


def test_a_scaling_policy_is_followed_to_the_service_that_it_scales() -> None:
    service = {"Fn::Join": ["/", ["service", "shop", {"Fn::GetAtt": ["Web", "Name"]}]]}
    scaling = "AWS::ApplicationAutoScaling::"
    found = design(
        {
            "Web": typed("AWS::ECS::Service", TaskDefinition="web"),
            "Target": typed(
                scaling + "ScalableTarget", ResourceId=service, ScalableDimension="ecs:service:DesiredCount"
            ),
            "Followed": typed(scaling + "ScalingPolicy", ScalingTargetId={"Ref": "Target"}),
            "Direct": typed(
                scaling + "ScalingPolicy", ResourceId=service, ScalableDimension="ecs:service:DesiredCount"
            ),
            "Lost": typed(scaling + "ScalingPolicy", ResourceId="service/shop/other"),
        }
    )
    assert [scaled_by(one(found, name), found) for name in ("Followed", "Direct", "Lost")] == [
        one(found, "Web"), one(found, "Web"), None
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("fix", "in_its_words"),
    [
        (f"set {SWITCH}: true in LoadBalancerAttributes", "set enable_cross_zone_load_balancing = true"),
        (
            f"remove {SWITCH}: false from TargetGroupAttributes of Web",
            "remove load_balancing_cross_zone_enabled = false of Web",
        ),
        ("set idle.timeout: 60 in LoadBalancerAttributes", "set idle.timeout: 60 in load_balancer_attributes"),
    ],
)
def test_keys_and_values_become_terraforms_attributes(fix: str, in_its_words: str) -> None:
    assert in_terraform(fix, "aws_lb") == in_its_words
