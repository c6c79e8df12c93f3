"""SAM events: the resources that an entry below ``Events`` stands for.

Source: the SAM specification's event sources and the generated resources it documents
(https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification-generated-resources.html).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from seawall.sources.sam_nodes import is_function, line_of, mapping, picked, same_names, sequence, with_entry


@dataclass(frozen=True, slots=True)
class Generated:
    """A resource that is not written in the template: its logical id, type and properties."""

    id: str
    type: str
    properties: Any


@dataclass(frozen=True, slots=True)
class Event:
    """One entry below ``Events``: its logical id, properties, and the function or state machine it starts."""

    id: str
    type: str
    properties: Any
    target: str
    starts_function: bool

    @property
    def name(self) -> Any:
        return mapping(self.properties, {"Ref": self.target})

    @property
    def arn(self) -> Any:
        """The target's ARN: what ``Ref`` returns for a state machine."""
        if not self.starts_function:
            return self.name
        return mapping(self.properties, {"Fn::GetAtt": sequence(self.properties, self.target, "Arn")})

    def get(self, name: str) -> Any:
        return self.properties.get(name)


def generated_by(event: Event) -> list[Generated]:
    """The resources an event makes; none for an event of an unknown type."""
    make = _MAKERS.get(event.type)
    made = make(event) if make else []
    principal = _PRINCIPALS.get(event.type)
    if principal and event.starts_function and not any(one.type == _MAPPING for one in made):
        made.append(_permission(event, principal))
    return made


_MAPPING = "AWS::Lambda::EventSourceMapping"

_SOURCES = {
    "SQS": "Queue",
    "Kinesis": "Stream",
    "DynamoDB": "Stream",
    "MSK": "Stream",
    "MQ": "Broker",
    "DocumentDB": "Cluster",
}
"""What SAM calls the source of each event that Lambda polls."""

_POLLED = same_names(
    "BatchSize BisectBatchOnFunctionError ConsumerGroupId DestinationConfig Enabled FilterCriteria"
    " FunctionResponseTypes KmsKeyArn MaximumBatchingWindowInSeconds MaximumRecordAgeInSeconds"
    " MaximumRetryAttempts MetricsConfig ParallelizationFactor ProvisionedPollerConfig Queues ScalingConfig"
    " SourceAccessConfigurations StartingPosition StartingPositionTimestamp Topics TumblingWindowInSeconds"
)

_PRINCIPALS = {
    "S3": "s3.amazonaws.com",
    "SNS": "sns.amazonaws.com",
    "Schedule": "events.amazonaws.com",
    "CloudWatchEvent": "events.amazonaws.com",
    "EventBridgeRule": "events.amazonaws.com",
    "Api": "apigateway.amazonaws.com",
    "HttpApi": "apigateway.amazonaws.com",
    "Cognito": "cognito-idp.amazonaws.com",
    "IoTRule": "iot.amazonaws.com",
    "AlexaSkill": "alexa-appkit.amazon.com",
    "CloudWatchLogs": "logs.amazonaws.com",
}


def _permission(event: Event, principal: str) -> Generated:
    properties = {"Action": "lambda:InvokeFunction", "FunctionName": event.name, "Principal": principal}
    return Generated(f"{event.id}Permission", "AWS::Lambda::Permission", mapping(event.properties, properties))


def _polled(event: Event) -> list[Generated]:
    properties = picked(event.properties, {**_POLLED, _SOURCES.get(event.type, ""): "EventSourceArn"})
    properties = with_entry(properties, "FunctionName", event.name)
    servers = event.get("KafkaBootstrapServers")
    if servers is not None:
        endpoints = mapping(servers, {"KafkaBootstrapServers": servers})
        properties = with_entry(properties, "SelfManagedEventSource", mapping(servers, {"Endpoints": endpoints}))
    return [Generated(event.id, _MAPPING, properties)]


def _sns(event: Event) -> list[Generated]:
    names = same_names("FilterPolicy FilterPolicyScope RedrivePolicy Region")
    subscription = picked(event.properties, {"Topic": "TopicArn", **names})
    queued = event.get("SqsSubscription")
    if not queued:
        subscription = with_entry(with_entry(subscription, "Protocol", "lambda"), "Endpoint", event.arn)
        return [Generated(event.id, "AWS::SNS::Subscription", subscription)]
    made: list[Generated] = []
    queue = queued.get("QueueArn") if isinstance(queued, dict) and not is_function(queued) else None
    if queue is None:
        made.append(Generated(f"{event.id}Queue", "AWS::SQS::Queue", mapping(event.properties, {})))
        queue = mapping(event.properties, {"Fn::GetAtt": sequence(event.properties, f"{event.id}Queue", "Arn")})
    polled = picked(queued, same_names("BatchSize Enabled"))
    polled = with_entry(with_entry(polled, "EventSourceArn", queue), "FunctionName", event.name)
    subscription = with_entry(with_entry(subscription, "Protocol", "sqs"), "Endpoint", queue)
    return [
        *made,
        Generated(event.id, "AWS::SNS::Subscription", subscription),
        Generated(f"{event.id}EventSourceMapping", _MAPPING, polled),
    ]


