"""SAM events: the resources that an event of a function stands for, with the lines that people wrote."""

from seawall.documents import read_yaml
from seawall.source import Document
from seawall.sources.cloudformation import template_of
from seawall.values import Reference

from tests.sam_designs import arn, design_of, line_with, resources_of

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
    assert configuration.get("DestinationConfig.OnFailure.Destination") == arn("WorkerEventInvokeConfigOnFailureQueue")
    assert found["WorkerEventInvokeConfigOnFailureQueue"].type == "AWS::SQS::Queue"
    assert found["WorkerEventInvokeConfigOnSuccessTopic"].type == "AWS::SNS::Topic"


def test_other_services_that_invoke_are_told_too() -> None:
    found = resources_of(PUSHED)
    assert found["Users"].get("LambdaConfig.PreSignUp") == arn("Worker")
    assert found["WorkerSensor"].type == "AWS::IoT::TopicRule"
    assert found["WorkerLines"].get("DestinationArn") == arn("Worker")
    assert found["WorkerUploadPermission"].get("Principal") == "s3.amazonaws.com"


def test_an_exception_at_the_event_of_a_function_is_not_one_for_the_bucket() -> None:
    bucket = resources_of(PUSHED)["Uploads"]
    assert bucket.last_line == line_with(PUSHED, "QueueConfigurations")
