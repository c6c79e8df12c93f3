from collections.abc import Sequence
from typing import Any

import pytest

from services.drive import aws
from services.drive.limits import CONFIRM_WITHIN
from services.restore_validator import handler, record
from services.restore_validator.expectations import newest_before
from services.status import subscribers
from tests.services.restore_validator.test_restores import Context

LIST = [f"{number}@example.com" for number in range(40)]


@pytest.fixture
def on_the_list(backup: Any, now: list[float]) -> Any:
    """Forty subscribers, one who has not confirmed yet, and the claim of a mail, all of it written down."""
    for email in LIST:
        subscribers.add(email)
    subscribers.ask("pending@example.com")
    claim = {"pk": {"S": "SENT#1"}, "sk": {"S": "0"}, "expires_at": {"N": str(int(now[0]) + CONFIRM_WITHIN)}}
    aws.client("dynamodb").put_item(TableName="subscribers", Item=claim)
    record.handle({}, Context())
    return backup


def _leave(emails: Sequence[str]) -> None:
    for subscriber in subscribers.page(None, 100).confirmed:
        if subscriber.email in emails:
            subscribers.end(subscriber.id, subscriber.token)


def _back_up(now: list[float], *, lost: Sequence[str] = ()) -> None:
    """Restore what is in the table an hour after it was written down, without what is `lost` on the way."""
    now[0] += 3600
    client = aws.client("dynamodb")
    for item in client.scan(TableName="subscribers")["Items"]:
        if item.get("email", {}).get("S") not in lost:
            client.put_item(TableName="restored-subscribers", Item=item)


def _judge(backup: Any, now: list[float]) -> tuple[str, str]:
    """Look at the restore days later, as restore tests do."""
    event = backup.restored("job", "DynamoDB", "subscribers", "restored-subscribers")
    now[0] += 5 * 24 * 3600
    handler.handle(event, Context())
    verdict: tuple[str, str] = backup.verdicts["job"]
    return verdict


def test_a_list_that_came_back_whole_is_successful(on_the_list: Any, now: list[float]) -> None:
    _back_up(now)
    assert _judge(on_the_list, now)[0] == "SUCCESSFUL"


@pytest.mark.usefixtures("on_the_list")
def test_only_who_confirmed_is_counted_and_compared(now: list[float]) -> None:
    written = newest_before("table", "subscribers", int(now[0] * 1000) + 1)
    assert written
    assert written.count == len(written.samples) == len(LIST)


def test_what_expired_before_the_backup_is_not_missed(on_the_list: Any, now: list[float]) -> None:
    client = aws.client("dynamodb")
    for item in client.scan(TableName="subscribers")["Items"]:
        if "expires_at" in item:
            client.delete_item(TableName="subscribers", Key={"pk": item["pk"], "sk": item["sk"]})
    _back_up(now)
    assert _judge(on_the_list, now)[0] == "SUCCESSFUL"


@pytest.mark.parametrize("leaving", [1, 2])
def test_who_unsubscribed_before_the_backup_is_not_missed(on_the_list: Any, now: list[float], leaving: int) -> None:
    _leave(LIST[:leaving])
    _back_up(now)
    assert _judge(on_the_list, now) == ("SUCCESSFUL", "as written down before the backup")


def test_who_unsubscribed_after_the_backup_is_in_it(on_the_list: Any, now: list[float]) -> None:
    _back_up(now)
    _leave(LIST[:30])
    assert _judge(on_the_list, now)[0] == "SUCCESSFUL"


def test_who_left_and_came_back_before_the_backup_is_not_missed(on_the_list: Any, now: list[float]) -> None:
    _leave(LIST[:1])
    subscribers.ask(LIST[0])
    _back_up(now)
    assert _judge(on_the_list, now)[0] == "SUCCESSFUL"


def test_a_restore_that_lost_the_list_is_failed(on_the_list: Any, now: list[float]) -> None:
    _back_up(now, lost=LIST)
    status, reason = _judge(on_the_list, now)
    assert (status, reason.startswith("0 items restored, at least 38 expected")) == ("FAILED", True)


def test_one_subscriber_who_is_lost_and_did_not_leave_is_enough_to_fail(on_the_list: Any, now: list[float]) -> None:
    _back_up(now, lost=LIST[:1])
    status, reason = _judge(on_the_list, now)
    name = subscribers.identity(LIST[0])
    assert (status, reason) == ("FAILED", f"item SUBSCRIBER {name} is missing")


def test_a_list_that_was_emptied_before_the_backup_is_failed(on_the_list: Any, now: list[float]) -> None:
    _leave(LIST)
    _back_up(now)
    status, reason = _judge(on_the_list, now)
    assert (status, "40 of 40 samples were deleted before the backup" in reason) == ("FAILED", True)


def test_an_altered_address_is_failed(on_the_list: Any, now: list[float]) -> None:
    _back_up(now)
    aws.client("dynamodb").update_item(
        TableName="restored-subscribers",
        Key={"pk": {"S": "SUBSCRIBER"}, "sk": {"S": subscribers.identity(LIST[0])}},
        UpdateExpression="SET email = :other",
        ExpressionAttributeValues={":other": {"S": "thief@example.com"}},
    )
    status, reason = _judge(on_the_list, now)
    assert (status, reason.endswith("differs")) == ("FAILED", True)


def test_an_empty_list_is_restored_well(backup: Any, now: list[float]) -> None:
    subscribers.ask("pending@example.com")
    record.handle({}, Context())
    _back_up(now)
    assert _judge(backup, now)[0] == "SUCCESSFUL"
