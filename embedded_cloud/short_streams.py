"""Tables' streams, whose records the emulator keeps for 24 hours, in memory: 14 kB an order.

Simulation: what every function has read is forgotten, but for the last records; AWS keeps it for those 24 hours. The
records of a lost region, whose functions stand still, stay until they were read.
"""

from collections.abc import Callable, Iterable

from embedded_cloud import pinned

KEPT = 1_000
"""Records of a stream, for whoever begins to read it later."""

SPARE = KEPT // 10
"""Forgotten so many at a time."""


def install() -> None:
    """Has the thread that hands records to functions forget them: no other one reads from a position."""
    pinned.present("services.dynamodb", "_stream_records", "_stream_trimmed")
    pinned.present("services.lambda_svc", "_esms", "_dynamodb_stream_positions")

    def polling(original: Callable[[], bool]) -> Callable[[], bool]:
        def poll() -> bool:
            advanced = original()
            if advanced:
                _forget()
            return advanced

        return poll

    pinned.replace("services.lambda_svc", "_poll_dynamodb_streams", "", polling)


def forgotten(count: int, trimmed: int, positions: Iterable[int]) -> int:
    """Return how many of a stream's `count` records can go, the first of which is the one at position `trimmed`."""
    spare = count - KEPT
    if spare < SPARE:
        return 0
    return max(0, min([spare, *(position - trimmed for position in positions)]))


def _forget() -> None:
    dynamodb, functions = pinned.module("services.dynamodb"), pinned.module("services.lambda_svc")
    for (account, region, table), records in list(dynamodb._stream_records.all_items()):
        trimmed = dynamodb._stream_trimmed.get_scoped(account, region, table, 0)
        known = functions._dynamodb_stream_positions
        positions = [
            known.get_scoped(account, region, mapping["UUID"], trimmed)
            # Not by way of what iterates over mappings: that leaves a lost region's out.
            for (owner, place, *_), mapping in list(functions._esms._data.items())
            if (owner, place) == (account, region) and f":table/{table}/stream/" in mapping.get("EventSourceArn", "")
        ]
        count = forgotten(len(records), trimmed, positions)
        if count:
            # In this order: who looks in between sees a record twice, not one too few.
            del records[:count]
            dynamodb._stream_trimmed.set_scoped(account, region, table, trimmed + count)
