"""The arithmetic of queues, over every queue in every template."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from aws_cdk import App, Duration

from services.drive.limits import EXPIRE_BUNDLE_AFTER, HEARTBEAT, LEASE
from stacks.capacity import RESERVED, UNRESERVED
from stacks.patterns.regional_stack import RegionalStack
from stacks.patterns.service_function import ServiceFunction
from stacks.patterns.work_queue import WorkQueue
from stacks.queues import DAY, DELIVER, QUEUES, QueueNumbers
from tests.stacks.synthesized import NAMES, Template, all_of, settings

DEFAULT_FUNCTION_TIMEOUT = 3
"""Seconds (AWS::Lambda::Function, Timeout)."""


@dataclass(frozen=True)
class Place:
    """A resource of a template."""

    stack: str
    template: Template
    name: str
    properties: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.stack}/{self.name}"

    def refers_to(self, value: object) -> bool:
        """Whether `value` is this resource's ARN or reference."""
        return value in ({"Ref": self.name}, {"Fn::GetAtt": [self.name, "Arn"]})


def of_type(templates: dict[str, Template], kind: str) -> list[Place]:
    found = [
        Place(stack, template, name, properties)
        for stack, template in templates.items()
        for name, properties in all_of(template, kind).items()
    ]
    assert found, kind
    return found


def named(place: Place, value: object, kind: str) -> Place | None:
    """The resource of `kind` in the same template that `value`, an ARN or a name, leads to."""
    text = json.dumps(value)
    for name, properties in all_of(place.template, kind).items():
        if f'"{name}"' in text:
            return Place(place.stack, place.template, name, properties)
    return None


def dead_letters_of(queue: Place) -> Place | None:
    redrive = queue.properties.get("RedrivePolicy")
    return redrive and named(queue, redrive["deadLetterTargetArn"], "AWS::SQS::Queue")


def is_where_failures_end(queue: Place) -> bool:
    """Whether something in the template hands its failures to this queue."""
    mentions = (
        resource["Properties"].get("RedrivePolicy", {}).get("deadLetterTargetArn")
        if resource["Type"] == "AWS::SQS::Queue"
        else [*_failure_targets(resource.get("Properties", {}))]
        for resource in queue.template["Resources"].values()
    )
    return any(f'"{queue.name}"' in json.dumps(mention) for mention in mentions)


