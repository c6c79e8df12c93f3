"""Schedules at the drill's pace: `rate(1 minute)` fires each minute / time_scale, in regions that are up.

Templates cannot say less than a minute, so they are deployed unchanged and the clock is simulated here. A run that has
not ended holds back the next ones of its schedule: at most as many run at once as the function's reserved concurrency
allows, one when it reserves none. What a region misses while it is down is missed, not made up for.
"""

import threading
from collections.abc import Callable
from typing import Any

from embedded_cloud import pinned
from embedded_cloud.outages import Outages

_LOOKS_PER_MINUTE = 30


class Schedules:
    """EventBridge Scheduler and scheduled rules: when they fire, and how many runs at once."""

    def __init__(self, time_scale: float, outages: Outages) -> None:
        self._time_scale = time_scale
        self._outages = outages
        self._sweep = threading.local()
        self.fired = 0
        self.held_back = 0

    def install(self) -> None:
        """Divides every rate by the time scale; a schedule whose function still runs is held back."""
        pinned.present("services.scheduler", "_SCHEDULE_TICK_INTERVAL", "_ticker_loop")
        pinned.present("services.eventbridge", "_SCHEDULER_TICK_INTERVAL", "_scheduler_loop")
        pinned.present("services.lambda_svc", "_functions")
        pinned.original("services.lambda_svc", "executions_in_flight", "")
        # Ministack looks every 10 s: too coarse for a minute of 3 s.
        look = max(0.1, 60 / self._time_scale / _LOOKS_PER_MINUTE)
        pinned.module("services.scheduler")._SCHEDULE_TICK_INTERVAL = look
        pinned.module("services.eventbridge")._SCHEDULER_TICK_INTERVAL = look
        pinned.replace("services.eventbridge", "_parse_rate_seconds", "expr", self._faster)
        pinned.replace("services.eventbridge", "_invoke_target", "target event rule view", self._unless_running)
        for module, name in (("scheduler", "_tick_schedules"), ("eventbridge", "_tick_scheduled_rules")):
            pinned.replace(f"services.{module}", name, "", self._sweeping)

    def _faster(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def seconds(expr: str) -> float | None:
            unscaled = original(expr)
            return None if unscaled is None else unscaled / self._time_scale

        return seconds

    def _sweeping(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def sweep() -> None:
            self._sweep.on = True
            try:
                original()
            finally:
                self._sweep.on = False

        return sweep

    def _unless_running(self, original: Callable[..., Any]) -> Callable[..., Any]:
        region_of_sweep = pinned.original("core.responses", "get_region", "")

        def invoke(target: Any, event: Any, rule: Any, view: Any = None) -> None:
            if not getattr(self._sweep, "on", False):
                original(target, event, rule, view)  # an event that a rule matched, not a schedule
            elif region_of_sweep() not in self._outages.down:
                if self._runs(target.get("Arn", "")):
                    self.held_back += 1
                    return
                self.fired += 1
                original(target, event, rule, view)  # ministack runs the function on a thread of its own

        return invoke

    def _runs(self, target: str) -> bool:
        """Whether the schedule's function already runs as often as it may beside itself."""
        if ":lambda:" not in target:
            return False
        service = pinned.module("services.lambda_svc")
        _arn, _aws, _lambda, region, account, _function, name, *_ = target.split(":")
        record = service._functions.get_scoped(account, region, name) or {}
        reserved = record.get("concurrency")
        _total, running = service.executions_in_flight()
        return bool(running.get(f"{account}:{region}:{name}", 0) >= (1 if reserved is None else int(reserved)))
