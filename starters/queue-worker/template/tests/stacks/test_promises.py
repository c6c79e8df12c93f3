"""Every line of the stacks' docstrings that can be seen in the templates."""

import json

import pytest
from orders import limits

from app import application
from stacks.capacity import AT_A_TIME
from tests.stacks.written import REGIONS, SERVICE, Written

in_each_region = pytest.mark.parametrize("region", REGIONS)


def test_each_region_holds_a_copy_of_the_orders(written: Written) -> None:
    table = written.named("AWS::DynamoDB::GlobalTable", "TableName", "orders", REGIONS[0])

    assert [replica["Region"] for replica in table["Replicas"]] == REGIONS[1:] + REGIONS[:1]


def test_any_second_of_the_last_35_days_can_be_restored_and_no_copy_be_deleted_by_mistake(written: Written) -> None:
    [table] = written.resources("AWS::DynamoDB::GlobalTable", REGIONS[0])

    for replica in table["Properties"]["Replicas"]:
        recovery = replica["PointInTimeRecoverySpecification"]
        assert recovery == {"PointInTimeRecoveryEnabled": True, "RecoveryPeriodInDays": 35}
        assert replica["DeletionProtectionEnabled"]
    assert table["DeletionPolicy"] == table["UpdateReplacePolicy"] == "Retain"


@pytest.mark.parametrize("role", ["work", "sideline"])
@in_each_region
def test_a_poison_order_lies_in_the_dead_letters_for_longer_than_in_any_queue(
    written: Written, role: str, region: str
) -> None:
    queue, dead_letters = written.queue(role, region), written.queue(f"{role}-dead-letters", region)

    assert queue["RedrivePolicy"]["maxReceiveCount"] == limits.TRIES
    assert dead_letters["MessageRetentionPeriod"] == 14 * 24 * 3600 > queue["MessageRetentionPeriod"]


@in_each_region
def test_what_workers_may_do_at_a_time_is_what_the_wait_is_estimated_by(written: Written, region: str) -> None:
    accept = written.function("accept", region)

    assert accept["Environment"]["Variables"]["WORKERS"] == str(AT_A_TIME)
    assert accept["Environment"]["Variables"]["LONGEST_WAIT_SECONDS"] == str(limits.LONGEST_WAIT)


@in_each_region
def test_nobody_calls_accept_unsigned(written: Written, region: str) -> None:
    [url] = written.resources("AWS::Lambda::Url", region)

    assert url["Properties"]["AuthType"] == "AWS_IAM"


@in_each_region
def test_reconcile_runs_each_minute_and_its_silence_is_an_alarm(written: Written, region: str) -> None:
    schedule = written.named("AWS::Scheduler::Schedule", "Name", "reconcile", region)
    alarm = written.alarm("reconcile-silent", region)

    assert schedule["ScheduleExpression"] == "rate(1 minute)"
    assert alarm["TreatMissingData"] == "breaching"


@in_each_region
def test_every_role_does_only_its_own_work(written: Written, region: str) -> None:
    take = {"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility"}
    table = {"dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"}

    assert not (take | {"dynamodb:UpdateItem"}) & written.may("accept", region)
    assert written.may("work", region) >= take | table | {"sqs:SendMessage"}
    assert "sqs:SendMessage" not in written.may("sideline", region)
    assert not take & written.may("reconcile", region)


@in_each_region
def test_somebody_hears_every_alarm_and_is_told_what_to_read(written: Written, region: str) -> None:
    alarms = [alarm["Properties"] for alarm in written.resources("AWS::CloudWatch::Alarm", region)]
    for_people = [alarm for alarm in alarms if alarm.get("AlarmName", "").startswith(SERVICE)]

    assert len(for_people) >= 15
    for alarm in for_people:
        assert "README.md#runbook-" in alarm["AlarmDescription"]
        assert alarm["AlarmActions"] == alarm["OKActions"]


@in_each_region
def test_an_accepted_order_is_seen_to_be_late_before_the_promise_is_broken(written: Written, region: str) -> None:
    ticket, page = written.alarm("work-late-ticket", region), written.alarm("work-late-page", region)

    assert ticket["Threshold"] <= limits.LONGEST_WAIT < page["Threshold"] < limits.PROMISED


def test_what_is_accepted_is_begun_before_it_is_put_aside() -> None:
    assert limits.LONGEST_WAIT < limits.SIDELINE_AFTER < limits.PROMISED


def test_nothing_is_sent_again_that_is_only_tried_again() -> None:
    longest_pause = limits.RETRY_PAUSE * 2 ** (limits.TRIES - 2)

    assert longest_pause + limits.LEASE < limits.RESEND_AFTER
    assert limits.LEASE >= 3 * limits.HEARTBEAT


def test_no_stack_is_deleted_by_mistake_but_a_sandbox() -> None:
    app, sandbox = application(), application(disposable="true")

    assert all(artifact.termination_protection for artifact in app.synth().stacks)
    for artifact in sandbox.synth().stacks:
        assert not artifact.termination_protection
        assert '"Retain"' not in json.dumps(artifact.template)
