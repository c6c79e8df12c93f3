"""SAM: what the transform makes, with the lines that people wrote."""

from typing import Any

import pytest
from seawall.design import Design
from seawall.documents import Unreadable
from seawall.json_documents import read_json
from seawall.source import Document
from seawall.sources.cloudformation import template_of
from seawall.values import Reference

from tests.sam_designs import arn, design_of, line_with, resources_of

GLOBALS = """
Globals:
  Function:
    Timeout: 30
    Tags: {team: orders, level: low}
    Layers: [one]
    VpcConfig: {SubnetIds: [a, b]}
    DeadLetterQueue:
      Type: SQS
      TargetArn: arn:aws:sqs:eu-west-1:111111111111:failed
Resources:
  Worker:
    Type: AWS::Serverless::Function
    DeletionPolicy: Retain
    Properties:
      Handler: app.main
      Timeout: 60
      Tags: {level: high}
      Layers: [two]
      ReservedConcurrentExecutions: 5
  Plain:
    Type: AWS::Serverless::Function
    IgnoreGlobals: [Timeout]
"""


def test_a_function_is_judged_as_a_function_and_shown_as_written() -> None:
    worker = resources_of(GLOBALS)["Worker"]
    assert (worker.type, worker.declared_type) == ("AWS::Lambda::Function", "AWS::Serverless::Function")
    assert worker.attribute("DeletionPolicy") == "Retain"


def test_globals_are_overridden_merged_and_added_by_the_kind_of_value() -> None:
    worker = resources_of(GLOBALS)["Worker"]
    assert worker.get("Timeout") == 60
    assert worker.tags == {"team": "orders", "level": "high"}
    assert worker.get("Layers") == ["one", "two"]
    assert worker.get("VpcConfig.SubnetIds") == ["a", "b"]
    assert worker.get("ReservedConcurrentExecutions") == 5


def test_a_property_from_globals_has_its_line_there() -> None:
    worker = resources_of(GLOBALS)["Worker"]
    assert worker.line_of("Timeout") == line_with(GLOBALS, "Timeout: 60")
    assert worker.line_of("DeadLetterConfig") == line_with(GLOBALS, "DeadLetterQueue:")
    assert worker.line_of("DeadLetterConfig.TargetArn") == line_with(GLOBALS, "TargetArn:")


def test_globals_that_a_resource_ignores_do_not_count() -> None:
    assert resources_of(GLOBALS)["Plain"].get("Timeout") is None


def test_a_function_without_a_role_gets_one() -> None:
    found = resources_of(GLOBALS)
    assert found["Worker"].get("Role") == arn("WorkerRole")
    assert found["WorkerRole"].type == "AWS::IAM::Role"


APIS = """
Globals: {Api: {TracingEnabled: true}}
Conditions: {One: !Equals [a, a]}
Resources:
  Reader:
    Type: AWS::Serverless::Function
    Properties: {Events: {Get: {Type: Api, Properties: {Path: /, Method: get}}}}
  Writer:
    Type: AWS::Serverless::Function
    Condition: One
    Properties: {Events: {Put: {Type: Api, Properties: {Path: /, Method: put}}}}
  Fast: {Type: "AWS::Serverless::Function", Properties: {Events: {Any: {Type: HttpApi}}}}
  Own:
    Type: AWS::Serverless::Api
    Properties:
      StageName: live
      EndpointConfiguration: {Type: REGIONAL}
      MethodSettings: [{ThrottlingRateLimit: 10}]
      Auth: {UsagePlan: {CreateUsagePlan: PER_API, Throttle: {RateLimit: 5}}}
  Http: {Type: "AWS::Serverless::HttpApi", Properties: {DefaultRouteSettings: {ThrottlingRateLimit: 9}}}
"""


def test_functions_that_name_no_api_share_an_implicit_one() -> None:
    found = resources_of(APIS)
    assert found["ServerlessRestApi"].type == "AWS::ApiGateway::RestApi"
    assert found["ServerlessRestApi"].exists is True
    assert found["ServerlessRestApiProdStage"].get("TracingEnabled") is True
    assert found["ServerlessHttpApiApiGatewayDefaultStage"].get("ApiId") == Reference(("", "ServerlessHttpApi"))


