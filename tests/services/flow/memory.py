"""Records in memory, for tests that need ten thousand writes a second: moto makes some hundred.

Conditions are data, and are judged here by the code that also judges them beside DynamoDB (`records.meets`). The same
scenarios run on moto as well, which keeps this honest.
"""

import os
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.drive.records import Item, Key, Page, is_result_of, meets

Place = tuple[str, str, str]
REPLICATED = "drive"


@dataclass(frozen=True)
class Write:
    """A write on its way to the other region."""

    source: str
    target: str
    place: Place
    item: Item
    stamp: int


class MemoryRecords:
    """Has the functions of services.drive.records, of whatever region AWS_REGION names.

    Strong: one copy of the `drive` table. Eventual: a copy per region, which other regions' writes reach late, each
    item's latest write winning. Every other table belongs to its region.
    """

    def __init__(self, regions: Sequence[str], *, strong: bool) -> None:
        self.regions, self.strong = regions, strong
        self.under_way: list[Write] = []
        self.streams: dict[str, list[tuple[Item, Item]]] = {region: [] for region in regions}
        self._items: dict[str, dict[Place, Item]] = {region: {} for region in regions}
        self._stamps: dict[str, dict[Place, int]] = {region: defaultdict(int) for region in regions}
        self._clock = 0

    def get(self, table: str, item: Key, *, strong: bool = True) -> Item | None:  # noqa: ARG002
        found = self._here.get(_place(table, item))
        return dict(found) if found else None

    def insert(self, table: str, item: Item) -> bool:
        present = self._here.get(_place(table, item))
        if present is not None:
            return present == _stored(item)
        self._write(_place(table, item), _stored(item))
        return True

    def put(self, table: str, item: Item) -> None:
        self._write(_place(table, item), _stored(item))

    def change(
        self,
        table: str,
        item: Key,
        *,
        expect: Mapping[str, Any],
        put: Mapping[str, Any] | None = None,
        remove: Sequence[str] = (),
    ) -> Item | None:
        place = _place(table, item)
        present = self._here.get(place)
        if present is None:
            return None
        if not meets(present, expect):
            return dict(present) if is_result_of(present, expect, put or {}, remove) else None
        changed = {name: value for name, value in {**present, **(put or {})}.items() if name not in remove}
        self._write(place, _stored(changed))
        return changed

    def query(
        self,
        table: str,
        pk: str,
        *,
        prefix: str = "",
        limit: int = 100,
        after: Item | None = None,
        strong: bool = True,  # noqa: ARG002
        newest_first: bool = False,
    ) -> Page:
        found = [item for item in self.all(table) if item["pk"] == pk and item.get("sk", "").startswith(prefix)]
        return _page(sorted(found, key=lambda item: item["sk"], reverse=newest_first), limit, after)

    def query_index(
        self,
        table: str,
        index: str,  # noqa: ARG002
        attribute: str,
        value: str,
        *,
        before: int | None = None,
        limit: int = 100,
        after: Item | None = None,
    ) -> Page:
        found = [item for item in self.all(table) if item.get(attribute) == value]
        found = [item for item in found if before is None or item["accepted_at"] < before]
        return _page(sorted(found, key=lambda item: (item["accepted_at"], item["pk"])), limit, after)

    def all(self, table: str) -> list[Item]:
        """Return all items of a table as this region sees them."""
        return [dict(item) for place, item in self._here.items() if place[0] == table]

    def replicate(self, write: Write) -> None:
        """Let a write that is under way arrive: the latest write of an item wins, in whatever order they come."""
        self.under_way.remove(write)
        if write.stamp > self._stamps[write.target][write.place]:
            self._store(write.target, write.place, write.item, write.stamp)

    @property
    def _here(self) -> dict[Place, Item]:
        return self._items[os.environ["AWS_REGION"]]

    def _write(self, place: Place, item: Item) -> None:
        self._clock += 1
        here = os.environ["AWS_REGION"]
        self._store(here, place, item, self._clock)
        if place[0] != REPLICATED:
            return
        for other in self.regions:
            if other != here and self.strong:
                self._store(other, place, item, self._clock)
            elif other != here:
                self.under_way.append(Write(here, other, place, item, self._clock))

    def _store(self, region: str, place: Place, item: Item, stamp: int) -> None:
        before = self._items[region].get(place, {})
        self._items[region][place] = item
        self._stamps[region][place] = stamp
        if place[0] == REPLICATED:
            self.streams[region].append((before, item))


def _place(table: str, item: Mapping[str, Any]) -> Place:
    return table, item["pk"], item.get("sk", "")


def _stored(item: Item) -> Item:
    return {name: value for name, value in item.items() if value is not None}


def _page(items: list[Item], limit: int, after: Item | None) -> Page:
    """Cut a page; `after` holds the order of the last item, for it may have left the index since."""
    if after:
        items = [
            item for item in items if (item.get("accepted_at", 0), item["pk"]) > (after["accepted_at"], after["pk"])
        ]
    if len(items) <= limit:
        return Page(items)
    last = items[limit - 1]
    return Page(items[:limit], {"accepted_at": last.get("accepted_at", 0), "pk": last["pk"]})
