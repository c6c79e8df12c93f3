"""Who sends to and who consumes from queues, streams, topics and functions, and where failures end up."""

import json
from typing import Any

import pytest
from seawall.design import Design, Resource
from seawall.json_text import parsed
from seawall.messaging import (
    Manner,
    consumers,
    dead_letter_chain,
    dead_letter_users,
    failure_paths,
    function_of,
    invocations,
    is_handler,
    mappings_of,
    protocols,
    redrive,
    reserved_runs,
    senders,
    source_kind,
)
from seawall.sources.cloudformation import parse, template_of
from seawall.values import Reference, Text, Unknown

FUNCTION = {"Type": "AWS::Lambda::Function", "Properties": {"FunctionName": "work", "Timeout": 10}}
QUEUE = {"Type": "AWS::SQS::Queue"}
ARN = {"Fn::GetAtt": ["Work", "Arn"]}


def design(resources: dict[str, Any], **sections: Any) -> Design:
    text = json.dumps({"Resources": resources, **sections})
    return Design([template_of(parse("template.json", text, []))])


def resource(kind: str, **properties: Any) -> dict[str, Any]:
    return {"Type": kind, "Properties": properties}


def named(found: Design, name: str) -> Resource:
    return found.all["", name]


def invoked(by: dict[str, Any], **others: Any) -> list[Manner]:
    found = design({"Work": FUNCTION, "By": by, **others})
    return [link.manner for link in invocations(named(found, "Work"), found) if link.by.id == "By"]


def queue_with(policy: Any) -> dict[str, Any]:
    return resource("AWS::SQS::Queue", RedrivePolicy=policy)


@pytest.mark.parametrize(
    "by",
    [
        resource("AWS::SNS::Subscription", Protocol="lambda", Endpoint=ARN, TopicArn="arn:aws:sns:::t"),
        resource("AWS::SNS::Topic", Subscription=[{"Protocol": "lambda", "Endpoint": ARN}]),
        resource("AWS::Events::Rule", Targets=[{"Id": "1", "Arn": ARN}]),
        resource("AWS::Scheduler::Schedule", Target={"Arn": ARN}),
        resource("AWS::S3::Bucket", NotificationConfiguration={"LambdaConfigurations": [{"Function": ARN}]}),
        resource(
            "Custom::S3BucketNotifications",
            NotificationConfiguration={"LambdaFunctionConfigurations": [{"LambdaFunctionArn": ARN}]},
        ),
        resource("AWS::Config::ConfigRule", Source={"SourceIdentifier": ARN}),
        resource("AWS::Logs::SubscriptionFilter", DestinationArn=ARN),
        resource("AWS::IoT::TopicRule", TopicRulePayload={"Actions": [{"Lambda": {"FunctionArn": ARN}}]}),
        resource("AWS::SES::ReceiptRule", Rule={"Actions": [{"LambdaAction": {"FunctionArn": ARN}}]}),
        resource("AWS::CloudWatch::Alarm", AlarmActions=[ARN]),
        resource("AWS::Lambda::Permission", FunctionName=ARN, Principal="s3.amazonaws.com"),
        resource(
            "AWS::Pipes::Pipe",
            Target=ARN,
            TargetParameters={"LambdaFunctionParameters": {"InvocationType": "FIRE_AND_FORGET"}},
        ),
        resource(
            "AWS::ApiGateway::Method",
            Integration={
                "Uri": {"Fn::Sub": "arn:aws:apigateway:eu-west-1:lambda:path/functions/${Work.Arn}/invocations"},
                "RequestParameters": {"integration.request.header.X-Amz-Invocation-Type": "'Event'"},
            },
        ),
    ],
    ids=lambda by: by["Type"],
)
def test_who_does_not_wait_invokes_asynchronously(by: dict[str, Any]) -> None:
    assert invoked(by) == [Manner.ASYNCHRONOUS]


