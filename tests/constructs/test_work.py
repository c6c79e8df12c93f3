"""What queues, the functions that take from them, and what starts other functions promise."""

from typing import Any

import pytest
from aws_cdk import App, Duration, Stack
from aws_cdk.aws_events import Schedule
from aws_cdk.aws_lambda import Code
from aws_cdk.aws_sns import Topic

from seawall_constructs.alarms import OnCall
from seawall_constructs.started_by_event import start_on_event
from seawall_constructs.work_queue import WorkQueue
from seawall_constructs.worker_function import WorkerFunction
from tests.constructs.conftest import Made, measured

QUEUE = "AWS::SQS::Queue"
FUNCTION = "AWS::Lambda::Function"
DAY = 24 * 3600


def test_a_poison_message_lies_among_the_dead_letters_for_14_days(service: Made) -> None:
    queue = service.one(QUEUE, "Work/Queue")
    dead_letters = service.id_of(QUEUE, "Work/DeadLetters")
    assert queue["RedrivePolicy"] == {
        "deadLetterTargetArn": {"Fn::GetAtt": [dead_letters, "Arn"]},
        "maxReceiveCount": 5,
    }
    assert service.one(QUEUE, "Work/DeadLetters")["MessageRetentionPeriod"] == 14 * DAY
    assert queue["MessageRetentionPeriod"] < 14 * DAY


def test_dead_letters_come_from_their_own_queue_only(service: Made, nameless: Made) -> None:
    allowed = service.one(QUEUE, "Work/DeadLetters")["RedriveAllowPolicy"]
    assert allowed["redrivePermission"] == "byQueue"
    [source] = allowed["sourceQueueArns"]
    assert source["Fn::Join"][1][-1] == ":shop-work"
    # Without a name the source cannot be named before it is made.
    assert "RedriveAllowPolicy" not in nameless.one(QUEUE, "Work/DeadLetters")


def test_a_message_is_hidden_six_times_as_long_as_its_handler_may_take(service: Made) -> None:
    assert service.one(FUNCTION, "Worker")["Timeout"] == 60
    assert service.one(QUEUE, "Work/Queue")["VisibilityTimeout"] == 360
    # Unless workers extend it themselves.
    assert service.one(QUEUE, "Long/Queue")["VisibilityTimeout"] == 180


def test_a_queue_serves_quiet_groups_first(service: Made) -> None:
    """Only a standard queue does, and it takes what comes."""
    assert not service.one(QUEUE, "Work/Queue").get("FifoQueue")


def test_queues_are_encrypted_and_spoken_to_over_tls_only(service: Made) -> None:
    queues = service.resources(QUEUE)
    assert queues
    assert all(queue["Properties"]["SqsManagedSseEnabled"] for queue in queues)
    policies = service.all("AWS::SQS::QueuePolicy")
    assert len(policies) == len(queues)
    for policy in policies:
        conditions = [one.get("Condition") for one in policy["PolicyDocument"]["Statement"] if one["Effect"] == "Deny"]
        assert conditions == [{"Bool": {"aws:SecureTransport": "false"}}]


def test_what_a_service_gave_up_is_kept_for_14_days(service: Made) -> None:
    assert service.one(QUEUE, "ReportFailures")["MessageRetentionPeriod"] == 14 * DAY


def test_queues_hold_nothing_that_cannot_be_made_again(service: Made) -> None:
    for queue in service.all(QUEUE):
        assert {"Key": "seawall:data", "Value": "derived"} in queue["Tags"]


def test_a_function_runs_in_every_zone_with_a_concurrency_of_its_own(service: Made) -> None:
    functions = service.all(FUNCTION)
    assert functions
    for function in functions:
        assert "VpcConfig" not in function
        assert function["ReservedConcurrentExecutions"] == 10


def test_callers_use_an_alias(service: Made) -> None:
    alias = service.one("AWS::Lambda::Alias", "Worker")
    assert alias["Name"] == "live"
    mapping = service.one("AWS::Lambda::EventSourceMapping", "Worker")
    assert service.id_of("AWS::Lambda::Alias", "Worker") in str(mapping["FunctionName"])
    assert mapping["FunctionName"]["Fn::Join"][1][-1] == ":live"


def test_only_what_failed_of_a_batch_comes_back(service: Made) -> None:
    mapping = service.one("AWS::Lambda::EventSourceMapping", "Worker")
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["ScalingConfig"] == {"MaximumConcurrency": 10}


def test_a_function_may_write_its_own_log_and_do_what_is_listed(service: Made) -> None:
    role = service.one("AWS::IAM::Role", "Worker/Role")
    assert "ManagedPolicyArns" not in role
    granted = service.one("AWS::IAM::Policy", "Worker/Role")["PolicyDocument"]["Statement"]
    actions = {action for one in granted for action in _listed(one["Action"])}
    assert actions == {
        "dynamodb:UpdateItem",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
        "sqs:ChangeMessageVisibility",
        "sqs:DeleteMessage",
        "sqs:GetQueueAttributes",
        "sqs:GetQueueUrl",
        "sqs:ReceiveMessage",
        "sqs:SendMessage",
    }
    assert all(one["Resource"] != "*" for one in granted)


