import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from moto.core import DEFAULT_ACCOUNT_ID
from moto.ses.models import ses_backends

from services.drive import records
from services.status import subscribers, subscriptions


def _mails() -> list[Any]:
    return list(ses_backends[DEFAULT_ACCOUNT_ID]["eu-west-1"].sent_messages)


def _request(method: str, path: str, query: dict[str, str] | None = None, body: str = "") -> dict[str, Any]:
    http = {"method": method, "path": path}
    event = {"requestContext": {"http": http}, "queryStringParameters": query or {}, "body": body}
    return subscriptions.handle(event, None)


def _link(text: str) -> tuple[str, dict[str, str]]:
    link = urlsplit(re.findall(r"https://subscribe\S+", text)[0])
    return link.path, {name: values[0] for name, values in parse_qs(link.query).items()}


def _list() -> list[str]:
    return [subscriber.email for subscriber in subscribers.page(None, 100).confirmed]


@pytest.mark.usefixtures("observer")
def test_somebody_is_on_the_list_only_after_saying_so_from_the_mailbox() -> None:
    assert _request("POST", "/subscribe", body="email=Someone%40example.com")["statusCode"] == 200
    assert _list() == []
    path, query = _link(_mails()[0].body)
    assert _request("GET", path, query)["statusCode"] == 200
    assert _list() == []
    assert _request("POST", path, query)["statusCode"] == 200
    assert _list() == ["Someone@example.com"]


@pytest.mark.usefixtures("observer")
def test_unsubscribing_is_one_post_that_can_be_repeated_and_forgets_the_address() -> None:
    subscribers.add("someone@example.com")
    (someone,) = subscribers.page(None, 100).confirmed
    path, query = _link(someone.url("unsubscribe"))
    assert _request("GET", path, query)["statusCode"] == 200
    assert _list() == ["someone@example.com"]
    for _ in range(2):
        assert _request("POST", path, query, "List-Unsubscribe=One-Click")["statusCode"] == 200
    assert records.get("subscribers", {"pk": "SUBSCRIBER", "sk": someone.id}) is None


@pytest.mark.usefixtures("observer")
def test_nobody_unsubscribes_somebody_else() -> None:
    subscribers.add("someone@example.com")
    identity = subscribers.identity("someone@example.com")
    for query in ({"s": identity, "t": "guessed"}, {"s": identity}, {"t": "x"}, {}):
        _request("POST", "/unsubscribe", query)
    assert _list() == ["someone@example.com"]


def test_the_form_cannot_be_used_to_flood_a_mailbox(observer: Any) -> None:
    for _ in range(5):
        _request("POST", "/subscribe", body="email=someone%40example.com")
    assert len(_mails()) == 1
    observer.now += 3601
    _request("POST", "/subscribe", body="email=SOMEONE%40example.com")
    assert len(_mails()) == 2


@pytest.mark.usefixtures("observer")
def test_the_form_says_nothing_about_who_is_on_the_list() -> None:
    subscribers.add("someone@example.com")
    known = _request("POST", "/subscribe", body="email=someone%40example.com")
    assert known == _request("POST", "/subscribe", body="email=other%40example.com")
    assert len(_mails()) == 1


@pytest.mark.usefixtures("observer")
@pytest.mark.parametrize(
    "body", ["", "email=", "email=a", "email=a%40b%0d%0aBcc%3ax%40y.z", "email=" + "a" * 3000, "%ff"]
)
def test_what_is_not_an_address_is_refused_and_leaves_nothing(body: str) -> None:
    assert _request("POST", "/subscribe", body=body)["statusCode"] == 400
    assert records.query("subscribers", "SUBSCRIBER").items == []


@pytest.mark.usefixtures("observer")
@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/subscribe", 405), ("GET", "/", 404), ("POST", "/x", 404)]
)
def test_other_addresses_hold_nothing(method: str, path: str, status: int) -> None:
    assert _request(method, path)["statusCode"] == status