@pytest.mark.parametrize(
    "by",
    [
        resource("AWS::ApiGateway::Method", Integration={"Uri": {"Fn::Sub": "${Work.Arn}/invocations"}}),
        resource("AWS::Cognito::UserPool", LambdaConfig={"PreSignUp": ARN}),
        resource("AWS::StepFunctions::StateMachine", DefinitionString={"Fn::Sub": '{"Resource":"${Work.Arn}"}'}),
        resource("AWS::StepFunctions::StateMachine", Definition={"Parameters": {"FunctionName": "work"}}),
        resource("AWS::Lambda::Permission", FunctionName=ARN, Principal="apigateway.amazonaws.com"),
        resource("AWS::Pipes::Pipe", Source="arn:aws:sqs:::q", Target=ARN),
        resource(
            "AWS::SES::ReceiptRule",
            Rule={"Actions": [{"LambdaAction": {"FunctionArn": ARN, "InvocationType": "RequestResponse"}}]},
        ),
    ],
    ids=lambda by: by["Type"],
)
def test_who_waits_for_the_answer_invokes_synchronously(by: dict[str, Any]) -> None:
    assert set(invoked(by)) == {Manner.SYNCHRONOUS}


def test_a_state_machine_that_sends_events_is_not_known_to_wait() -> None:
    text = '{"Parameters": {"InvocationType": "Event", "FunctionName": "${Work}"}}'
    assert set(invoked(resource("AWS::StepFunctions::StateMachine", DefinitionString={"Fn::Sub": text}))) == {
        Manner.UNSURE
    }


def test_a_function_is_known_by_its_alias_its_version_and_its_arn() -> None:
    found = design(
        {
            "Work": FUNCTION,
            "Version": resource("AWS::Lambda::Version", FunctionName={"Ref": "Work"}),
            "Live": resource("AWS::Lambda::Alias", FunctionName={"Ref": "Work"}, Name="live"),
        }
    )
    work = named(found, "Work")
    for value in (
        Reference(("", "Live")),
        Reference(("", "Version")),
        Reference(("", "Work"), "Arn"),
        "work",
        "arn:aws:lambda:eu-west-1:111122223333:function:work",
        "arn:aws:lambda:eu-west-1:111122223333:function:work:live",
        Text(("arn:aws:lambda:eu-west-1:", Unknown(("the account",)), ":function:work:live")),
    ):
        assert function_of(value, found) is work
    assert function_of("arn:aws:lambda:eu-west-1:111122223333:function:other", found) is None


def test_an_alias_that_a_topic_invokes_is_its_function() -> None:
    alias = resource("AWS::Lambda::Alias", FunctionName={"Ref": "Work"}, Name="live")
    by = resource("AWS::SNS::Subscription", Protocol="lambda", Endpoint={"Ref": "Live"})
    assert invoked(by, Live=alias) == [Manner.ASYNCHRONOUS]


def test_a_function_in_the_environment_of_another_may_be_invoked_either_way() -> None:
    by = resource("AWS::Lambda::Function", Environment={"Variables": {"WORK": {"Ref": "Work"}}})
    assert invoked(by) == [Manner.UNSURE]


def test_a_function_that_only_custom_resources_use_is_a_handler() -> None:
    found = design({"Work": FUNCTION, "By": resource("Custom::Thing", ServiceToken=ARN)})
    assert is_handler(named(found, "Work"), found)


def test_a_handler_that_a_schedule_invokes_too_is_none() -> None:
    rule = resource("AWS::Events::Rule", Targets=[{"Id": "1", "Arn": ARN}])
    found = design({"Work": FUNCTION, "By": resource("Custom::Thing", ServiceToken=ARN), "Rule": rule})
    assert not is_handler(named(found, "Work"), found)


def test_a_trigger_that_does_not_exist_in_this_scenario_invokes_nothing() -> None:
    rule = resource("AWS::Events::Rule", Targets=[{"Id": "1", "Arn": ARN}]) | {"Condition": "Never"}
    found = design({"Work": FUNCTION, "By": rule}, Conditions={"Never": {"Fn::Equals": ["a", "b"]}})
    found.touched = set()
    assert invocations(named(found, "Work"), found) == []
    assert ("condition", "", "Never") in found.touched


