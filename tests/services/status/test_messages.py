from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError
from moto.core import DEFAULT_ACCOUNT_ID
from moto.ses.models import ses_backends

from services.drive import aws
from services.drive.environment import here
from services.drive.limits import FIRST_MESSAGE_WITHIN, MAIL_CLAIM, MAILS_A_SECOND
from services.status import __main__ as command
from services.status import announce, mail, sending, subscribers
from services.status.announce import NothingToAnnounceError
from services.status.sending import NotAllSentError

SUBSCRIBERS = 12
PAGE = 5
INCIDENT = "2026-11-27-uploads"


def _mails() -> list[Any]:
    return list(ses_backends[DEFAULT_ACCOUNT_ID]["eu-west-1"].sent_messages)


def _receivers() -> list[str]:
    return [sent.destinations["ToAddresses"][0] for sent in _mails()]


@pytest.fixture
def incident(observer: Any) -> Any:
    command.main(["open", INCIDENT, "degraded", "Uploads fail for some", "We look for the cause."])
    return observer


@pytest.fixture
def crowd(incident: Any, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    assert incident
    monkeypatch.setattr(sending, "MAILS_A_PAGE", PAGE)
    addresses = [f"someone{number}@example.com" for number in range(SUBSCRIBERS)]
    for address in addresses:
        subscribers.add(address)
    return addresses


def _queue() -> Any:
    return here.announce_queue_url


def _work(again: bool = False) -> dict[str, Any]:
    """Hand all waiting messages to the function as Lambda does, each one twice if `again`; return its last answer."""
    answer: dict[str, Any] = {}
    sqs = aws.client("sqs")
    while messages := sqs.receive_message(QueueUrl=_queue(), MaxNumberOfMessages=1).get("Messages"):
        (message,) = messages
        event = {"Records": [{"messageId": "m", "body": message["Body"], "eventSource": "aws:sqs"}]}
        for _ in range(2 if again else 1):
            answer = sending.handle(event, None)
        sqs.delete_message(QueueUrl=_queue(), ReceiptHandle=message["ReceiptHandle"])
    return answer


def test_every_subscriber_gets_the_message_once(crowd: list[str]) -> None:
    announce.handle({"incident": INCIDENT, "message": "first"}, None)
    _work()
    assert sorted(_receivers()) == sorted(crowd)


def test_every_event_twice_and_asking_again_sends_no_second_mail(crowd: list[str]) -> None:
    for _ in range(2):
        announce.handle({"incident": INCIDENT}, None)
        _work(again=True)
    assert sorted(_receivers()) == sorted(crowd)


def test_a_page_that_comes_again_starts_no_second_chain(crowd: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[Any] = []
    monkeypatch.setattr(sending, "enqueue", lambda _, after: started.append(after["sk"]))
    name = announce.announce(INCIDENT, "first")
    for _ in range(3):
        sending.send_page(name, None)
    assert len(started) == 1
    assert len(_mails()) == PAGE < len(crowd)


def test_the_first_message_keeps_to_the_rate_and_reaches_twelve_thousand_in_time(
    crowd: list[str], incident: Any
) -> None:
    began = incident.now
    announce.handle({"incident": INCIDENT}, None)
    _work()
    assert incident.now - began == pytest.approx(len(crowd) / MAILS_A_SECOND)
    assert FIRST_MESSAGE_WITHIN * MAILS_A_SECOND >= 12_000


def test_a_message_carries_the_words_the_status_page_and_the_way_out(crowd: list[str]) -> None:
    announce.handle({"incident": INCIDENT}, None)
    _work()
    sent = _mails()[0]
    assert sent.subject == "Uploads fail for some"
    for part in (
        "We look for the cause.",
        "https://status.example.net/",
        "https://subscribe.example.net/unsubscribe?s=",
    ):
        assert part in sent.body
    assert crowd


def test_mail_programs_get_a_button_to_unsubscribe(crowd: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(aws.client("sesv2"), "send_email", lambda **request: asked.append(request))
    announce.handle({"incident": INCIDENT}, None)
    _work()
    headers = {header["Name"]: header["Value"] for header in asked[0]["Content"]["Simple"]["Headers"]}
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert headers["List-Unsubscribe"].startswith("<https://subscribe.example.net/unsubscribe?s=")
    assert len(asked) == len(crowd)


def test_a_throttled_mail_is_sent_later_and_the_others_now(crowd: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    real = mail.send
    refused: list[str] = []

    def throttled(to: str, *rest: Any, **more: Any) -> None:
        if to == crowd[7] and not refused:
            refused.append(to)
            raise ClientError({"Error": {"Code": "TooManyRequestsException"}}, "SendEmail")
        real(to, *rest, **more)

    monkeypatch.setattr(mail, "send", throttled)
    name = announce.announce(INCIDENT, "first")
    with pytest.raises(NotAllSentError):
        _send_all(name)
    assert len(_receivers()) == len(crowd) - 1
    _send_all(name)
    assert sorted(_receivers()) == sorted(crowd)


def _send_all(name: str) -> None:
    after = None
    failed = None
    while True:
        try:
            sending.send_page(name, after)
        except NotAllSentError as error:
            failed = error
        after = subscribers.page(after, PAGE).after
        if after is None:
            break
    if failed:
        raise failed


def test_an_address_that_is_refused_for_good_holds_up_nobody(crowd: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    real = mail.send

    def refusing(to: str, *rest: Any, **more: Any) -> None:
        if to == crowd[7]:
            raise ClientError({"Error": {"Code": "MessageRejected"}}, "SendEmail")
        real(to, *rest, **more)

    monkeypatch.setattr(mail, "send", refusing)
    announce.handle({"incident": INCIDENT}, None)
    assert _work() == {"batchItemFailures": []}
    assert sorted(_receivers()) == sorted(set(crowd) - {crowd[7]})


def test_a_sender_that_dies_with_a_claim_leaves_no_mail_unsent(
    crowd: list[str], incident: Any, monkeypatch: Any
) -> None:
    name = announce.announce(INCIDENT, "first")
    with monkeypatch.context() as dying:
        dying.setattr(mail, "send", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            sending.send_page(name, None)
    incident.now += MAIL_CLAIM + 1
    _send_all(name)
    assert sorted(_receivers()) == sorted(crowd)


def test_a_mail_about_which_ses_does_not_answer_holds_up_nobody(
    crowd: list[str], incident: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = mail.send

    def silent(to: str, *rest: Any, **more: Any) -> None:
        if to == crowd[7]:
            raise ReadTimeoutError(endpoint_url="https://email.example")
        real(to, *rest, **more)

    name = announce.announce(INCIDENT, "first")
    with monkeypatch.context() as cut_off:
        cut_off.setattr(mail, "send", silent)
        with pytest.raises(NotAllSentError):
            _send_all(name)
    assert sorted(_receivers()) == sorted(set(crowd) - {crowd[7]})
    incident.now += MAIL_CLAIM + 1
    _send_all(name)
    assert sorted(_receivers()) == sorted(crowd)


def test_what_was_announced_is_not_changed_by_a_later_edit(crowd: list[str]) -> None:
    announce.handle({"incident": INCIDENT}, None)
    command.main(["update", "identified", "Other words."])
    announce.handle({"incident": INCIDENT}, None)
    _work()
    assert {sent.body.splitlines()[0] for sent in _mails()} == {"We look for the cause."}
    assert len(_mails()) == len(crowd)


def test_each_update_is_an_announcement_of_its_own(incident: Any) -> None:
    subscribers.add("someone@example.com")
    for words in ("We know the cause.", "It is being repaired."):
        command.main(["update", "identified", words])
        command.main(["announce", "update"])
    command.main(["resolve", "Repaired."])
    command.main(["announce", "resolved"])
    _work()
    assert [sent.subject for sent in _mails()] == ["Update: Uploads fail for some"] * 2 + [
        "Solved: Uploads fail for some"
    ]
    assert incident


@pytest.mark.usefixtures("incident")
@pytest.mark.parametrize("event", [{"incident": "other"}, {"incident": INCIDENT, "message": "shout"}, {}])
def test_what_is_not_written_down_is_not_announced(event: dict[str, str]) -> None:
    with pytest.raises(NothingToAnnounceError):
        announce.handle(event, None)


def test_every_message_begins_with_its_subject_and_ends_with_the_way_out() -> None:
    for path in sorted(mail.TEXTS.iterdir()):
        text = path.read_text("utf-8")
        assert text.startswith("Subject: ")
        assert "$unsubscribe_url" in text.splitlines()[-1] or path.stem == "confirm"
    assert {path.stem for path in mail.TEXTS.iterdir()} == {*announce.MESSAGES, "confirm"}


def test_a_title_cannot_add_headers_to_a_mail() -> None:
    subject, _ = mail.render("first", title="a\r\nBcc: x@y.z", text="", status_url="", unsubscribe_url="")
    assert "\n" not in subject
