"""Templates are settled as CloudFormation would settle them."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedded_cloud.settled import TemplateError, settled

TEXT = st.text("abc-", max_size=5)


def _settled(value: Any, parameters: dict[str, Any] | None = None, **sections: Any) -> Any:
    template = {"Resources": {"Asked": {"Type": "AWS::SNS::Topic", "Properties": {"Value": value}}}, **sections}
    made = settled(template, stack="orders", region="eu-west-1", parameters=parameters)
    return made["Resources"]["Asked"]["Properties"].get("Value")


PARAMETERS = {
    "Parameters": {
        "Name": {"Type": "String", "Default": "orders"},
        "Peer": {"Type": "String", "Default": ""},
        "Count": {"Type": "Number", "Default": "3"},
        "Zones": {"Type": "CommaDelimitedList", "Default": "a, b"},
    }
}
CONDITIONS = {
    "Conditions": {
        "Peered": {"Fn::Not": [{"Fn::Equals": [{"Ref": "Peer"}, ""]}]},
        "Home": {"Fn::Equals": [{"Ref": "AWS::Region"}, "eu-west-1"]},
        "Both": {"Fn::And": [{"Condition": "Home"}, {"Condition": "Peered"}]},
        "Either": {"Fn::Or": [{"Condition": "Home"}, {"Condition": "Peered"}]},
    }
}
MAPPINGS = {"Mappings": {"Sizes": {"eu-west-1": {"memory": 512}}}}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"Ref": "Name"}, "orders"),
        ({"Ref": "Count"}, 3),
        ({"Ref": "Zones"}, ["a", "b"]),
        ({"Ref": "Asked"}, {"Ref": "Asked"}),
        ({"Ref": "AWS::Region"}, {"Ref": "AWS::Region"}),
        ({"Fn::Sub": "${Name}-work"}, "orders-work"),
        ({"Fn::Sub": "${Name}-${AWS::Region}-${!Name}"}, {"Fn::Sub": "orders-${AWS::Region}-${!Name}"}),
        ({"Fn::Sub": ["${Name} ${Own}", {"Own": {"Ref": "Count"}}]}, {"Fn::Sub": ["orders ${Own}", {"Own": 3}]}),
        ({"Fn::Join": ["-", [{"Ref": "Name"}, "late"]]}, "orders-late"),
        ({"Fn::Join": ["", ["a", {"Ref": "Asked"}]]}, {"Fn::Join": ["", ["a", {"Ref": "Asked"}]]}),
        ({"Fn::If": ["Home", "here", "there"]}, "here"),
        ({"Fn::If": ["Both", "two", {"Ref": "Name"}]}, "orders"),
        ({"Fn::If": ["Either", 1, 2]}, 1),
        ({"Fn::If": ["Peered", {"A": 1}, {"Ref": "AWS::NoValue"}]}, None),
        ([{"Fn::If": ["Peered", 1, {"Ref": "AWS::NoValue"}]}, 2], [2]),
        ({"Fn::FindInMap": ["Sizes", {"Ref": "AWS::Region"}, "memory"]}, 512),
        ({"Fn::FindInMap": ["Sizes", "eu-north-1", "memory", {"DefaultValue": 256}]}, 256),
        ([{"Statement": {"Condition": "Home"}}], [{"Statement": {"Condition": "Home"}}]),
    ],
)
def test_a_value_is_what_cloudformation_makes_of_it(value: Any, expected: Any) -> None:
    assert _settled(value, **PARAMETERS, **CONDITIONS, **MAPPINGS) == expected


def test_a_value_that_is_given_wins_over_the_default() -> None:
    value = {"Fn::If": ["Peered", {"Ref": "Peer"}, "none"]}

    assert _settled(value, {"Peer": "eu-central-1"}, **PARAMETERS, **CONDITIONS) == "eu-central-1"
    assert _settled({"Ref": "Zones"}, {"Zones": ["c"]}, **PARAMETERS) == ["c"]


def test_what_a_condition_excludes_is_not_there_and_nothing_waits_for_it() -> None:
    queue = {"Type": "AWS::SQS::Queue", "Condition": "Never"}
    template = {
        "Conditions": {"Never": {"Fn::Equals": ["a", "b"]}},
        "Resources": {"Work": queue, "Other": {"Type": "AWS::SNS::Topic", "DependsOn": ["Work"]}},
        "Outputs": {"Url": {"Condition": "Never", "Value": {"Ref": "Work"}}},
    }

    assert settled(template, stack="orders", region="eu-west-1") == {
        "Resources": {"Other": {"Type": "AWS::SNS::Topic"}}
    }


def test_a_parameter_of_systems_manager_is_left_to_the_deployment() -> None:
    later = {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/cdk-bootstrap/hnb659fds/version"}
    template = {"Parameters": {"BootstrapVersion": later}, "Resources": {}}

    assert settled(template, stack="orders", region="eu-west-1") == template


@pytest.mark.parametrize(
    ("sections", "given", "message"),
    [
        ({"Parameters": {"Name": {"Type": "String"}}}, {}, "no value for the parameter Name"),
        ({}, {"Nam": "x"}, "the template has no parameter Nam"),
        ({"Parameters": {"Size": {"Type": "String", "AllowedValues": ["s", "m"]}}}, {"Size": "l"}, "s or m, not l"),
        ({"Parameters": {"Name": {"Type": "String", "AllowedPattern": "[a-z]+"}}}, {"Name": "A"}, "has to match"),
        ({"Transform": "AWS::Serverless-2016-10-31"}, {}, "Transform AWS::Serverless-2016-10-31 is not done here"),
    ],
)
def test_a_template_that_cannot_be_settled_says_why(sections: Any, given: Any, message: str) -> None:
    with pytest.raises(TemplateError, match=message):
        _settled("x", given, **sections)


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ({"Condition": "Missing"}, "the condition Missing does not exist"),
        ({"Condition": "Asked"}, "the condition Asked depends on itself"),
        ({"Fn::Equals": [{"Fn::GetAtt": ["Asked", "Arn"]}, ""]}, "is not known before the deployment"),
        ({"Fn::Contains": [[], ""]}, "is not a condition that is decided here"),
    ],
)
def test_a_condition_that_nobody_can_decide_is_named(condition: Any, message: str) -> None:
    with pytest.raises(TemplateError, match=message):
        _settled({"Fn::If": ["Asked", 1, 2]}, Conditions={"Asked": condition})


@given(name=TEXT, before=TEXT, after=TEXT)
def test_substitution_is_pythons(name: str, before: str, after: str) -> None:
    parameters = {"Parameters": {"Name": {"Type": "String"}}}

    assert _settled({"Fn::Sub": f"{before}${{Name}}{after}"}, {"Name": name}, **parameters) == before + name + after


def test_the_template_itself_is_not_touched() -> None:
    template = {**PARAMETERS, "Resources": {"A": {"Type": "AWS::SNS::Topic", "Properties": {"N": {"Ref": "Name"}}}}}
    before = json.dumps(template)

    settled(template, stack="orders", region="eu-west-1")

    assert json.dumps(template) == before


def test_an_environment_is_text() -> None:
    variables = {"Variables": {"WORKERS": {"Ref": "Count"}, "NAME": {"Ref": "Name"}}}
    containers = [{"Environment": [{"Name": "WORKERS", "Value": {"Ref": "Count"}}]}]
    resources = {
        "Work": {
            "Type": "AWS::Lambda::Function",
            "Properties": {"Environment": variables, "Timeout": {"Ref": "Count"}},
        },
        "Task": {"Type": "AWS::ECS::TaskDefinition", "Properties": {"ContainerDefinitions": containers}},
    }

    made = settled({**PARAMETERS, "Resources": resources}, stack="orders", region="eu-west-1")["Resources"]

    told = {"Variables": {"WORKERS": "3", "NAME": "orders"}}
    assert made["Work"]["Properties"] == {"Environment": told, "Timeout": 3}
    assert made["Task"]["Properties"]["ContainerDefinitions"] == [{"Environment": [{"Name": "WORKERS", "Value": "3"}]}]