@pytest.mark.parametrize(
    "policy",
    [
        {"deadLetterTargetArn": {"Fn::GetAtt": ["Failed", "Arn"]}, "maxReceiveCount": 3},
        {"deadLetterTargetArn": "arn:aws:sqs:eu-west-1:111122223333:failed", "maxReceiveCount": 3},
        {"deadLetterTargetArn": {"Fn::Sub": "arn:aws:sqs:${AWS::Region}:${AWS::AccountId}:failed"}},
        '{"deadLetterTargetArn": "arn:aws:sqs:eu-west-1:111122223333:failed", "maxReceiveCount": 3}',
        {"Fn::Sub": '{"deadLetterTargetArn": "${Failed.Arn}", "maxReceiveCount": 3}'},
        {"Fn::Sub": '{"deadLetterTargetArn": "${Failed.Arn}", "maxReceiveCount": ${Attempts}}'},
    ],
    ids=["attribute", "literal", "sub", "text", "text with a reference", "text with an open number"],
)
def test_a_redrive_policy_names_its_dead_letter_queue_in_every_way_of_writing(policy: Any) -> None:
    resources = {"Orders": queue_with(policy), "Failed": resource("AWS::SQS::Queue", QueueName="failed")}
    found = design(resources, Parameters={"Attempts": {"Type": "Number"}})
    assert [link.by.id for link in dead_letter_users(named(found, "Failed"), found)] == ["Orders"]


@pytest.mark.parametrize(
    ("kind", "properties"),
    [
        ("AWS::Lambda::Function", {"DeadLetterConfig": {"TargetArn": "Q"}}),
        ("AWS::Lambda::EventInvokeConfig", {"DestinationConfig": {"OnFailure": {"Destination": "Q"}}}),
        ("AWS::Lambda::EventSourceMapping", {"DestinationConfig": {"OnFailure": {"Destination": "Q"}}}),
        ("AWS::SNS::Subscription", {"RedrivePolicy": {"deadLetterTargetArn": "Q"}}),
        ("AWS::Events::Rule", {"Targets": [{"Id": "1", "Arn": "x", "DeadLetterConfig": {"Arn": "Q"}}]}),
        ("AWS::Scheduler::Schedule", {"Target": {"DeadLetterConfig": {"Arn": "Q"}}}),
        (
            "AWS::Pipes::Pipe",
            {"SourceParameters": {"KinesisStreamParameters": {"DeadLetterConfig": {"Arn": "Q"}}}},
        ),
        ("AWS::IoT::TopicRule", {"TopicRulePayload": {"ErrorAction": {"Sqs": {"QueueUrl": "Q"}}}}),
    ],
)
def test_everything_that_fails_somewhere_can_name_a_queue_for_it(kind: str, properties: dict[str, Any]) -> None:
    reference = json.dumps({"Fn::GetAtt": ["Failed", "Arn"]})
    by = {"Type": kind, "Properties": json.loads(json.dumps(properties).replace('"Q"', reference))}
    found = design({"Failed": QUEUE, "By": by})
    assert [link.by.id for link in dead_letter_users(named(found, "Failed"), found)] == ["By"]


def test_a_destination_for_success_is_no_dead_letter_queue() -> None:
    arn = {"Fn::GetAtt": ["Done", "Arn"]}
    settings = resource("AWS::Lambda::EventInvokeConfig", DestinationConfig={"OnSuccess": {"Destination": arn}})
    found = design({"Done": QUEUE, "Settings": settings})
    assert dead_letter_users(named(found, "Done"), found) == []


def test_a_chain_of_dead_letter_queues_ends_where_nothing_follows() -> None:
    def to(name: str) -> Any:
        return queue_with({"deadLetterTargetArn": {"Fn::GetAtt": [name, "Arn"]}, "maxReceiveCount": 3})

    found = design({"A": to("B"), "B": to("C"), "C": QUEUE})
    assert [queue.id for queue in dead_letter_chain(named(found, "A"), found)] == ["A", "B", "C"]