@pytest.mark.parametrize("kind", ["Api", "HttpApi"])
def test_an_api_may_invoke_its_authorizers(kind: str) -> None:
    found = resources_of(
        "Resources:\n"
        "  Check: {Type: AWS::Serverless::Function}\n"
        f"  Own: {{Type: AWS::Serverless::{kind}, Properties: {{Auth: {{Authorizers: {{\n"
        "    Ticket: {FunctionArn: !GetAtt Check.Arn}, Pool: {UserPoolArn: pool}, Broken: []}}}}\n"
    )
    assert found["OwnTicketAuthorizerPermission"].get("FunctionName") == arn("Check")
    assert found["OwnTicketAuthorizerPermission"].get("Principal") == "apigateway.amazonaws.com"
    assert not any(name.startswith(("OwnPool", "OwnBroken")) for name in found)


def test_an_api_becomes_an_api_a_stage_and_a_usage_plan() -> None:
    found = resources_of(APIS)
    assert found["Own"].get("EndpointConfiguration.Types") == ["REGIONAL"]
    assert found["OwnliveStage"].get("MethodSettings") == [{"ThrottlingRateLimit": 10}]
    assert found["OwnUsagePlan"].get("Throttle.RateLimit") == 5
    assert found["HttpApiGatewayDefaultStage"].get("DefaultRouteSettings.ThrottlingRateLimit") == 9


OTHERS = """
Resources:
  Items: {Type: "AWS::Serverless::SimpleTable", Properties: {PrimaryKey: {Name: sku, Type: Number}}}
  Steps:
    Type: AWS::Serverless::StateMachine
    Properties:
      Type: EXPRESS
      Definition: {StartAt: A, States: {A: {Type: Succeed}}}
      Events: {Nightly: {Type: Schedule, Properties: {Schedule: rate(1 day)}}}
  Part:
    Type: AWS::Serverless::Application
    Properties: {Location: "https://example.com/x.yaml", Parameters: {A: b}}
  Shared: {Type: "AWS::Serverless::LayerVersion", Properties: {ContentUri: ./layer}}
  Link: {Type: "AWS::Serverless::Connector", Properties: {}}
  Alias:
    Type: AWS::Serverless::Function
    Properties: {AutoPublishAlias: live, ProvisionedConcurrencyConfig: {ProvisionedConcurrentExecutions: 2}}
Outputs: {Live: {Value: !Ref Alias.Alias}}
"""


def test_a_simple_table_is_an_on_demand_table() -> None:
    table = resources_of(OTHERS)["Items"]
    assert (table.type, table.get("BillingMode")) == ("AWS::DynamoDB::Table", "PAY_PER_REQUEST")
    assert table.get("AttributeDefinitions") == [{"AttributeName": "sku", "AttributeType": "N"}]


def test_a_state_machine_keeps_its_definition_and_is_started_by_its_events() -> None:
    found = resources_of(OTHERS)
    assert found["Steps"].type == "AWS::StepFunctions::StateMachine"
    assert found["Steps"].get("StateMachineType") == "EXPRESS"
    assert found["Steps"].get("Definition.StartAt") == "A"
    assert found["StepsNightly"].get("Targets")[0]["Arn"] == Reference(("", "Steps"))


def test_applications_layers_and_connectors() -> None:
    found = resources_of(OTHERS)
    assert found["Part"].type == "AWS::CloudFormation::Stack"
    assert found["Part"].get("TemplateURL") == "https://example.com/x.yaml"
    assert found["Shared"].type == "AWS::Lambda::LayerVersion"
    assert "Link" not in found


def test_an_alias_carries_provisioned_concurrency_and_can_be_referred_to() -> None:
    design = design_of(OTHERS)
    alias = design.all["", "AliasAliaslive"]
    assert alias.get("ProvisionedConcurrencyConfig.ProvisionedConcurrentExecutions") == 2
    assert design.stacks[""].output("Live") == Reference(("", "Alias"))


def test_an_id_that_the_template_uses_itself_is_not_taken() -> None:
    text = "Resources:\n  F: {Type: 'AWS::Serverless::Function'}\n  FRole: {Type: 'AWS::SQS::Queue'}\n"
    found = resources_of(text)
    assert found["FRole"].type == "AWS::SQS::Queue"
    assert found["FRoleGenerated"].type == "AWS::IAM::Role"


