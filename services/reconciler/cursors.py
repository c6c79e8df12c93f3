"""Where a run stopped, so that orders which need nothing cannot keep it from ever reaching those behind them.

A cursor is derived: without it a run starts with the oldest order again.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from services.drive import clock, records
from services.drive.environment import here
from services.drive.limits import CURSOR_LIFE, scaled
from services.drive.records import Item, key


@dataclass
class Cursor:
    """Where to go on; None is the beginning."""

    after: Item | None = None


@contextmanager
def kept(name: str) -> Iterator[Cursor]:
    """Yield the cursor of this name, and keep what it is set to."""
    place = key(f"CURSOR#{here.aws_region}", name)
    found = (records.get(here.pace_table, place) or {}).get("after")
    cursor = Cursor(found)
    yield cursor
    if cursor.after != found:
        expires_at = int(clock.now() + scaled(CURSOR_LIFE))
        records.put(here.pace_table, {**place, "after": cursor.after, "expires_at": expires_at})