def test_a_chain_that_comes_back_ends_with_the_queue_it_comes_back_to() -> None:
    def to(name: str) -> Any:
        return queue_with({"deadLetterTargetArn": {"Fn::GetAtt": [name, "Arn"]}, "maxReceiveCount": 3})

    found = design({"A": to("B"), "B": to("C"), "C": to("B"), "Own": to("Own")})
    assert [queue.id for queue in dead_letter_chain(named(found, "A"), found)] == ["A", "B", "C", "B"]
    assert [queue.id for queue in dead_letter_chain(named(found, "Own"), found)] == ["Own", "Own"]


@pytest.mark.parametrize(
    ("properties", "kind"),
    [
        ({"EventSourceArn": {"Fn::GetAtt": ["Orders", "Arn"]}}, "queue"),
        ({"EventSourceArn": "arn:aws:sqs:eu-west-1:111122223333:orders"}, "queue"),
        ({"EventSourceArn": {"Fn::GetAtt": ["Clicks", "Arn"]}}, "stream"),
        ({"EventSourceArn": {"Fn::GetAtt": ["Files", "StreamArn"]}}, "stream"),
        ({"EventSourceArn": {"Ref": "Elsewhere"}, "StartingPosition": "LATEST"}, "stream"),
        ({"SelfManagedEventSource": {"Endpoints": {}}, "Topics": ["t"]}, "stream"),
        ({"EventSourceArn": "arn:aws:mq:eu-west-1:111122223333:broker:b:1", "Queues": ["q"]}, "broker"),
        ({"EventSourceArn": {"Ref": "Elsewhere"}}, ""),
    ],
)
def test_what_a_mapping_reads_is_told_by_its_source(properties: dict[str, Any], kind: str) -> None:
    found = design(
        {
            "Orders": QUEUE,
            "Clicks": resource("AWS::Kinesis::Stream"),
            "Files": resource("AWS::DynamoDB::Table"),
            "Mapping": {"Type": "AWS::Lambda::EventSourceMapping", "Properties": properties},
        },
        Parameters={"Elsewhere": {"Type": "String"}},
    )
    assert source_kind(named(found, "Mapping"), found) == kind


def test_a_queue_knows_who_reads_it_and_who_fills_it() -> None:
    arn = {"Fn::GetAtt": ["Orders", "Arn"]}
    found = design(
        {
            "Orders": QUEUE,
            "Work": FUNCTION,
            "Mapping": resource("AWS::Lambda::EventSourceMapping", EventSourceArn=arn, FunctionName={"Ref": "Work"}),
            "Pipe": resource("AWS::Pipes::Pipe", Source=arn, Target="arn:aws:states:::m"),
            "Task": resource(
                "AWS::ECS::TaskDefinition",
                ContainerDefinitions=[{"Environment": [{"Name": "QUEUE", "Value": {"Ref": "Orders"}}]}],
            ),
            "Uploads": resource("AWS::S3::Bucket", NotificationConfiguration={"QueueConfigurations": [{"Queue": arn}]}),
        }
    )
    readers = {link.by.id: link.manner for link in consumers(named(found, "Orders"), found)}
    assert readers == {"Mapping": Manner.FROM_QUEUE, "Pipe": Manner.FROM_QUEUE, "Task": Manner.UNSURE}
    assert [link.by.id for link in senders(named(found, "Orders"), found)] == ["Uploads"]
    assert [mapping.id for mapping in mappings_of(named(found, "Work"), found)] == ["Mapping"]


def test_a_target_that_a_parameter_names_is_a_failure_path() -> None:
    work = resource("AWS::Lambda::Function", DeadLetterConfig={"TargetArn": {"Ref": "Target"}})
    found = design({"Work": work}, Parameters={"Target": {"Type": "String"}})
    assert [not isinstance(target, Unknown) for _, target in failure_paths(named(found, "Work"), found)] == [True]