def test_json_templates_have_lines_too() -> None:
    text = """{
  "Transform": "AWS::Serverless-2016-10-31",
  "Resources": {
    "F": {
      "Type": "AWS::Serverless::Function",
      "Properties": {
        "Timeout": 9,
        "Events": {
          "E": {
            "Type": "SQS", "Properties": {"Queue": "arn:aws:sqs:x",
              "BatchSize": 3}
          }
        }
      }
    }
  }
}"""
    design = Design([template_of(Document("t.json", text, read_json(text, []), is_json=True))])
    assert design.all["", "F"].line_of("Timeout") == 7
    assert design.all["", "FE"].line_of("BatchSize") == 11


def test_loops_make_functions_with_their_events() -> None:
    text = """
Resources:
  "Fn::ForEach::Workers":
    - Name
    - [A, B]
    - "Worker${Name}":
        Type: AWS::Serverless::Function
        Properties: {Events: {Work: {Type: SQS, Properties: {Queue: "arn:aws:sqs:${Name}"}}}}
"""
    found = resources_of(text)
    assert found["WorkerB"].type == "AWS::Lambda::Function"
    assert found["WorkerBWork"].get("EventSourceArn") == "arn:aws:sqs:B"


def test_globals_further_down_do_not_belong_to_a_function() -> None:
    text = "Resources: {F: {Type: 'AWS::Serverless::Function'}}\nGlobals:\n  Function:\n    Timeout: 3\n"
    assert resources_of(text)["F"].last_line == line_with(text, "Resources")


WRONG: list[Any] = [None, [], [1], "x", 3, {"Ref": "X"}, {"a": None}]


@pytest.mark.parametrize("wrong", WRONG, ids=repr)
@pytest.mark.parametrize(
    "place",
    [
        "Globals",
        "Globals.Function",
        "Globals.Api",
        "Resources.F.Properties",
        "Resources.F.IgnoreGlobals",
        "Resources.F.Properties.Events",
        "Resources.F.Properties.Events.E",
        "Resources.F.Properties.Events.E.Type",
        "Resources.F.Properties.Events.E.Properties",
        "Resources.F.Properties.EventInvokeConfig",
        "Resources.F.Properties.EventInvokeConfig.DestinationConfig",
        "Resources.F.Properties.EventInvokeConfig.DestinationConfig.OnFailure",
        "Resources.F.Properties.AutoPublishAlias",
        "Resources.F.Properties.FunctionUrlConfig",
        "Resources.B.Properties",
        "Resources.B.Properties.NotificationConfiguration",
        "Resources.B.Properties.NotificationConfiguration.LambdaConfigurations",
        "Resources.T.Properties.PrimaryKey",
        "Resources.A.Properties.Auth",
        "Resources.A.Properties.StageName",
        "Resources.A.Properties.EndpointConfiguration",
    ],
)
def test_wrong_types_do_not_stop_the_reading(place: str, wrong: Any) -> None:
    root: dict[str, Any] = {
        "Transform": "AWS::Serverless-2016-10-31",
        "Globals": {"Function": {"Timeout": 3}, "Api": {"TracingEnabled": True}},
        "Resources": {
            "F": {
                "Type": "AWS::Serverless::Function",
                "Properties": {
                    "EventInvokeConfig": {"DestinationConfig": {"OnFailure": {"Type": "SQS"}}},
                    "Events": {"E": {"Type": "S3", "Properties": {"Bucket": {"Ref": "B"}, "Events": "x"}}},
                },
            },
            "B": {
                "Type": "AWS::S3::Bucket",
                "Properties": {"NotificationConfiguration": {"LambdaConfigurations": []}},
            },
            "T": {"Type": "AWS::Serverless::SimpleTable", "Properties": {}},
            "A": {"Type": "AWS::Serverless::Api", "Properties": {}},
        },
    }
    *way, last = place.split(".")
    node = root
    for name in way:
        node = node[name]
    node[last] = wrong
    design = Design([template_of(Document("t.yaml", "", root))])
    for resource in design.all.values():
        assert resource.line >= 1
        assert resource.tags is not None


def test_events_that_are_a_list_are_named_as_a_problem() -> None:
    problems: list[Unreadable] = []
    text = "Resources: {F: {Type: 'AWS::Serverless::Function', Properties: {Events: [a]}}}\n"
    design_of(text, problems)
    assert [problem.reason for problem in problems] == ["Events of F is not a mapping"]
