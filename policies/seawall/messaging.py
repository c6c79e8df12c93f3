"""Who sends to and who consumes from queues, streams, topics and functions, and where failures end up.

Source of what is asynchronous: "Invoking Lambda with events from other AWS services" in the Lambda developer guide,
and the InvocationType settings of SES, EventBridge Pipes and API Gateway in theirs.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from seawall.design import Design, Resource
from seawall.stack import Touched
from seawall.values import Key, Reference, Text, Unknown, Value, items, join_parts, reasons

QUEUE = "AWS::SQS::Queue"
FUNCTION = "AWS::Lambda::Function"
MAPPING = "AWS::Lambda::EventSourceMapping"
QUALIFIED = ("AWS::Lambda::Alias", "AWS::Lambda::Version")


class Manner(StrEnum):
    """How one resource reaches another."""

    ASYNCHRONOUS = "asynchronously"
    SYNCHRONOUS = "synchronously"
    HANDLER = "as a custom resource's handler"
    FROM_QUEUE = "from a queue"
    FROM_STREAM = "from a stream"
    UNSURE = "in a way that cannot be seen"


@dataclass(frozen=True, slots=True)
class Link:
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
    "AWS::IoT::TopicRule": ("TopicRulePayload.Actions.Lambda.FunctionArn", "TopicRulePayload.Actions.Sqs.QueueUrl"),
    "AWS::CloudWatch::Alarm": ("AlarmActions", "OKActions", "InsufficientDataActions"),
    "AWS::CloudWatch::CompositeAlarm": ("AlarmActions", "OKActions", "InsufficientDataActions"),
    "AWS::CodeCommit::Repository": ("Triggers.DestinationArn",),
}
"""Properties whose target is handed its work and not waited for."""

DEAD_LETTERS: dict[str, tuple[str, ...]] = {
    QUEUE: ("RedrivePolicy.deadLetterTargetArn",),
    "AWS::SNS::Subscription": ("RedrivePolicy.deadLetterTargetArn",),
    FUNCTION: ("DeadLetterConfig.TargetArn",),
    "AWS::Lambda::EventInvokeConfig": ("DestinationConfig.OnFailure.Destination",),
    MAPPING: ("DestinationConfig.OnFailure.Destination",),
    "AWS::Events::Rule": ("Targets.DeadLetterConfig.Arn",),
    "AWS::Events::EventBus": ("DeadLetterConfig.Arn",),
    "AWS::Scheduler::Schedule": ("Target.DeadLetterConfig.Arn",),
    "AWS::Pipes::Pipe": (
        "SourceParameters.KinesisStreamParameters.DeadLetterConfig.Arn",
        "SourceParameters.DynamoDBStreamParameters.DeadLetterConfig.Arn",
    ),
    "AWS::IoT::TopicRule": ("TopicRulePayload.ErrorAction.Sqs.QueueUrl", "TopicRulePayload.ErrorAction.Sns.TargetArn"),
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
    "AWS::ApiGateway", "AWS::ElasticLoadBalancingV2::", "AWS::CloudFront::", "AWS::StepFunctions::", "AWS::AppSync::",
    "AWS::Cognito::", "AWS::Lambda::Url", "AWS::Bedrock::", "AWS::Lex::", "AWS::KinesisFirehose::", "AWS::VpcLattice::",
    "AWS::SecretsManager::", "AWS::CloudFormation::Macro", "AWS::S3ObjectLambda::", "AWS::Transfer::", "AWS::Connect::",
    "AWS::CodePipeline::", "AWS::IoT::Authorizer", "AWS::IoT::ProvisioningTemplate", "AWS::Serverless::",
)  # fmt: skip
"""Types that wait for the answer of a function they name, and so learn of a failure themselves."""

GENERATED_BY_CDK = re.compile(
    r"CustomResourceProviderHandler|BucketNotificationsHandler050a0587|LogRetentionaae0aa3c|AWS679f53fac002430cb0da5b79"
    r"|framework(on|is)(Event|Timeout|Complete)|CDKBucketDeployment8693BB64|TriggerHandler"
)


def invocations(function: Resource, design: Design) -> list[Link]:
    """What invokes a function, its versions and aliases, and how. Permissions count as what they permit."""
    facts = _facts(design)
    links = facts.reaching(function)
    for named in (function, *facts.qualified(function)):
        for other, path in design.referrers(named):
            if other.type.startswith(WAITING_TYPES) and not any(link.by is other for link in links):
                links.append(Link(other, path, _waiting_manner(other)))
            elif _is_environment(path) and other.key != function.key:
                helps = other.type == FUNCTION and is_handler(other, design)
                links.append(Link(other, path, Manner.HANDLER if helps else Manner.UNSURE))
    return links


def senders(target: Resource, design: Design) -> list[Link]:
    """What delivers to a queue, topic, stream or state machine by configuration."""
    return _facts(design).reaching(target)


def consumers(source: Resource, design: Design) -> list[Link]:
    """Event source mappings and pipes that read a queue or stream; who only knows its name is ``UNSURE``."""
    found = _facts(design).existing(_facts(design).reading.get(source.key, ()))
    for other, path in design.referrers(source):
        if _is_environment(path) or path.startswith("ContainerDefinitions"):
            found.append(Link(other, path, Manner.UNSURE))
    return found


def dead_letter_users(target: Resource, design: Design) -> list[Link]:
    """What sends its failures to this queue or topic: queues, functions, subscriptions, rules, mappings…"""
    return _facts(design).existing(_facts(design).failing_to.get(target.key, ()))


def dead_letter_chain(queue: Resource, design: Design) -> list[Resource]:
    """The queues that a message which keeps failing passes, the queue itself first.

    Where the chain comes back to a queue it ends with that queue, named a second time.
    """
    chain = [queue]
    while True:
        following = design.resolve(redrive(chain[-1]).get("deadLetterTargetArn"), QUEUE)
        if following is None:
            return chain
        chain.append(following)
        if following in chain[:-1]:
            return chain


def redrive(resource: Resource, name: str = "RedrivePolicy") -> dict[str, Value]:
    """A redrive policy as a mapping, also where it is written as JSON text; empty where there is none.

    Where it cannot be read every field that matters is the ``Unknown`` that decides.
    """
    value = resource.get(name)
    if isinstance(value, str):
        value = _parsed(Text((value,)))
    elif isinstance(value, Text):
        value = _parsed(value)
    if isinstance(value, (Unknown, Reference)):
        because = value if isinstance(value, Unknown) else Unknown((str(value),))
        return dict.fromkeys(("deadLetterTargetArn", "redrivePermission", "sourceQueueArns"), because)
    return value if isinstance(value, dict) else {}


def function_of(value: Value, design: Design) -> Resource | None:
    """The function of the design that a name, ARN, invocation address, version or alias belongs to."""
    found = design.resolve(value, FUNCTION, *QUALIFIED)
    if found is None and isinstance(value, (str, Text)):
        named = re.search(r":function:([^:/]+)", str(value))
        found = design.resolve(named[1], FUNCTION) if named else None
    for _ in range(3):  # an alias of a version of a function
        if found is None or found.type == FUNCTION:
            return found
        found = design.resolve(found.get("FunctionName"), FUNCTION, *QUALIFIED)
    return None


def is_handler(function: Resource, design: Design) -> bool:
    """Whether only custom resources use a function: the stack waits for its answer, no work is lost."""
    if GENERATED_BY_CDK.search(function.id):
        return True
    links = _facts(design).reaching(function)
    return bool(links) and all(link.manner is Manner.HANDLER for link in links)


def failure_paths(function: Resource, design: Design) -> list[tuple[Resource, Value]]:
    """Where asynchronous invocations that failed go: who says so, and the target (``Unknown``: perhaps one)."""
    found: list[tuple[Resource, Value]] = [(function, _target_at(function, "DeadLetterConfig", "TargetArn"))]
    for settings in invoke_settings(function, design):
        found.append((settings, _target_at(settings, "DestinationConfig.OnFailure", "Destination")))
    return [(resource, target) for resource, target in found if target not in (None, "", [], {})]


def invoke_settings(function: Resource, design: Design) -> list[Resource]:
    """The ``AWS::Lambda::EventInvokeConfig`` of a function: who sets one expects asynchronous invocations."""
    configurations = design.of_type("AWS::Lambda::EventInvokeConfig")
    return [item for item in configurations if function_of(item.get("FunctionName"), design) is function]


def _target_at(resource: Resource, holder: str, name: str) -> Value:
    # A target that a parameter names is a target; a block that may be left out is not.
    mapping = resource.get(holder)
    if isinstance(mapping, Unknown):
        return mapping
    target = mapping.get(name) if isinstance(mapping, dict) else None
    return Text((str(target),)) if isinstance(target, Unknown) else target


def source_kind(mapping: Resource, design: Design) -> str:
    """What an event source mapping reads: ``queue``, ``stream``, ``broker``, or empty where it cannot be told."""
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


class _Facts:
    """Every link of one design by the key of what it reaches."""

    def __init__(self, design: Design) -> None:
        self.design = design
        self.delivering: dict[Key, list[Link]] = {}
        self.reading: dict[Key, list[Link]] = {}
        self.failing_to: dict[Key, list[Link]] = {}
        self._qualified: dict[Key, list[Resource]] = {}
        outside = design.touched
        for resource in design.all.values():
            design.touched = set()
            self._add(resource)
        design.touched = outside

    def reaching(self, resource: Resource) -> list[Link]:
        return self.existing(self.delivering.get(resource.key, ()))

    def existing(self, links: list[Link] | tuple[()]) -> list[Link]:
        """The links of existing resources; the reader depends on what they were read from."""
        found = [link for link in links if link.by.exists is not False]
        for link in links:
            self.design.touched |= link.touched
        return found

    def qualified(self, function: Resource) -> list[Resource]:
        return self._qualified.get(function.key, [])

    def _add(self, resource: Resource) -> None:
        for target, path, manner in _deliveries(resource, self.design):
            self._link(self.delivering, resource, target, path, manner)
        for path in DEAD_LETTERS.get(resource.type, ()):
            for target in _dead_letter_targets(resource, path):
                self._link(self.failing_to, resource, target, path, Manner.ASYNCHRONOUS)
        if resource.type == MAPPING:
            self._link(self.reading, resource, resource.get("EventSourceArn"), "EventSourceArn", _read(resource, self.design))
        elif resource.type == "AWS::Pipes::Pipe":
            self._link(self.reading, resource, resource.get("Source"), "Source", Manner.FROM_QUEUE)
        elif resource.type in QUALIFIED:
            function = function_of(resource.get("FunctionName"), self.design)
            if function is not None:
                self._qualified.setdefault(function.key, []).append(resource)

    def _link(
        self, index: dict[Key, list[Link]], by: Resource, value: Value, path: str, manner: Manner
    ) -> None:
        target = function_of(value, self.design) or self.design.resolve(value)
        if target is not None:
            index.setdefault(target.key, []).append(Link(by, path, manner, frozenset(self.design.touched)))


def _facts(design: Design) -> _Facts:
    facts: _Facts | None = design.kept.get(_Facts)
    if facts is None:
        facts = design.kept[_Facts] = _Facts(design)
    return facts


def _deliveries(resource: Resource, design: Design) -> Iterator[tuple[Value, str, Manner]]:
    for path in TRIGGERS.get(resource.type, ()):
        for target in values_at(resource, path):
            yield target, path, Manner.ASYNCHRONOUS
    kind = resource.type
    if kind == MAPPING:
        yield resource.get("FunctionName"), "FunctionName", _read(resource, design)
    elif kind == "AWS::Lambda::Permission":
        yield resource.get("FunctionName"), "Principal", _permitted(str(resource.get("Principal")))
    elif kind == "AWS::Pipes::Pipe":
        forgets = resource.get("TargetParameters.LambdaFunctionParameters.InvocationType") == "FIRE_AND_FORGET"
        yield resource.get("Target"), "Target", Manner.ASYNCHRONOUS if forgets else Manner.SYNCHRONOUS
    elif kind == "AWS::SES::ReceiptRule":
        for action in values_at(resource, "Rule.Actions.LambdaAction"):
            if isinstance(action, dict):
                waits = action.get("InvocationType") == "RequestResponse"
                yield action.get("FunctionArn"), "Rule.Actions", Manner.SYNCHRONOUS if waits else Manner.ASYNCHRONOUS
    elif kind.startswith("Custom::") or kind == "AWS::CloudFormation::CustomResource":
        yield resource.get("ServiceToken"), "ServiceToken", Manner.HANDLER


def _read(mapping: Resource, design: Design) -> Manner:
    kind = source_kind(mapping, design)
    return {"queue": Manner.FROM_QUEUE, "": Manner.UNSURE}.get(kind, Manner.FROM_STREAM)


def _permitted(principal: str) -> Manner:
    if principal.startswith(ASYNCHRONOUS_PRINCIPALS):
        return Manner.ASYNCHRONOUS
    return Manner.SYNCHRONOUS if principal.startswith(SYNCHRONOUS_PRINCIPALS) else Manner.UNSURE


def _waiting_manner(other: Resource) -> Manner:
    if other.type == "AWS::ApiGateway::Method":
        headers = other.get("Integration.RequestParameters")
        kind = headers.get("integration.request.header.X-Amz-Invocation-Type") if isinstance(headers, dict) else None
        return Manner.ASYNCHRONOUS if kind == "'Event'" else Manner.SYNCHRONOUS
    if other.type.startswith("AWS::StepFunctions::"):
        definition = str(other.get("DefinitionString") or other.get("Definition"))
        forgets = re.search(r"""["']InvocationType["']\s*:\s*["']Event["']""", definition)
        return Manner.UNSURE if forgets else Manner.SYNCHRONOUS
    return Manner.SYNCHRONOUS


