"""The processes of Lambda functions: their region's address, the time scale, and how many may run beside each other.

Simulation: a function's region has `per_function` processes at most, whatever its concurrency; another invocation
waits for a free one, where AWS would start one more. Two cores gain nothing from more, and each costs its memory.
"""

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from embedded_cloud import pinned
from embedded_cloud.outages import Outages

# A function that calls itself would wait for its own process: then ministack's own answer, a throttle, ends the wait.
LONGEST_WAIT_SECONDS = 30.0


def install(endpoints: Mapping[str, str], time_scale: float, per_function: int, outages: Outages) -> None:
    """Gives each worker its region's endpoint and the time scale, whatever the template says, and caps the workers."""
    _say_region_and_scale(endpoints, time_scale, outages)
    _cap(per_function)


def _say_region_and_scale(endpoints: Mapping[str, str], time_scale: float, outages: Outages) -> None:
    def spawning(original: Callable[..., Any]) -> Callable[..., Any]:
        def spawn(self: Any) -> Any:
            region = self.config["FunctionArn"].split(":")[3]
            environment = self.config.get("Environment") or {}
            said = {"AWS_ENDPOINT_URL": endpoints[region], "TIME_SCALE": f"{time_scale:g}"}
            kept = {
                name: value
                for name, value in environment.get("Variables", {}).items()
                if not name.startswith("AWS_ENDPOINT_URL")
            }
            self.config = {**self.config, "Environment": {**environment, "Variables": {**kept, **said}}}
            with outages.starting(region):
                return original(self)

        return spawn

    pinned.replace("core.lambda_runtime", "Worker._spawn", "self", spawning)


def _cap(per_function: int) -> None:
    freed = threading.Condition()

    def waiting(original: Callable[..., Any]) -> Callable[..., Any]:
        def acquire(func_name: str, config: Any, code_zip: bytes, qualifier: str = "$LATEST", **_: Any) -> Any:
            deadline = time.monotonic() + LONGEST_WAIT_SECONDS
            with freed:
                while True:
                    worker, reason = original(func_name, config, code_zip, qualifier, per_function)
                    if worker is not None or not freed.wait(max(0.0, deadline - time.monotonic())):
                        return worker, reason

        return acquire

    def telling(original: Callable[..., Any]) -> Callable[..., Any]:
        def release(worker: Any) -> None:
            original(worker)
            with freed:
                freed.notify_all()

        return release

    signature = "func_name config code_zip qualifier max_concurrency"
    pinned.replace("core.lambda_runtime", "acquire_worker", signature, waiting)
    pinned.replace("core.lambda_runtime", "release_worker", "worker", telling)
    # Lambda's service module has taken both by name.
    lambda_service, runtime = pinned.module("services.lambda_svc"), pinned.module("core.lambda_runtime")
    pinned.present("services.lambda_svc", "acquire_worker", "release_worker")
    lambda_service.acquire_worker, lambda_service.release_worker = runtime.acquire_worker, runtime.release_worker
