"""How long those who wait for a function's answer wait."""

import json
from typing import Any

import pytest
from seawall.callers import waits_for
from seawall.values import Unknown

from tests import sam_designs
from tests.designs import design, resource

FUNCTION = resource("AWS::Lambda::Function", Timeout=60)
INVOKE = {"Fn::Sub": "arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${Work.Arn}/invocations"}
ARN = {"Fn::GetAtt": ["Work", "Arn"]}


def limits(**others: Any) -> list[Any]:
    found = design({"Work": FUNCTION, **others}, Parameters={"Limit": {"Type": "Number"}})
    return [wait.seconds for wait in waits_for(found.all["", "Work"], found)]


def method(**integration: Any) -> dict[str, Any]:
    return resource("AWS::ApiGateway::Method", Integration={"Type": "AWS_PROXY", "Uri": INVOKE, **integration})


def machine(**task: Any) -> dict[str, Any]:
    states = {"Work": {"Type": "Task", "TimeoutSeconds": 10, "End": True, **task}}
    text = json.dumps({"StartAt": "Work", "States": states})
    return resource("AWS::StepFunctions::StateMachine", DefinitionString={"Fn::Sub": text})


@pytest.mark.parametrize(
    ("caller", "seconds"),
    [
        (method(), 29.0),
        (method(TimeoutInMillis=5000), 5.0),
        (method(TimeoutInMillis={"Ref": "Limit"}), Unknown(("parameter Limit",))),
        (resource("AWS::ApiGatewayV2::Integration", IntegrationUri=ARN), 30.0),
        (resource("AWS::ApiGatewayV2::Api", ProtocolType="HTTP", Target=ARN), 30.0),
        (machine(Resource="${Work.Arn}"), 10.0),
        (machine(Resource="arn:aws:states:::lambda:invoke", Parameters={"FunctionName": "${Work.Arn}"}), 10.0),
    ],
)
def test_a_caller_waits_so_long(caller: dict[str, Any], seconds: Any) -> None:
    found = limits(Caller=caller)
    assert [getattr(one, "because", one) for one in found] == [getattr(seconds, "because", seconds)]


@pytest.mark.parametrize(
    "caller",
    [
        method(RequestParameters={"integration.request.header.X-Amz-Invocation-Type": "'Event'"}),
        machine(Resource="${Work.Arn}", TimeoutSeconds=None),
        machine(Resource="arn:aws:states:::lambda:invoke.waitForTaskToken", Parameters={"FunctionName": "${Work.Arn}"}),
        resource("AWS::Events::Rule", Targets=[{"Id": "work", "Arn": ARN}]),
    ],
)
def test_who_does_not_wait_for_the_function_sets_no_limit(caller: dict[str, Any]) -> None:
    assert limits(Caller=caller) == []


def test_a_web_socket_waits_29_seconds() -> None:
    api = resource("AWS::ApiGatewayV2::Api", ProtocolType="WEBSOCKET")
    integration = resource("AWS::ApiGatewayV2::Integration", ApiId={"Ref": "Api"}, IntegrationUri=ARN)
    assert limits(Api=api, Integration=integration) == [29.0]


def test_a_task_inside_a_map_counts() -> None:
    inner = {"StartAt": "Do", "States": {"Do": {"Type": "Task", "Resource": ARN, "TimeoutSeconds": 7, "End": True}}}
    definition = {"StartAt": "Each", "States": {"Each": {"Type": "Map", "ItemProcessor": inner, "End": True}}}
    assert limits(Machine=resource("AWS::StepFunctions::StateMachine", Definition=definition)) == [7.0]


def test_an_api_whose_definition_names_the_function_waits_as_that_says() -> None:
    integration = {"type": "aws_proxy", "uri": INVOKE, "timeoutInMillis": 4000}
    other = {"type": "http_proxy", "uri": "https://example.com", "timeoutInMillis": 1000}
    paths = {
        "/work": {"post": {"x-amazon-apigateway-integration": integration}},
        "/else": {"get": {"x-amazon-apigateway-integration": other}},
    }
    assert limits(Api=resource("AWS::ApiGateway::RestApi", Body={"openapi": "3.0.1", "paths": paths})) == [4.0]


@pytest.mark.parametrize(("event", "seconds"), [("Api", 29.0), ("HttpApi", 30.0)])
def test_an_api_that_sam_makes_of_a_functions_events_waits_as_its_kind_does(event: str, seconds: float) -> None:
    found = sam_designs.design_of(
        "Resources:\n"
        "  Work:\n"
        "    Type: AWS::Serverless::Function\n"
        "    Properties:\n"
        "      Events:\n"
        f"        Order: {{Type: {event}, Properties: {{Path: /orders, Method: post}}}}\n"
    )
    assert [(wait.name, wait.seconds) for wait in waits_for(found.all["", "Work"], found)] == [("its API", seconds)]
