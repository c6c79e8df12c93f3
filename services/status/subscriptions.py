"""Subscribe, confirm, unsubscribe: what the forms of the status page and the mails point to.

Only POST changes anything: mail programs and scanners open links by themselves. Every answer about an address is the
same whether it is on the list or not.

Environment: AWS_REGION, STATUS_URL, SUBSCRIBE_URL, SUBSCRIBERS_TABLE, SENDER.
"""

import base64
import re
from collections.abc import Mapping
from html import escape
from typing import Any
from urllib.parse import parse_qs, urlencode

from services.drive.environment import here
from services.status import mail, subscribers

LONGEST_BODY = 2048
"""Bytes; the form sends one address."""
_EMAIL = re.compile(r"[^\s@<>\"',;:]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})+")

ASKED = "Thank you. If that is an address, there is now a message in its mailbox with a question to answer."
QUESTIONS = {
    "confirm": ("Be told about problems with the drive?", "Yes, tell me"),
    "unsubscribe": ("No more messages about problems with the drive?", "Yes, stop them"),
}


def handle(event: Mapping[str, Any], _context: Any) -> dict[str, Any]:
    """Answer one request of the HTTP API (payload version 2)."""
    http = event["requestContext"]["http"]
    action, method = http["path"].strip("/"), http["method"]
    query = event.get("queryStringParameters") or {}
    if action in QUESTIONS and method in {"GET", "HEAD"}:
        return _page(200, *_question(action, query))
    if method != "POST":
        return _page(405 if action in {*QUESTIONS, "subscribe"} else 404, "There is nothing here.")
    if action == "subscribe":
        return _subscribe(_form(event))
    if action == "confirm":
        known = subscribers.confirm(query.get("s", ""), query.get("t", ""))
        return _page(200, "You will be told.") if known else _page(404, "This link is too old. Please ask again.")
    if action == "unsubscribe":
        subscribers.end(query.get("s", ""), query.get("t", ""))
        return _page(200, "There will be no more messages.")
    return _page(404, "There is nothing here.")


def _subscribe(form: Mapping[str, list[str]]) -> dict[str, Any]:
    email = form.get("email", [""])[0].strip()
    if not _EMAIL.fullmatch(email):
        return _page(400, "That is not a mail address.")
    if asked := subscribers.ask(email):
        mail.send(asked.email, *mail.render("confirm", confirm_url=asked.url("confirm")))
    return _page(200, ASKED)


def _form(event: Mapping[str, Any]) -> dict[str, list[str]]:
    body = event.get("body") or ""
    if len(body) > LONGEST_BODY:
        return {}
    raw = base64.b64decode(body) if event.get("isBase64Encoded") else body.encode()
    return parse_qs(raw.decode("utf-8", "replace"))


def _question(action: str, query: Mapping[str, str]) -> tuple[str, str]:
    question, yes = QUESTIONS[action]
    target = urlencode({"s": query.get("s", ""), "t": query.get("t", "")})
    return question, f'<form method="post" action="?{escape(target)}"><button>{yes}</button></form>'


def _page(status: int, sentence: str, form: str = "") -> dict[str, Any]:
    body = (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"/>'
        '<meta name="viewport" content="width=device-width, initial-scale=1"/>'
        f"<title>{escape(sentence)}</title></head><body><main><h1>{escape(sentence)}</h1>{form}"
        f'<p><a href="{escape(here.status_url)}">Status of the drive</a></p></main></body></html>'
    )
    headers = {
        "content-type": "text/html; charset=utf-8",
        "cache-control": "no-store",
        "content-security-policy": "default-src 'none'; form-action 'self'",
        "referrer-policy": "no-referrer",  # the address holds the token
    }
    return {"statusCode": status, "headers": headers, "body": body}
