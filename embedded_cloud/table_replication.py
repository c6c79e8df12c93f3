"""DynamoDB's global tables: puts and deletes, and the receiving table's stream when a write arrives there.

Last writer wins, by the time of the write. See replication.py for what is simulated.
"""

import copy
import time
from collections.abc import Callable
from typing import Any

from embedded_cloud import pinned
from embedded_cloud.replication import Replication


class TableReplication:
    """Global tables: puts and deletes, and the receiving table's stream, when a write arrives."""

    def __init__(self, replication: Replication) -> None:
        self._replication = replication
        self._written: dict[tuple[str, str, Any, Any], float] = {}
        self._tables: Any = None
        self._responses: Any = None

    def install(self) -> None:
        dynamodb = self._tables = pinned.module("services.dynamodb")
        self._responses = pinned.module("core.responses")
        pinned.present("services.dynamodb", "_tables", "_extract_key_val")
        for name, parameters in (
            ("_set_item", "table pk_val sk_val item"),
            ("_remove_item", "table pk_val sk_val"),
            ("_emit_stream_event", "table_name event_name old_item new_item replicate"),
            ("_replica_group", "table"),
        ):
            pinned.original("services.dynamodb", name, parameters)
        pinned.original("core.responses", "request_scope", "account_id region")
        pinned.replace("services.dynamodb", "_replicate_write", "table event_name old_item new_item", self._replacement)
        self._regions_of = dynamodb._replica_group

    def _replacement(self, _original: Callable[..., Any]) -> Callable[..., Any]:
        def replicate(table: Any, event_name: str, old_item: Any, new_item: Any) -> None:  # noqa: ARG001 - ministack's
            regions = self._regions_of(table)
            if not regions:
                return
            home, account = self._responses.get_region(), self._responses.get_account_id()
            item, now = new_item if new_item is not None else old_item, time.time()
            kept = copy.deepcopy(new_item)
            self._remember(home, table, item, now)
            for region in regions:
                if region != home:
                    self._send(table["TableName"], account, home, region, (item, kept, now))

        return replicate

    def _send(self, name: str, account: str, home: str, region: str, write: tuple[Any, Any, float]) -> None:
        item, kept, written_at = write

        def apply() -> None:
            with self._responses.request_scope(account, region):
                self._arrive(name, region, item, kept, written_at)

        self._replication.submit("dynamodb", home, region, apply)

    def _arrive(self, name: str, region: str, item: Any, new_item: Any, written_at: float) -> None:
        dynamodb = self._tables
        table = dynamodb._tables.get(name)
        if table is None:
            return
        partition, sort = key = self._key(table, item)
        if self._written.get((region, name, *key), 0.0) > written_at:
            self._replication.counters["dynamodb"].outdated += 1
            return
        self._remember(region, table, item, written_at)
        previous = table["items"].get(partition, {}).get(sort)
        if new_item is None:
            dynamodb._remove_item(table, partition, sort)
            event = "REMOVE"
        else:
            dynamodb._set_item(table, partition, sort, copy.deepcopy(new_item))
            event = "INSERT" if previous is None else "MODIFY"
        if new_item is not None or previous is not None:
            dynamodb._emit_stream_event(name, event, previous, copy.deepcopy(new_item), replicate=False)

    def _remember(self, region: str, table: Any, item: Any, written_at: float) -> None:
        if self._replication.in_transit():
            self._written[(region, table["TableName"], *self._key(table, item))] = written_at
        elif self._written:
            self._written.clear()  # the regions agree: no earlier write is still on its way

    def _key(self, table: Any, item: Any) -> tuple[Any, Any]:
        value = self._tables._extract_key_val
        sort = table["sk_name"]
        return value(item.get(table["pk_name"])), value(item.get(sort)) if sort else "__no_sort__"
