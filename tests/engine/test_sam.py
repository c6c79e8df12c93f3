"""SAM: what the transform makes, with the lines that people wrote."""

from typing import Any

import pytest
from seawall.design import Design, Resource
from seawall.documents import Unreadable, read_yaml
from seawall.json_documents import read_json
from seawall.source import Document
from seawall.sources.cloudformation import template_of
from seawall.values import Reference


def design_of(text: str, problems: list[Unreadable] | None = None) -> Design:
    text = "Transform: AWS::Serverless-2016-10-31\n" + text
    document = Document("template.yaml", text, read_yaml(text, []))
    return Design([template_of(document, problems=problems)])


def resources_of(text: str) -> dict[str, Resource]:
    return {resource.id: resource for resource in design_of(text).all.values()}


def line_with(text: str, part: str) -> int:
    """The line of the design's text that holds ``part``."""
    lines = ("Transform: AWS::Serverless-2016-10-31\n" + text).splitlines()
    return next(index + 1 for index, line in enumerate(lines) if part in line)


def arn(logical_id: str) -> Reference:
    return Reference(("", logical_id), "Arn")


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


POLLED = """
Resources:
  Jobs: {Type: "AWS::SQS::Queue"}
  Worker:
    Type: AWS::Serverless::Function
    Condition: Wanted
    Metadata: {seawall: {skip: [{id: SEA_X, reason: why}]}}
    Properties:
      Events:
        Work:
          Type: SQS
          Properties:
            Queue: !GetAtt Jobs.Arn
            BatchSize: 7
            ScalingConfig: {MaximumConcurrency: 10}
        Stream:
          Type: DynamoDB
          Properties:
            Stream: arn:aws:dynamodb:eu-west-1:111111111111:table/x/stream/y
            DestinationConfig: {OnFailure: {Type: SQS, Destination: !GetAtt Jobs.Arn}}
            MaximumRetryAttempts: 3
        Broker: {Type: MQ, Properties: {Broker: arn:aws:mq:x, Queues: [q]}}
        Kafka:
          Type: SelfManagedKafka
          Properties: {KafkaBootstrapServers: ["a:9092"], Topics: [t]}
Conditions: {Wanted: !Equals [a, b]}
"""


def test_a_polled_source_becomes_a_mapping_from_it_to_the_function() -> None:
    found = resources_of(POLLED)
    mapping = found["WorkerWork"]
    assert mapping.type == "AWS::Lambda::EventSourceMapping"
    assert mapping.get("EventSourceArn") == arn("Jobs")
    assert mapping.get("FunctionName") == Reference(("", "Worker"))
    assert mapping.get("ScalingConfig.MaximumConcurrency") == 10
    assert found["WorkerStream"].get("DestinationConfig.OnFailure.Destination") == arn("Jobs")
    assert found["WorkerBroker"].get("EventSourceArn") == "arn:aws:mq:x"
    assert found["WorkerKafka"].get("SelfManagedEventSource.Endpoints.KafkaBootstrapServers") == ["a:9092"]


def test_what_an_event_makes_has_the_lines_of_the_event() -> None:
    mapping = resources_of(POLLED)["WorkerWork"]
    assert mapping.line == line_with(POLLED, "Type: SQS")
    assert mapping.line_of("BatchSize") == line_with(POLLED, "BatchSize: 7")
    assert mapping.line_of("EventSourceArn") == line_with(POLLED, "Queue: !GetAtt")


def test_what_a_resource_makes_shares_its_condition_and_its_exceptions() -> None:
    mapping = resources_of(POLLED)["WorkerWork"]
    assert mapping.exists is False
    assert mapping.metadata == {"seawall": {"skip": [{"id": "SEA_X", "reason": "why"}]}}


def test_the_function_is_found_from_its_queue_through_the_mapping() -> None:
    design = design_of(POLLED.replace("    Condition: Wanted\n", ""))
    referrers = {(other.id, path) for other, path in design.referrers(design.all["", "Jobs"])}
    assert ("WorkerWork", "EventSourceArn") in referrers


PUSHED = """
Resources:
  Uploads:
    Type: AWS::S3::Bucket
    Properties:
      NotificationConfiguration:
        QueueConfigurations: [{Event: "s3:*", Queue: "arn:aws:sqs:eu-west-1:111111111111:q"}]
  Topic: {Type: "AWS::SNS::Topic"}
  Users: {Type: "AWS::Cognito::UserPool"}
  Worker:
    Type: AWS::Serverless::Function
    Properties:
      EventInvokeConfig:
        MaximumRetryAttempts: 1
        DestinationConfig:
          OnSuccess: {Type: SNS}
          OnFailure: {Type: SQS}
      Events:
        Upload:
          Type: S3
          Properties: {Bucket: !Ref Uploads, Events: ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"]}
        News:
          Type: SNS
          Properties: {Topic: !Ref Topic, RedrivePolicy: {deadLetterTargetArn: "arn:aws:sqs:x"}}
        Queued: {Type: SNS, Properties: {Topic: !Ref Topic, SqsSubscription: true}}
        Nightly:
          Type: Schedule
          Properties: {Schedule: rate(1 day), DeadLetterConfig: {Type: SQS}, Enabled: false}
        Hourly:
          Type: ScheduleV2
          Properties: {ScheduleExpression: rate(1 hour), DeadLetterConfig: {Arn: "arn:aws:sqs:y"}}
        Ordered:
          Type: EventBridgeRule
          Properties:
            Pattern: {source: [orders]}
            EventBusName: shop
            RetryPolicy: {MaximumRetryAttempts: 3}
        SignUp: {Type: Cognito, Properties: {UserPool: !Ref Users, Trigger: PreSignUp}}
        Sensor: {Type: IoTRule, Properties: {Sql: "SELECT * FROM 'x'"}}
        Lines: {Type: CloudWatchLogs, Properties: {LogGroupName: app, FilterPattern: ERROR}}
"""