def test_a_function_that_tells_itself_what_is_left_is_not_stopped(service: Made) -> None:
    assert service.one(FUNCTION, "Worker")["RecursiveLoop"] == "Allow"
    assert "RecursiveLoop" not in service.one(FUNCTION, "Reconcile")


def test_logs_are_kept_for_three_months_and_outlive_the_stack(service: Made, sandbox: Made) -> None:
    [logs] = service.resources("AWS::Logs::LogGroup", "Worker")
    assert logs["Properties"] == {"LogGroupName": "/aws/lambda/shop-worker", "RetentionInDays": 90}
    assert logs["DeletionPolicy"] == "Retain"
    [logs] = sandbox.resources("AWS::Logs::LogGroup", "Worker")
    assert logs["DeletionPolicy"] == "Delete"


def test_a_run_of_each_minute_is_not_repeated_and_a_late_start_is_dropped(service: Made) -> None:
    schedule = service.one("AWS::Scheduler::Schedule", "EachMinute")
    assert schedule["ScheduleExpression"] == "rate(1 minute)"
    assert schedule["Target"]["RetryPolicy"] == {"MaximumEventAgeInSeconds": 60, "MaximumRetryAttempts": 0}
    invoked = service.one("AWS::Lambda::EventInvokeConfig", "Reconcile")
    assert (invoked["MaximumEventAgeInSeconds"], invoked["MaximumRetryAttempts"]) == (60, 0)


def test_a_run_that_never_came_or_failed_is_noted(service: Made) -> None:
    failures = {"Fn::GetAtt": [service.id_of(QUEUE, "ReportFailures"), "Arn"]}
    schedule = service.one("AWS::Scheduler::Schedule", "Nightly")
    assert schedule["Target"]["DeadLetterConfig"] == {"Arn": failures}
    assert schedule["Target"]["RetryPolicy"]["MaximumEventAgeInSeconds"] == 6 * 3600
    invoked = service.one("AWS::Lambda::EventInvokeConfig", "Report")
    assert invoked["DestinationConfig"] == {"OnFailure": {"Destination": failures}}
    assert invoked["MaximumRetryAttempts"] == 2


def test_the_scheduler_may_start_the_one_function(service: Made) -> None:
    granted = service.one("AWS::IAM::Policy", "EachMinute")["PolicyDocument"]["Statement"]
    [resource] = [one["Resource"] for one in granted]
    assert resource == {"Ref": service.id_of("AWS::Lambda::Alias", "Reconcile")}


def test_an_event_that_a_function_breaks_at_is_kept_and_told_of(service: Made) -> None:
    """Of an event, as of a restore that ended; the alarm watches the same queue."""
    missed = {"Fn::GetAtt": [service.id_of(QUEUE, "Validator/Missed"), "Arn"]}
    [target] = service.one("AWS::Events::Rule", "Validator")["Targets"]
    assert target["DeadLetterConfig"] == {"Arn": missed}
    invoked = service.one("AWS::Lambda::EventInvokeConfig", "Validator")
    assert invoked["DestinationConfig"] == {"OnFailure": {"Destination": missed}}
    alarm = service.one("AWS::CloudWatch::Alarm", "Validator/MissedEvents")
    queue = {"Fn::GetAtt": [service.id_of(QUEUE, "Validator/Missed"), "QueueName"]}
    assert measured(alarm) == ("ApproximateNumberOfMessagesVisible", {"QueueName": queue})
    assert alarm["Threshold"] == 0


def _listed(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]


@pytest.fixture(scope="module")
def small_stack() -> Stack:
    return Stack(App(), "Small")


def function(stack: Stack, name: str, reserved: int | None = 10) -> WorkerFunction:
    return WorkerFunction(
        stack,
        name,
        code=Code.from_inline("def handle(event, context): pass"),
        handler="index.handle",
        timeout=Duration.seconds(60),
        description="Works",
        reserved=reserved,
    )


def test_numbers_that_do_not_fit_are_refused(small_stack: Stack) -> None:
    worker = function(small_stack, "Refused")
    work = WorkQueue(small_stack, "Work", handler_timeout=Duration.seconds(60))
    with pytest.raises(ValueError, match="concurrency 11 is not within 10 reserved"):
        worker.take_from(work, at_most=11)
    hasty = WorkQueue(small_stack, "Hasty", handler_timeout=Duration.seconds(59))
    with pytest.raises(ValueError, match="messages reappear before 6 timeouts are over"):
        worker.take_from(hasty)
    with pytest.raises(ValueError, match="would expire at once"):
        WorkQueue(small_stack, "Long", handler_timeout=Duration.seconds(60), retention=Duration.days(14))


def test_a_new_account_has_nothing_to_reserve(small_stack: Stack) -> None:
    worker = function(small_stack, "Unreserved", reserved=None)
    worker.take_from(WorkQueue(small_stack, "Other", handler_timeout=Duration.seconds(60)))


def test_a_time_can_start_a_function_as_an_event_can(small_stack: Stack) -> None:
    topic = Topic(small_stack, "Topic")
    rule = start_on_event(
        function(small_stack, "Timed"),
        "Hourly",
        on_call=OnCall(page=topic, ticket=topic),
        means="It did not run.",
        runbook="hourly",
        schedule=Schedule.cron(minute="30"),
    )
    assert rule.node.path == "Small/Timed/Hourly"
