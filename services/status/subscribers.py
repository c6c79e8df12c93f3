"""Who wants to be told. The list is written in the observer's region only and knows an address and nothing else.

Copies are in both data regions, where it is backed up and restored as a test (services/restore_validator).

Table SUBSCRIBERS_TABLE (pk, sk, TTL attribute `expires_at`):
    SUBSCRIBER / <id>: {email, state PENDING|CONFIRMED, token, asked_at}    PENDING expires after a week
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from typing import Any

from services.drive import clock, records
from services.drive.environment import here
from services.drive.limits import CONFIRM_AGAIN_AFTER, CONFIRM_WITHIN
from services.drive.records import Item, key

PARTITION = "SUBSCRIBER"


@dataclass(frozen=True)
class Subscriber:
    """Somebody who wants messages; whoever knows the token may end that."""

    id: str
    email: str
    token: str

    def url(self, action: str) -> str:
        """Return the address under which this subscriber confirms or ends the subscription."""
        return f"{here.subscribe_url.rstrip('/')}/{action}?s={self.id}&t={self.token}"


@dataclass(frozen=True)
class Subscribers:
    """A page of the list; `after` is where the next one starts, None after the last."""

    confirmed: list[Subscriber]
    after: Item | None


def identity(email: str) -> str:
    """Return the id of an address, however it is capitalised."""
    return hashlib.sha256(email.strip().lower().encode()).hexdigest()[:32]


def ask(email: str) -> Subscriber | None:
    """Note that somebody asked for messages; return whom to ask back, None where that was done within the hour.

    The limit keeps our form from being used to flood somebody's mailbox.
    """
    now = clock.now()
    wanted = Subscriber(identity(email), email.strip(), secrets.token_urlsafe(24))
    values = {"email": wanted.email, "state": "PENDING", "token": wanted.token, "asked_at": int(now)}
    expiring = {**values, "expires_at": int(now + CONFIRM_WITHIN)}
    if records.insert(here.subscribers_table, {**_key(wanted.id), **expiring}):
        return wanted
    earlier = records.Below(int(now - CONFIRM_AGAIN_AFTER))
    expected = {"state": "PENDING", "asked_at": earlier}
    asked_again = records.change(here.subscribers_table, _key(wanted.id), expect=expected, put=expiring)
    return wanted if asked_again else None


def confirm(subscriber: str, token: str) -> bool:
    """Put somebody on the list; return False where id and token are not ours."""
    if not _knows(subscriber, token):
        return False
    changed = records.change(
        here.subscribers_table,
        _key(subscriber),
        expect={"token": token},
        put={"state": "CONFIRMED"},
        remove=["expires_at"],
    )
    return changed is not None


def add(email: str) -> None:
    """Put somebody on the list who agreed elsewhere; changes nothing for those who are on it."""
    token = secrets.token_urlsafe(24)
    item = {"email": email.strip(), "state": "CONFIRMED", "token": token, "asked_at": int(clock.now())}
    records.insert(here.subscribers_table, {**_key(identity(email)), **item})


def end(subscriber: str, token: str) -> None:
    """Take somebody off the list, address and all. Whoever is not on it, or has no token, changes nothing."""
    if _knows(subscriber, token):
        records.delete(here.subscribers_table, _key(subscriber), expect={"token": token})


def page(after: Item | None, size: int) -> Subscribers:
    """Return the next of the list; of `size` subscribers those who confirmed."""
    found = records.query(here.subscribers_table, PARTITION, limit=size, after=after)
    confirmed = [_read(item) for item in found.items if item["state"] == "CONFIRMED"]
    return Subscribers(confirmed, found.after)


def _knows(subscriber: str, token: str) -> bool:
    item = records.get(here.subscribers_table, _key(subscriber)) if subscriber else None
    return item is not None and hmac.compare_digest(item["token"].encode(), token.encode())


def _read(item: dict[str, Any]) -> Subscriber:
    return Subscriber(item["sk"], item["email"], item["token"])


def _key(subscriber: str) -> dict[str, str]:
    return dict(key(PARTITION, subscriber))