def test_a_bucket_learns_which_function_its_events_invoke_beside_what_it_says_itself() -> None:
    bucket = resources_of(PUSHED)["Uploads"]
    notified = bucket.get("NotificationConfiguration")
    assert len(notified["QueueConfigurations"]) == 1
    assert [one["Event"] for one in notified["LambdaConfigurations"]] == [
        "s3:ObjectCreated:*",
        "s3:ObjectRemoved:*",
    ]
    assert notified["LambdaConfigurations"][0]["Function"] == arn("Worker")


def test_the_document_itself_is_not_changed() -> None:
    text = "Transform: AWS::Serverless-2016-10-31\n" + PUSHED
    document = Document("template.yaml", text, read_yaml(text, []))
    template_of(document)
    assert document.root == read_yaml(text, [])


def test_a_topic_event_is_a_subscription_that_keeps_its_redrive_policy() -> None:
    found = resources_of(PUSHED)
    assert found["WorkerNews"].type == "AWS::SNS::Subscription"
    assert found["WorkerNews"].get("Endpoint") == arn("Worker")
    assert found["WorkerNews"].get("RedrivePolicy.deadLetterTargetArn") == "arn:aws:sqs:x"


def test_a_queued_topic_event_makes_the_queue_and_its_mapping() -> None:
    found = resources_of(PUSHED)
    assert found["WorkerQueuedQueue"].type == "AWS::SQS::Queue"
    assert found["WorkerQueued"].get("Endpoint") == arn("WorkerQueuedQueue")
    assert found["WorkerQueuedEventSourceMapping"].get("EventSourceArn") == arn("WorkerQueuedQueue")


def test_schedules_and_rules_target_the_function_with_their_dead_letter_queues() -> None:
    found = resources_of(PUSHED)
    nightly, hourly, ordered = found["WorkerNightly"], found["WorkerHourly"], found["WorkerOrdered"]
    assert (nightly.type, nightly.get("State")) == ("AWS::Events::Rule", "DISABLED")
    (target,) = nightly.get("Targets")
    assert target["Arn"] == arn("Worker")
    assert target["DeadLetterConfig"] == {"Arn": arn("WorkerNightlyQueue")}
    assert found["WorkerNightlyQueue"].type == "AWS::SQS::Queue"
    assert hourly.type == "AWS::Scheduler::Schedule"
    assert hourly.get("Target.DeadLetterConfig.Arn") == "arn:aws:sqs:y"
    assert ordered.get("EventPattern") == {"source": ["orders"]}
    assert ordered.get("Targets")[0]["RetryPolicy"] == {"MaximumRetryAttempts": 3}


def test_what_happens_to_failed_invocations_is_a_resource_with_made_destinations() -> None:
    found = resources_of(PUSHED)
    configuration = found["WorkerEventInvokeConfig"]
    assert configuration.type == "AWS::Lambda::EventInvokeConfig"
    assert configuration.get("FunctionName") == Reference(("", "Worker"))
    assert configuration.get("DestinationConfig.OnFailure.Destination") == arn(
        "WorkerEventInvokeConfigOnFailureQueue"
    )
    assert found["WorkerEventInvokeConfigOnFailureQueue"].type == "AWS::SQS::Queue"
    assert found["WorkerEventInvokeConfigOnSuccessTopic"].type == "AWS::SNS::Topic"


def test_other_services_that_invoke_are_told_too() -> None:
    found = resources_of(PUSHED)
    assert found["Users"].get("LambdaConfig.PreSignUp") == arn("Worker")
    assert found["WorkerSensor"].type == "AWS::IoT::TopicRule"
    assert found["WorkerLines"].get("DestinationArn") == arn("Worker")
    assert found["WorkerUploadPermission"].get("Principal") == "s3.amazonaws.com"


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
    assert found["ServerlessHttpApiApiGatewayDefaultStage"].get("ApiId") == Reference(
        ("", "ServerlessHttpApi")
    )


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


def test_an_exception_at_the_event_of_a_function_is_not_one_for_the_bucket() -> None:
    bucket = resources_of(PUSHED)["Uploads"]
    assert bucket.last_line == line_with(PUSHED, "QueueConfigurations")


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
