"""What changes the capacity of tables, services and groups."""

from pathlib import Path
from typing import Any

import pytest
from seawall.design import Design
from seawall.scaling import GROUP, PROVIDER, Scaling, group_scaling, scaling_floor, scaling_of
from seawall.values import Unknown

from tests.designs import design
from tests.terraform_sources import root_module

SERVICE = "AWS::ECS::Service"
COUNT = "ecs:service:DesiredCount"


def typed(kind: str, /, **properties: Any) -> dict[str, Any]:
    return {"Type": kind, "Properties": properties}


def target(identifier: Any, dimension: str = COUNT, least: Any = 1, most: Any = 8) -> dict[str, Any]:
    kind = "AWS::ApplicationAutoScaling::ScalableTarget"
    return typed(kind, ResourceId=identifier, ScalableDimension=dimension, MinCapacity=least, MaxCapacity=most)


def acting(on: str) -> dict[str, Any]:
    kind = "AWS::ApplicationAutoScaling::ScalingPolicy"
    return typed(kind, PolicyName="a", PolicyType="TargetTrackingScaling", ScalingTargetId={"Ref": on})


def service_design(identifier: Any, **more: Any) -> Design:
    resources = {"Shop": typed(SERVICE, ServiceName="shop"), "Other": typed(SERVICE, ServiceName="other")}
    parameters = {"Name": {"Type": "String"}, "Least": {"Type": "Number"}, "Most": {"Type": "Number"}}
    scaled = {"Target": target(identifier, **more), "Policy": acting("Target")}
    return design({**resources, **scaled}, Parameters=parameters)


def scaled(found: Design, name: str = "Shop") -> Scaling:
    return scaling_of(found.all["", name], COUNT, found)


@pytest.mark.parametrize(
    "identifier",
    [
        "service/cluster/shop",
        {"Fn::Sub": "service/cluster/${Shop.Name}"},
        {"Fn::Join": ["/", ["service", {"Ref": "Name"}, {"Fn::GetAtt": ["Shop", "Name"]}]]},
    ],
)
def test_a_target_is_found_by_name_and_by_reference(identifier: Any) -> None:
    found = service_design(identifier)
    assert scaled(found).answer is True
    assert scaled(found, "Other") == Scaling(False, "no scalable target is registered")
    assert scaling_floor(found.all["", "Shop"], found) == 1


def test_a_target_whose_name_is_open_leaves_it_undecided() -> None:
    answer = scaled(service_design({"Fn::Sub": "service/cluster/${Name}"})).answer
    assert isinstance(answer, Unknown)
    assert answer.because == ("parameter Name",)


def test_a_target_between_equal_numbers_scales_nothing() -> None:
    assert scaled(service_design("service/cluster/shop", least=4, most=4)).answer is False
    same_parameter = {"Ref": "Most"}
    assert scaled(service_design("service/cluster/shop", least=same_parameter, most=same_parameter)).answer is False
    two_parameters = service_design("service/cluster/shop", least={"Ref": "Least"}, most={"Ref": "Most"})
    assert scaled(two_parameters).answer is True


def test_a_target_without_a_policy_scales_nothing() -> None:
    found = design({"Shop": typed(SERVICE, ServiceName="shop"), "Target": target("service/cluster/shop")})
    assert scaled(found).answer is False
    assert "no scaling policy" in scaled(found).why


def test_an_index_is_scaled_by_itself() -> None:
    table = typed("AWS::DynamoDB::Table", TableName="orders")
    writes = "dynamodb:index:WriteCapacityUnits"
    found = design({"Orders": table, "Target": target("table/orders/index/by-day", writes), "Policy": acting("Target")})
    orders = found.all["", "Orders"]
    assert scaling_of(orders, writes, found, "by-day").answer is True
    assert scaling_of(orders, writes, found, "by-name").answer is False
    assert scaling_of(orders, "dynamodb:table:WriteCapacityUnits", found).answer is False


def provider(**scaling: Any) -> dict[str, Any]:
    settings = {"AutoScalingGroupArn": {"Ref": "Web"}, **scaling}
    return typed(PROVIDER, AutoScalingGroupProvider=settings)


@pytest.mark.parametrize(
    ("beside", "answer"),
    [
        ({}, False),
        ({"P": typed("AWS::AutoScaling::ScalingPolicy", AutoScalingGroupName={"Ref": "Web"})}, True),
        ({"P": typed("AWS::AutoScaling::ScalingPolicy", AutoScalingGroupName="web")}, True),
        ({"P": typed("AWS::AutoScaling::ScalingPolicy", AutoScalingGroupName="other")}, False),
        ({"P": provider(ManagedScaling={"Status": "ENABLED"})}, True),
        ({"P": provider(ManagedScaling={"Status": "DISABLED"})}, False),
        ({"P": provider()}, False),
        ({"P": provider(ManagedScaling={"TargetCapacity": 80})}, None),
        ({"P": typed("AWS::AutoScaling::ScheduledAction", AutoScalingGroupName={"Ref": "Web"})}, None),
        ({"P": typed("AWS::AutoScaling::ScalingPolicy", AutoScalingGroupName={"Ref": "Name"})}, None),
    ],
)
def test_what_changes_a_group(beside: dict[str, Any], answer: bool | None) -> None:
    group = typed(GROUP, AutoScalingGroupName="web", MinSize=1, MaxSize=8)
    found = design({"Web": group, **beside}, Parameters={"Name": {"Type": "String"}})
    scaling = group_scaling(found.all["", "Web"], found)
    assert isinstance(scaling.answer, Unknown) if answer is None else scaling.answer is answer


def test_terraform_leaves_a_number_to_others(tmp_path: Path) -> None:
    text = """
        resource "aws_dynamodb_table" "some" {
          read_capacity = 5
          lifecycle {
            prevent_destroy = true
            ignore_changes  = [read_capacity, tags["Owner"]]
          }
        }
        resource "aws_dynamodb_table" "all" {
          lifecycle {
            ignore_changes = all
          }
        }
        resource "aws_dynamodb_table" "none" {}
    """
    found = root_module(tmp_path, text).all
    left = {name: found["", f"aws_dynamodb_table.{name}"].left_to_others for name in ("some", "all", "none")}
    assert left == {"some": {"ProvisionedThroughput", "Tags"}, "all": {"*"}, "none": frozenset()}
    assert found["", "aws_dynamodb_table.some"].is_left_to_others("ProvisionedThroughput")
    assert found["", "aws_dynamodb_table.some"].attribute("DeletionPolicy") == "Retain"
    assert not found["", "aws_dynamodb_table.none"].is_left_to_others("ProvisionedThroughput")