def test_an_empty_target_is_no_failure_path() -> None:
    work = resource("AWS::Lambda::Function", DeadLetterConfig={"TargetArn": {"Ref": "Target"}})
    found = design({"Work": work}, Parameters={"Target": {"Type": "String", "Default": ""}})
    assert failure_paths(named(found, "Work"), found) == []


def test_json_text_keeps_the_references_inside_it() -> None:
    reference = Reference(("", "Failed"), "Arn")
    assert parsed(Text(('{"a": ["', reference, '", "x-', reference, '"]}'))) == {
        "a": [reference, Text(("x-", reference))]
    }


def test_text_that_is_no_json_is_unknown() -> None:
    assert isinstance(parsed("{not json"), Unknown)


@pytest.mark.parametrize("policy", ["{not json", 3, ["a"], {"Ref": "Elsewhere"}])
def test_a_redrive_policy_that_cannot_be_read_is_unknown(policy: Any) -> None:
    found = design({"Orders": queue_with(policy)}, Parameters={"Elsewhere": {"Type": "String"}})
    assert isinstance(redrive(named(found, "Orders")), Unknown)


@pytest.mark.parametrize("policy", ["", {}])
def test_an_empty_redrive_policy_is_none(policy: Any) -> None:
    assert redrive(named(design({"Orders": queue_with(policy)}), "Orders")) == {}


def alias_of(function: str) -> dict[str, Any]:
    return resource("AWS::Lambda::Alias", FunctionName={"Ref": function}, FunctionVersion="1", Name="live")


def test_a_function_is_found_by_a_piece_of_its_aliass_arn_though_others_have_an_alias_of_that_name() -> None:
    piece = {"Fn::Select": [6, {"Fn::Split": [":", {"Ref": "WorkLive"}]}]}
    mapping = resource("AWS::Lambda::EventSourceMapping", FunctionName={"Fn::Join": ["", [piece, ":live"]]})
    other = resource("AWS::Lambda::Function", FunctionName="other")
    found = design(
        {"Other": other, "OtherLive": alias_of("Other"), "Work": FUNCTION, "WorkLive": alias_of("Work"), "Map": mapping}
    )
    assert function_of(named(found, "Map").get("FunctionName"), found) is named(found, "Work")


def test_a_qualified_arn_names_its_function_and_not_an_alias_of_another() -> None:
    found = design({"Other": FUNCTION | {"Properties": {}}, "OtherLive": alias_of("Other"), "Work": FUNCTION})
    arn = "arn:aws:lambda:eu-west-1:111122223333:function:work:live"
    assert function_of(arn, found) is named(found, "Work")


def test_two_designs_share_no_facts() -> None:
    rule = resource("AWS::Events::Rule", Targets=[{"Id": "1", "Arn": ARN}])
    first, second = design({"Work": FUNCTION, "Rule": rule}), design({"Work": FUNCTION})
    assert len(invocations(named(first, "Work"), first)) == 1
    assert invocations(named(second, "Work"), second) == []


def test_the_subscribers_of_a_topic_are_reached_by_their_protocols() -> None:
    topic = resource("AWS::SNS::Topic", Subscription=[{"Protocol": "email", "Endpoint": "a@example.com"}])
    queue = resource("AWS::SNS::Subscription", Protocol="sqs", Endpoint="arn:aws:sqs:::q", TopicArn={"Ref": "News"})
    found = design({"News": topic, "ToQueue": queue})
    assert protocols(named(found, "News"), found) == ["email", "sqs"]


@pytest.mark.parametrize(("written", "runs"), [({}, None), ({"ReservedConcurrentExecutions": 2}, 2.0)])
def test_a_function_has_as_many_runs_reserved_as_it_says(written: dict[str, Any], runs: float | None) -> None:
    found = design({"Work": resource("AWS::Lambda::Function", **written)})
    assert reserved_runs(named(found, "Work")) == runs


def test_what_terraform_calls_unreserved_reserves_nothing() -> None:
    found = design({"Work": resource("AWS::Lambda::Function", ReservedConcurrentExecutions=-1)})
    assert reserved_runs(named(found, "Work")) is None