def _failure_targets(value: object) -> Iterator[object]:
    if isinstance(value, dict):
        for key, inner in value.items():
            if key in {"OnFailure", "DeadLetterConfig"}:
                yield inner
            else:
                yield from _failure_targets(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _failure_targets(inner)


def consumers(templates: dict[str, Template]) -> list[tuple[Place, Place, Place]]:
    """Each mapping from a queue to a function, with both."""
    found = []
    for mapping in of_type(templates, "AWS::Lambda::EventSourceMapping"):
        queue = named(mapping, mapping.properties["EventSourceArn"], "AWS::SQS::Queue")
        if queue is None:
            continue
        alias = named(mapping, mapping.properties["FunctionName"], "AWS::Lambda::Alias")
        value = alias.properties["FunctionName"] if alias else mapping.properties["FunctionName"]
        function = named(mapping, value, "AWS::Lambda::Function")
        assert function, mapping
        found.append((mapping, queue, function))
    assert found
    return found


def retention(queue: Place) -> int:
    days: int = queue.properties["MessageRetentionPeriod"]
    return days


def test_every_message_that_fails_ends_in_another_queue(templates: dict[str, Template]) -> None:
    for queue in of_type(templates, "AWS::SQS::Queue"):
        if is_where_failures_end(queue):
            continue
        dead_letters = dead_letters_of(queue)
        assert dead_letters, queue
        assert dead_letters.name != queue.name, queue
        tries = queue.properties["RedrivePolicy"]["maxReceiveCount"]
        assert tries >= 3, queue
        # Or a message that fails again and again is deleted before anybody sees it.
        assert tries * queue.properties["VisibilityTimeout"] <= retention(queue), queue


def test_a_dead_letter_queue_is_the_end_of_the_line(templates: dict[str, Template]) -> None:
    for queue in of_type(templates, "AWS::SQS::Queue"):
        dead_letters = dead_letters_of(queue)
        assert dead_letters is None or dead_letters_of(dead_letters) is None, queue
    fed_back = {str(queue) for _, queue, _ in consumers(templates) if is_where_failures_end(queue)}
    assert not fed_back


def test_dead_letters_are_kept_longer_than_any_message_lives(templates: dict[str, Template]) -> None:
    for queue in of_type(templates, "AWS::SQS::Queue"):
        if is_where_failures_end(queue):
            assert retention(queue) == 14 * DAY, queue
        else:
            # A standard queue's dead letters keep their first send time: as long would be no time at all to look.
            assert retention(queue) < 14 * DAY, queue


def test_only_its_own_queue_may_fill_a_dead_letter_queue(templates: dict[str, Template]) -> None:
    for queue in of_type(templates, "AWS::SQS::Queue"):
        dead_letters = dead_letters_of(queue)
        if dead_letters is None:
            continue
        allowed = dead_letters.properties["RedriveAllowPolicy"]
        assert allowed["redrivePermission"] == "byQueue", dead_letters
        (source,) = allowed["sourceQueueArns"]
        assert queue.refers_to(source) or json.dumps(source).endswith(f':{queue.properties["QueueName"]}"]]}}'), queue


def test_no_queue_is_first_in_first_out(templates: dict[str, Template]) -> None:
    # Moving a message to a FIFO dead-letter queue restarts its clock, and one slow message holds up its whole group.
    assert not [queue for queue in of_type(templates, "AWS::SQS::Queue") if queue.properties.get("FifoQueue")]


def test_a_message_stays_hidden_for_six_times_as_long_as_its_function_may_take(templates: dict[str, Template]) -> None:
    for mapping, queue, function in consumers(templates):
        longest = function.properties.get("Timeout", DEFAULT_FUNCTION_TIMEOUT)
        window = mapping.properties.get("MaximumBatchingWindowInSeconds", 0)
        assert queue.properties["VisibilityTimeout"] >= 6 * longest + window, queue


def test_a_poller_starts_no_more_functions_than_are_reserved(templates: dict[str, Template]) -> None:
    for mapping, queue, function in consumers(templates):
        # Lambda refuses a mapping that limits its concurrency and provisions pollers as well.
        assert "ProvisionedPollerConfig" not in mapping.properties, mapping
        most = mapping.properties["ScalingConfig"]["MaximumConcurrency"]
        # Refused starts use up a message's tries without anybody having read it.
        assert 2 <= most <= function.properties["ReservedConcurrentExecutions"], queue


def test_one_bad_message_does_not_repeat_its_neighbours(templates: dict[str, Template]) -> None:
    for mapping, _, _ in consumers(templates):
        assert mapping.properties["FunctionResponseTypes"] == ["ReportBatchItemFailures"], mapping


def test_every_function_has_its_own_queue(templates: dict[str, Template]) -> None:
    fed = [str(function) for _, _, function in consumers(templates)]
    drained = [str(queue) for _, queue, _ in consumers(templates)]
    assert len(fed) == len(set(fed))
    assert len(drained) == len(set(drained))


def test_only_a_function_that_continues_its_work_may_send_to_its_own_queue(templates: dict[str, Template]) -> None:
    for _, queue, function in consumers(templates):
        role = function.properties["Role"]["Fn::GetAtt"][0]
        name = queue.properties["QueueName"]
        continues = any(
            "sqs:SendMessage" in statement["Action"]
            and (
                f':{name}"' in json.dumps(statement["Resource"])
                or f'"{queue.name}"' in json.dumps(statement["Resource"])
            )
            for policy in all_of(function.template, "AWS::IAM::Policy").values()
            if {"Ref": role} in policy["Roles"]
            for statement in policy["PolicyDocument"]["Statement"]
        )
        # Lambda stops what it takes for a loop after 16 rounds (AWS Lambda Developer Guide, "Use Lambda recursive loop
        # detection to prevent infinite loops"), and a crowd that waits for one album needs more.
        assert function.properties.get("RecursiveLoop", "Terminate") == ("Allow" if continues else "Terminate"), (
            function
        )


@pytest.mark.parametrize(
    ("unfit", "reason"),
    [
        ({"concurrency": 221}, "concurrency 221 is not within 220 reserved"),
        ({"concurrency": None}, "concurrency None is not within 220 reserved"),
        ({"visibility_seconds": 179}, "messages reappear before 6 timeouts are over"),
    ],
)
def test_a_queue_whose_numbers_do_not_fit_its_function_is_refused(unfit: dict[str, Any], reason: str) -> None:
    stack = RegionalStack(App(), "Stack", names=NAMES, region="eu-west-1", disposable=False)
    function = ServiceFunction(
        stack,
        "Function",
        names=NAMES,
        role="deliver",
        handler="services.deliver.handler.handle",
        timeout=Duration.seconds(DELIVER.handler_seconds),
        reserved=RESERVED["deliver"],
        environment={},
        allow=[],
        description="Delivers",
    )
    work = WorkQueue(stack, "Queue", names=NAMES, numbers=replace(DELIVER, **unfit))
    with pytest.raises(ValueError, match=reason):
        function.take_from(work)


def test_reserved_concurrency_leaves_a_hundred_for_the_rest(templates: dict[str, Template]) -> None:
    granted = settings().quotas.function_concurrency
    regions = settings().regions
    for region in (*regions.data, regions.observer):
        reserved = sum(
            properties.get("ReservedConcurrentExecutions", 0)
            for stack, template in templates.items()
            if stack.endswith(region)
            for properties in all_of(template, "AWS::Lambda::Function").values()
        )
        assert reserved <= granted - UNRESERVED, region


def test_what_settings_count_as_reserved_is_what_the_templates_reserve(templates: dict[str, Template]) -> None:
    region = settings().regions.primary
    reserved = {
        properties["FunctionName"].removeprefix("clouddrive-"): properties["ReservedConcurrentExecutions"]
        for stack, template in templates.items()
        if stack.endswith(region)
        for properties in all_of(template, "AWS::Lambda::Function").values()
        if "ReservedConcurrentExecutions" in properties
    }
    beside_the_api = {role: count for role, count in reserved.items() if not role.startswith("api-")}
    # The export runs only where there is an offsite copy.
    assert beside_the_api == {role: count for role, count in RESERVED.items() if role != "offsite-export"}


def test_messages_travel_and_rest_encrypted(templates: dict[str, Template]) -> None:
    for queue in of_type(templates, "AWS::SQS::Queue"):
        encrypted = queue.properties.get("SqsManagedSseEnabled") or queue.properties.get("KmsMasterKeyId")
        assert encrypted, queue
        statements = [
            statement
            for policy in all_of(queue.template, "AWS::SQS::QueuePolicy").values()
            if {"Ref": queue.name} in policy["Queues"]
            for statement in policy["PolicyDocument"]["Statement"]
        ]
        plain_text = {"Bool": {"aws:SecureTransport": "false"}}
        assert any(
            statement["Effect"] == "Deny" and statement["Condition"] == plain_text and statement["Action"] == "sqs:*"
            for statement in statements
        ), queue


def test_every_queue_is_known_to_hold_nothing_that_cannot_be_made_again(templates: dict[str, Template]) -> None:
    for queue in of_type(templates, "AWS::SQS::Queue"):
        assert {"Key": "seawall:data", "Value": "derived"} in queue.properties["Tags"], queue


@pytest.mark.parametrize("numbers", QUEUES, ids=lambda numbers: numbers.role)
def test_each_data_region_has_each_queue_with_its_numbers(
    templates: dict[str, Template], numbers: QueueNumbers
) -> None:
    for region in settings().regions.data:
        (queue,) = [
            queue
            for queue in of_type(templates, "AWS::SQS::Queue")
            if queue.stack.endswith(region) and queue.properties.get("QueueName") == f"clouddrive-{numbers.role}"
        ]
        assert queue.properties["VisibilityTimeout"] == numbers.visibility_seconds
        assert retention(queue) == numbers.retention_days * DAY
        assert queue.properties["RedrivePolicy"]["maxReceiveCount"] == numbers.tries
        assert queue.properties["ReceiveMessageWaitTimeSeconds"] == 20
        dead_letters = dead_letters_of(queue)
        assert dead_letters
        assert dead_letters.properties["QueueName"] == f"clouddrive-{numbers.dead_letter_role}"


@pytest.mark.parametrize("numbers", QUEUES, ids=lambda numbers: numbers.role)
def test_somebody_is_paged_before_a_tenth_of_the_retention_is_over(numbers: QueueNumbers) -> None:
    assert numbers.ticket_age < numbers.page_age <= numbers.retention_days * DAY / 10


def test_two_heartbeats_may_fail_before_a_build_is_taken_over() -> None:
    for numbers in QUEUES:
        if numbers.concurrency is None:
            assert numbers.handler_seconds == HEARTBEAT
            assert numbers.visibility_seconds == LEASE >= 3 * HEARTBEAT


def test_a_bundle_expires_by_its_order_long_before_its_message_does() -> None:
    for numbers in QUEUES:
        if numbers.concurrency is None:
            assert numbers.retention_days * DAY > 2 * EXPIRE_BUNDLE_AFTER


def test_both_kinds_of_order_have_a_sideline_that_lives_as_long() -> None:
    by_role = {numbers.role: numbers for numbers in QUEUES}
    for role in ("deliver", "bundle"):
        sideline = by_role[f"{role}-sideline"]
        assert sideline.retention_days >= by_role[role].retention_days
        assert sideline.tries >= by_role[role].tries
        # Fresh orders come first: the sideline drains with a part of the strength.
        assert (sideline.concurrency or 0) <= (by_role[role].concurrency or 0)
