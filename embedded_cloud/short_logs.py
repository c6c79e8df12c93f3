"""Functions' logs, of which the emulator would keep every line in memory: 20 kB an order, 200 MB for ten thousand.

Simulation: of each log group the streams of the last invocations stay, where AWS keeps all until their retention is
over. Ministack gives each invocation a stream of its own.
"""

from collections.abc import Callable
from typing import Any

from embedded_cloud import pinned

KEPT = 1_000
"""Streams of a group: more than any drill reads back."""

SPARE = KEPT // 10
"""Forgotten so many at a time, since each time costs a walk over all."""


def install() -> None:
    """Has each invocation forget the oldest ones of its function."""
    pinned.present("services.cloudwatch_logs", "_log_groups")
    groups = pinned.module("services.cloudwatch_logs")._log_groups

    def emitting(original: Callable[..., Any]) -> Callable[..., Any]:
        def emit(func: Any, *given: Any, **named: Any) -> None:
            original(func, *given, **named)
            config = func.get("config") or func
            name = (config.get("LoggingConfig") or {}).get("LogGroup") or f"/aws/lambda/{config.get('FunctionName')}"
            forget_oldest(groups.get(name, {}).get("streams", {}))

        return emit

    signature = "func request_id log_text error duration_ms log_source"
    pinned.replace("services.lambda_svc", "_emit_lambda_logs", signature, emitting)


def forget_oldest(streams: dict[str, Any]) -> None:
    """Leave KEPT of the streams, which are in the order of their creation, once there are SPARE more."""
    if len(streams) <= KEPT + SPARE:
        return
    for name in list(streams)[:-KEPT]:  # a copy: other invocations add to it meanwhile
        streams.pop(name, None)
