"""The list of everything that was copied, as a chain: each link holds the hash of the one before it.

A link is `chain/<number>`, and numbers count *down* in the name, so that the newest link is the first in a listing.
Writers race for the next number with a conditional write; whoever loses looks again. What a chain cannot show is that
its newest links were cut off: therefore the number of the newest one is logged here (`chain grew`) and can be given to
`restore` as `--expect-link`.
"""

import hashlib
import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from aws_lambda_powertools import Logger

from services.drive import clock
from services.drive.limits import OFFSITE_HEAD_TRIES
from services.offsite import envelope
from services.offsite.envelope import DamagedError
from services.offsite.store import Store

logger = Logger(service="offsite")

LAST_NUMBER = 10**12
READERS = 16
"""Links read at the same time: a chain of 100 000 links is read in minutes instead of hours."""


class BusyError(Exception):
    """Other writers were faster each time; the message comes again."""


@dataclass(frozen=True)
class Entry:
    """One object in the offsite store and where it came from; `sha256` is that of the file's bytes."""

    kind: Literal["file", "catalogue"]
    bucket: str
    key: str
    version: str
    size: int
    sha256: str
    stored: str


@dataclass(frozen=True)
class Chain:
    """All entries in the order of their links, the newest link, and what is wrong with the chain, in sentences."""

    entries: list[Entry] = field(default_factory=list)
    newest: int = 0
    written_at: float = 0
    problems: list[str] = field(default_factory=list)


def append(store: Store, entries: Sequence[Entry]) -> int:
    """Add a link with these entries and return its number. Raises BusyError."""
    for _ in range(OFFSITE_HEAD_TRIES):
        newest = _newest(store)
        previous = hashlib.sha256(store.read_sealed(_name(newest))).hexdigest() if newest else ""
        link = {
            "number": newest + 1,
            "previous": previous,
            "at": clock.now(),
            "entries": [asdict(entry) for entry in entries],
        }
        if store.write_new(_name(newest + 1), json.dumps(link).encode()):
            logger.info("chain grew", link=newest + 1, entries=len(entries))
            return newest + 1
    message = f"no free link in {OFFSITE_HEAD_TRIES} tries"
    raise BusyError(message)


def read(store: Store) -> Chain:
    """Return the whole chain, with whatever can still be read of a broken one. Raises WrongKeyError."""
    newest = _newest(store)
    entries: list[Entry] = []
    problems: list[str] = []
    written_at, before = 0.0, ""
    with ThreadPoolExecutor(READERS) as pool:
        for number, found in enumerate(pool.map(lambda number: _link(store, number), range(1, newest + 1)), start=1):
            if isinstance(found, str):
                problems.append(f"link {number} of the chain is {found}")
                before = ""
                continue
            link, fingerprint = found
            if before and link["previous"] != before:
                problems.append(f"link {number} of the chain does not follow link {number - 1}")
            before, written_at = fingerprint, link["at"]
            entries.extend(Entry(**entry) for entry in link["entries"])
    return Chain(entries, newest, written_at, problems)


def _link(store: Store, number: int) -> tuple[dict[str, Any], str] | str:
    """Return a link and the hash of its stored form, or what is wrong with it."""
    try:
        sealed = store.read_sealed(_name(number))
        opened = b"".join(envelope.decrypt([sealed], store.key, _name(number)))
    except FileNotFoundError:
        return "missing"
    except DamagedError:
        return "damaged"
    return json.loads(opened), hashlib.sha256(sealed).hexdigest()


def _newest(store: Store) -> int:
    first = next(store.names("chain/", most=1), None)
    return LAST_NUMBER - int(first.removeprefix("chain/")) if first else 0


def _name(number: int) -> str:
    return f"chain/{LAST_NUMBER - number:012}"