def _dead_letters(event: Event) -> tuple[Any, list[Generated]]:
    """A target's ``DeadLetterConfig`` and the queue that SAM makes where only its type is given."""
    given = event.get("DeadLetterConfig")
    if not isinstance(given, dict) or is_function(given) or given.get("Type") is None or "Arn" in given:
        return given, []
    name = given.get("QueueLogicalId")
    queue = name if isinstance(name, str) and name else f"{event.id}Queue"
    arn = mapping(given, {"Fn::GetAtt": sequence(given, queue, "Arn")})
    return mapping(given, {"Arn": arn}), [Generated(queue, "AWS::SQS::Queue", mapping(given, {}))]


def _target(event: Event, names: str) -> tuple[Any, list[Generated]]:
    target = with_entry(picked(event.properties, same_names(names)), "Arn", event.arn)
    dead_letters, made = _dead_letters(event)
    if dead_letters is not None:
        line = getattr(event.properties, "lines", {}).get("DeadLetterConfig", line_of(dead_letters))
        target = with_entry(target, "DeadLetterConfig", dead_letters)
        target.lines["DeadLetterConfig"] = line
    # Rules invoke functions by the function's own permission; everything else takes a role.
    by_role = event.type == "ScheduleV2" or not event.starts_function
    if by_role and "RoleArn" not in target:
        target = with_entry(
            target, "RoleArn", mapping(target, {"Fn::GetAtt": sequence(target, f"{event.id}Role", "Arn")})
        )
        made.append(Generated(f"{event.id}Role", "AWS::IAM::Role", mapping(target, {})))
    return target, made


def _rule(event: Event) -> list[Generated]:
    target, made = _target(event, "Input InputPath InputTransformer RetryPolicy RoleArn")
    names = same_names("Description EventBusName Name State")
    renamed = {"Schedule": "ScheduleExpression", "Pattern": "EventPattern", "RuleName": "Name"}
    rule = picked(event.properties, {**names, **renamed})
    chosen = event.get("Target")
    identifier = chosen.get("Id") if isinstance(chosen, dict) else None
    kind = "Lambda" if event.starts_function else "StepFunctions"
    target = with_entry(target, "Id", identifier or f"{event.id}{kind}Target")
    rule = with_entry(rule, "Targets", sequence(target, target))
    if isinstance(event.get("Enabled"), bool) and "State" not in rule:
        rule = with_entry(rule, "State", "ENABLED" if event.get("Enabled") else "DISABLED")
    return [Generated(event.id, "AWS::Events::Rule", rule), *made]


def _schedule(event: Event) -> list[Generated]:
    target, made = _target(event, "Input RetryPolicy RoleArn")
    names = same_names(
        "Description EndDate FlexibleTimeWindow GroupName KmsKeyArn Name ScheduleExpression"
        " ScheduleExpressionTimezone StartDate State"
    )
    schedule = with_entry(picked(event.properties, names), "Target", target)
    return [Generated(event.id, "AWS::Scheduler::Schedule", schedule), *made]


def _iot_rule(event: Event) -> list[Generated]:
    action = mapping(event.properties, {"Lambda": mapping(event.properties, {"FunctionArn": event.arn})})
    payload = picked(event.properties, same_names("Sql AwsIotSqlVersion"))
    payload = with_entry(payload, "Actions", sequence(event.properties, action))
    return [Generated(event.id, "AWS::IoT::TopicRule", mapping(event.properties, {"TopicRulePayload": payload}))]


def _log_subscription(event: Event) -> list[Generated]:
    properties = picked(event.properties, same_names("LogGroupName FilterPattern"))
    properties = with_entry(properties, "DestinationArn", event.arn)
    return [Generated(event.id, "AWS::Logs::SubscriptionFilter", properties)]


_MAKERS: dict[str, Callable[[Event], list[Generated]]] = {
    **dict.fromkeys((*_SOURCES, "SelfManagedKafka"), _polled),
    "SNS": _sns,
    "Schedule": _rule,
    "CloudWatchEvent": _rule,
    "EventBridgeRule": _rule,
    "ScheduleV2": _schedule,
    "IoTRule": _iot_rule,
    "CloudWatchLogs": _log_subscription,
}