def _is_environment(path: str) -> bool:
    return path.startswith("Environment") or ".Environment" in path


def _dead_letter_targets(resource: Resource, path: str) -> Iterator[Value]:
    if path.startswith("RedrivePolicy"):
        yield redrive(resource).get("deadLetterTargetArn")
    else:
        yield from values_at(resource, path)


def values_at(resource: Resource, path: str) -> Iterator[Value]:
    """Every value at a dotted path of a resource, each element of the lists on the way looked into."""
    name, _, rest = path.partition(".")
    values = [resource.get(name)]
    for step in rest.split(".") if rest else ():
        values = [item.get(step) for value in values for item in _elements(value) if isinstance(item, dict)]
    for value in values:
        yield from (item for item in _elements(value) if item is not None)


def _elements(value: Value) -> list[Value]:
    found = items(value)
    return [found] if isinstance(found, Unknown) else found


_OPEN, _CLOSE = "\ue000", "\ue001"  # private-use characters: no template writes them
_PIECE = re.compile(f"{_OPEN}(\\d+){_CLOSE}")


def _parsed(text: Text) -> Value:
    """JSON text as plain values, its references and unknowns put back where they stood."""
    written = "".join(
        part if isinstance(part, str) else f"{_OPEN}{index}{_CLOSE}" for index, part in enumerate(text.parts)
    )
    try:
        return _restored(json.loads(written), text.parts)
    except (ValueError, RecursionError):
        # A number left open (maxReceiveCount) spoils the JSON, not the name of the queue in it.
        return {"deadLetterTargetArn": text} if "deadLetterTargetArn" in written else Unknown(reasons(text) or ("its text",))


def _restored(value: Value, parts: tuple[str | Unknown | Reference, ...]) -> Value:
    if isinstance(value, dict):
        return {key: _restored(item, parts) for key, item in value.items()}
    if isinstance(value, list):
        return [_restored(item, parts) for item in value]
    if not isinstance(value, str) or _OPEN not in value:
        return value
    pieces = _PIECE.split(value)
    return join_parts([parts[int(piece)] if index % 2 else piece for index, piece in enumerate(pieces)])
