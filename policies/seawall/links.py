"""Which property of which type reaches a queue, topic, stream or function, and in what manner.

Source of what is asynchronous: "Invoking Lambda with events from other AWS services" in the Lambda
developer guide, and the InvocationType settings of SES, EventBridge Pipes and API Gateway in theirs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import NamedTuple

from seawall.design import Design, Resource
from seawall.json_text import parsed
from seawall.stack import Touched
from seawall.values import Text, Unknown, Value, field, leaves

QUEUE = "AWS::SQS::Queue"
FUNCTION = "AWS::Lambda::Function"
MAPPING = "AWS::Lambda::EventSourceMapping"
QUALIFIED = ("AWS::Lambda::Alias", "AWS::Lambda::Version")
INVOKE_SETTINGS = "AWS::Lambda::EventInvokeConfig"


class Manner(StrEnum):
    """How one resource reaches another."""

    ASYNCHRONOUS = "asynchronously"
    SYNCHRONOUS = "synchronously"
    HANDLER = "as a custom resource's handler"
    FROM_QUEUE = "from a queue"
    FROM_STREAM = "from a stream"
    UNSURE = "in a way that cannot be seen"


class Link(NamedTuple):
    """``by`` reaches something through its property ``path``, in this ``manner``."""

    by: Resource
    path: str
    manner: Manner
    touched: frozenset[Touched] = frozenset()


TRIGGERS: dict[str, tuple[str, ...]] = {
    "AWS::SNS::Subscription": ("Endpoint",),
    "AWS::SNS::Topic": ("Subscription.Endpoint",),
    "AWS::Events::Rule": ("Targets.Arn",),
    "AWS::Scheduler::Schedule": ("Target.Arn",),
    "AWS::S3::Bucket": (
        "NotificationConfiguration.LambdaConfigurations.Function",
        "NotificationConfiguration.QueueConfigurations.Queue",
        "NotificationConfiguration.TopicConfigurations.Topic",
    ),
    "Custom::S3BucketNotifications": (
        "NotificationConfiguration.LambdaFunctionConfigurations.LambdaFunctionArn",
        "NotificationConfiguration.QueueConfigurations.QueueArn",
        "NotificationConfiguration.TopicConfigurations.TopicArn",
    ),
    "AWS::Config::ConfigRule": ("Source.SourceIdentifier",),
    "AWS::Config::OrganizationConfigRule": ("OrganizationCustomRuleMetadata.LambdaFunctionArn",),
    "AWS::Logs::SubscriptionFilter": ("DestinationArn",),
    "AWS::IoT::TopicRule": (
        "TopicRulePayload.Actions.Lambda.FunctionArn",
        "TopicRulePayload.Actions.Sqs.QueueUrl",
    ),
    "AWS::CloudWatch::Alarm": ("AlarmActions", "OKActions", "InsufficientDataActions"),
    "AWS::CloudWatch::CompositeAlarm": ("AlarmActions", "OKActions", "InsufficientDataActions"),
    "AWS::CodeCommit::Repository": ("Triggers.DestinationArn",),
}
"""Properties whose target is handed its work and not waited for."""

DEAD_LETTERS: dict[str, tuple[str, ...]] = {
    QUEUE: ("RedrivePolicy.deadLetterTargetArn",),
    "AWS::SNS::Subscription": ("RedrivePolicy.deadLetterTargetArn",),
    FUNCTION: ("DeadLetterConfig.TargetArn",),
    INVOKE_SETTINGS: ("DestinationConfig.OnFailure.Destination",),
    MAPPING: ("DestinationConfig.OnFailure.Destination",),
    "AWS::Events::Rule": ("Targets.DeadLetterConfig.Arn",),
    "AWS::Events::EventBus": ("DeadLetterConfig.Arn",),
    "AWS::Scheduler::Schedule": ("Target.DeadLetterConfig.Arn",),
    "AWS::Pipes::Pipe": (
        "SourceParameters.KinesisStreamParameters.DeadLetterConfig.Arn",
        "SourceParameters.DynamoDBStreamParameters.DeadLetterConfig.Arn",
    ),
    "AWS::IoT::TopicRule": (
        "TopicRulePayload.ErrorAction.Sqs.QueueUrl",
        "TopicRulePayload.ErrorAction.Sns.TargetArn",
    ),
}
"""Properties whose target receives what failed."""

ASYNCHRONOUS_PRINCIPALS = (
    "s3.", "sns.", "events.", "scheduler.", "config.", "logs.", "ses.", "codecommit.", "lambda.alarms.",
)  # fmt: skip
SYNCHRONOUS_PRINCIPALS = (
    "apigateway.", "elasticloadbalancing.", "cognito-", "alexa-", "lex", "secretsmanager.", "cloudfront.",
    "edgelambda.", "bedrock.", "vpc-lattice.", "connect.", "appsync.", "cloudformation.", "transfer.",
)  # fmt: skip
WAITING_TYPES = (
    "AWS::ApiGateway", "AWS::ElasticLoadBalancingV2::", "AWS::CloudFront::", "AWS::StepFunctions::",
    "AWS::AppSync::", "AWS::Cognito::", "AWS::Lambda::Url", "AWS::Bedrock::", "AWS::Lex::",
    "AWS::KinesisFirehose::", "AWS::VpcLattice::", "AWS::SecretsManager::", "AWS::CloudFormation::Macro",
    "AWS::S3ObjectLambda::", "AWS::Transfer::", "AWS::Connect::", "AWS::CodePipeline::",
    "AWS::IoT::Authorizer", "AWS::IoT::ProvisioningTemplate", "AWS::Serverless::",
)  # fmt: skip
"""Types that wait for the answer of a function they name, and so learn of a failure themselves."""


def redrive(resource: Resource, name: str = "RedrivePolicy") -> dict[str, Value] | Unknown:
    """A redrive policy as a mapping, also where it is written as JSON text; empty where there is none."""
    value = resource.get(name)
    if value in (None, "", {}):
        return {}
    if isinstance(value, (str, Text)):
        value = parsed(value)
    if isinstance(value, (dict, Unknown)):
        return value
    return Unknown((f"{name}, which is no redrive policy",))


def function_of(value: Value, design: Design) -> Resource | None:
    """The function of the design that a name, ARN, invocation address, version or alias belongs to."""
    found = None
    if isinstance(value, (str, Text)):
        named = re.search(r":function:([^:/]+)", str(value))
        found = design.resolve(named[1], FUNCTION) if named else None
    found = found or design.resolve(value, FUNCTION, *QUALIFIED)
    for _ in range(3):  # an alias of a version of a function
        if found is None or found.type == FUNCTION:
            return found
        found = design.resolve(found.get("FunctionName"), FUNCTION, *QUALIFIED)
    return None


def source_kind(mapping: Resource, design: Design) -> str:
    """What an event source mapping reads: ``queue``, ``stream`` or ``broker``; empty where nothing tells."""
    arn = mapping.get("EventSourceArn")
    source = design.resolve(arn)
    name = source.type.lower() if source is not None else str(arn).lower()
    if "sqs:" in name or mapping.get("ScalingConfig") is not None:
        return "queue"
    if "amazonmq:" in name or ":mq:" in name or ":rds:" in name or "docdb" in name:
        return "broker"  # neither MQ nor DocumentDB takes an on-failure destination
    streams = ("kinesis:", "dynamodb:", "kafka:", "msk:")
    if any(service in name for service in streams) or mapping.get("SelfManagedEventSource") is not None:
        return "stream"
    return "broker" if mapping.get("Queues") else "stream" if mapping.get("StartingPosition") else ""


Delivery = tuple[Value, str, Manner]
"""A target as written, the path of the property that names it, and how it gets its work."""


def deliveries(resource: Resource, design: Design) -> Iterator[Delivery]:
    """What a resource hands work to by configuration."""
    for path in TRIGGERS.get(resource.type, ()):
        for target in resource.values_at(path):
            yield target, path, Manner.ASYNCHRONOUS
    if resource.type == MAPPING:
        yield resource.get("FunctionName"), "FunctionName", read_manner(resource, design)
    elif resource.type in _SPECIAL:
        yield from _SPECIAL[resource.type](resource)
    if resource.type.startswith("Custom::") or resource.type == "AWS::CloudFormation::CustomResource":
        yield resource.get("ServiceToken"), "ServiceToken", Manner.HANDLER


def _permission(permission: Resource) -> Iterator[Delivery]:
    principal = str(permission.get("Principal"))
    manner = Manner.SYNCHRONOUS if principal.startswith(SYNCHRONOUS_PRINCIPALS) else Manner.UNSURE
    if principal.startswith(ASYNCHRONOUS_PRINCIPALS):
        manner = Manner.ASYNCHRONOUS
    yield permission.get("FunctionName"), "Principal", manner


def _pipe(pipe: Resource) -> Iterator[Delivery]:
    kind = pipe.get("TargetParameters.LambdaFunctionParameters.InvocationType")
    manner = Manner.ASYNCHRONOUS if kind == "FIRE_AND_FORGET" else Manner.SYNCHRONOUS
    yield pipe.get("Target"), "Target", manner
    yield pipe.get("Enrichment"), "Enrichment", Manner.SYNCHRONOUS


def _receipt_rule(rule: Resource) -> Iterator[Delivery]:
    for action in rule.values_at("Rule.Actions.LambdaAction"):
        waits = field(action, "InvocationType") == "RequestResponse"
        manner = Manner.SYNCHRONOUS if waits else Manner.ASYNCHRONOUS
        yield field(action, "FunctionArn"), "Rule.Actions", manner


def _state_machine(machine: Resource) -> Iterator[Delivery]:
    """The functions that a definition names by text; references are found elsewhere."""
    texts = [leaf for leaf in leaves(machine.get("Definition")) if isinstance(leaf, str)]
    written = machine.get("DefinitionString")
    if isinstance(written, (str, Text)):
        texts += re.findall(r'"(?:FunctionName|Resource)"\s*:\s*"([^"]+)"', str(written))
    for text in dict.fromkeys(texts):
        yield text, "DefinitionString", waiting_manner(machine)


_SPECIAL: dict[str, Callable[[Resource], Iterator[Delivery]]] = {
    "AWS::Lambda::Permission": _permission,
    "AWS::Pipes::Pipe": _pipe,
    "AWS::SES::ReceiptRule": _receipt_rule,
    "AWS::StepFunctions::StateMachine": _state_machine,
}


def read_manner(mapping: Resource, design: Design) -> Manner:
    """How an event source mapping gets the work it hands to its function."""
    kind = source_kind(mapping, design)
    return {"queue": Manner.FROM_QUEUE, "": Manner.UNSURE}.get(kind, Manner.FROM_STREAM)


def waiting_manner(other: Resource) -> Manner:
    """How a resource of one of ``WAITING_TYPES`` invokes the functions it names."""
    if other.type == "AWS::ApiGateway::Method":
        headers = other.get("Integration.RequestParameters")
        kind = headers.get("integration.request.header.X-Amz-Invocation-Type") if isinstance(headers, dict) else None
        return Manner.ASYNCHRONOUS if kind == "'Event'" else Manner.SYNCHRONOUS
    if other.type.startswith("AWS::StepFunctions::"):
        definition = str(other.get("DefinitionString") or other.get("Definition"))
        forgets = re.search(r"""["']InvocationType["']\s*:\s*["']Event["']""", definition)
        return Manner.UNSURE if forgets else Manner.SYNCHRONOUS
    return Manner.SYNCHRONOUS


def dead_letter_targets(resource: Resource, path: str) -> Iterator[Value]:
    """What a resource names, at a path of ``DEAD_LETTERS``, to receive what failed."""
    if path.startswith("RedrivePolicy"):
        yield field(redrive(resource), "deadLetterTargetArn")
    else:
        yield from resource.values_at(path)
