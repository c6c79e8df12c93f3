from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.drive import messages
from services.drive.messages import MalformedMessage, Notice, NoticeMessage, OrderMessage, PublishedMessage

pytestmark = pytest.mark.usefixtures("cloud")


@pytest.mark.parametrize(
    ("kind", "sidelined", "queue"),
    [
        ("purchase", False, "deliver"),
        ("purchase", True, "deliver-sideline"),
        ("bundle", False, "bundle"),
        ("bundle", True, "bundle-sideline"),
    ],
)
def test_an_order_goes_to_the_queue_of_its_kind(cloud: Any, kind: str, queue: str, *, sidelined: bool) -> None:
    message = OrderMessage(kind, "content", "user", 17, "order", sidelined)
    messages.send_order(message)
    (record,) = cloud.take(queue)["Records"]
    assert messages.parse_order(record["body"]) == message
    assert record["attributes"]["MessageGroupId"] == "user"


@pytest.mark.parametrize("after", [None, {"pk": "ORDER#1", "accepted_at": 17}])
def test_the_notifier_s_messages_arrive_as_they_were_sent(cloud: Any, after: Any) -> None:
    sent = [NoticeMessage(Notice.DELAYED, "order"), PublishedMessage("f" * 64, 3, after)]
    messages.send_notice(sent[0], user="user")  # type: ignore[arg-type]
    messages.send_published(sent[1])  # type: ignore[arg-type]
    assert [messages.parse_notice(record["body"]) for record in cloud.take("notify")["Records"]] == sent


@given(st.one_of(st.text(), st.sampled_from(["[]", "null", '{"kind": "purchase"}', '{"notice": "x"}', '{"a": 1}'])))
def test_what_is_no_message_of_ours_is_refused(body: str) -> None:
    with pytest.raises(MalformedMessage):
        messages.parse_order(body)
    with pytest.raises(MalformedMessage):
        messages.parse_notice(body)


def test_waiting_messages_are_counted(cloud: Any) -> None:
    for _ in range(3):
        messages.send_order(OrderMessage("purchase", "content", "user", 17))
    assert messages.visible(cloud.queue_url("deliver")) == 3


def test_an_age_counts_from_the_order_not_from_the_sending(time: Any) -> None:
    message = OrderMessage("purchase", "content", "user", int(time.now * 1000))
    assert not message.is_old
    time.advance(301)
    assert message.age == 301
    assert message.is_old
