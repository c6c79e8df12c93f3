"""The control port: how drills turn the simulations. Loopback only, no signature; not part of AWS.

`POST /_seawall/<call>` with JSON in and out. `embedded.py` has a method for each.
"""

import asyncio
import json
import os
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from embedded_cloud import pinned
from embedded_cloud.credentials import TaskCredentials, with_second_factor
from embedded_cloud.listeners import Listener
from embedded_cloud.outages import EVERYWHERE, Refusal
from embedded_cloud.replication import STORES
from embedded_cloud.simulations import Simulations

PREFIX = "/_seawall/"

Asked = dict[str, Any]
Answer = dict[str, Any]


class Control:
    """The application behind the control listener."""

    def __init__(self, simulations: Simulations, listeners: Mapping[str, Listener]) -> None:
        self._simulations = simulations
        self._listeners = listeners
        self._tasks = TaskCredentials()
        self._calls: dict[str, Callable[[Asked], Awaitable[Answer]]] = {
            "health": self._health,
            "processes": self._processes,
            "types": self._types,
            "take-down": self._take_down,
            "bring-up": self._bring_up,
            "replication": self._replication,
            "queues": self._queues,
            "refuse": self._refuse,
            "allow": self._allow,
            "control-planes": self._control_planes,
            "task-role": self._task_role,
            "operator-role": self._operator_role,
        }

    async def __call__(self, _transport: Any, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        path = scope["path"].removeprefix(PREFIX)
        if path.startswith("credentials/"):
            given = dict(scope["headers"]).get(b"authorization", b"").decode("latin-1")
            await answer(send, *self._tasks.credentials(path.removeprefix("credentials/"), given))
            return
        call = self._calls.get(path)
        if call is None:
            await answer(send, 404, {"message": f"there is no control call {scope['path']}"})
            return
        try:
            asked = json.loads(await body_of(receive) or b"{}")
            await answer(send, 200, await call(asked))
        except (KeyError, TypeError, ValueError) as error:
            await answer(send, 400, {"message": f"{type(error).__name__}: {error}"})

    async def _health(self, _asked: Asked) -> Answer:
        schedules = self._simulations.schedules
        return {
            "process": os.getpid(),
            "down": sorted(self._simulations.outages.down),
            "schedules": {"fired": schedules.fired, "held_back": schedules.held_back},
        }

    async def _processes(self, _asked: Asked) -> Answer:
        runtime = pinned.module("core.lambda_runtime")
        with runtime._lock:
            workers = [(key, worker._proc) for key, all_of in runtime._workers.items() for worker in all_of]
        functions = [
            {"name": ":".join(key.split(":")[1:3]), "pid": process.pid}
            for key, process in workers
            if process is not None
        ]
        return {"processes": [{"name": "emulator", "pid": os.getpid()}, *functions]}

    async def _types(self, _asked: Asked) -> Answer:
        pinned.present("services.cloudformation.provisioners", "_RESOURCE_HANDLERS")
        return {"types": sorted(pinned.module("services.cloudformation.provisioners")._RESOURCE_HANDLERS)}

    async def _take_down(self, asked: Asked) -> Answer:
        region = self._region(asked)
        outages = self._simulations.outages
        outages.hang_seconds = float(asked.get("hang_seconds", outages.hang_seconds))
        outages.down.add(region)
        self._listeners[region].close()
        await asyncio.to_thread(outages.take_down, region)
        return {"down": sorted(outages.down)}

    async def _bring_up(self, asked: Asked) -> Answer:
        region = self._region(asked)
        outages = self._simulations.outages
        # No await before the region is up: nothing is written between the catching up and the opening.
        self._simulations.replication.deliver(opening=region)
        outages.bring_up(region)
        await self._listeners[region].open()
        return {"down": sorted(outages.down)}

    async def _replication(self, asked: Asked) -> Answer:
        replication = self._simulations.replication
        stores = [store_of(asked["store"])] if asked.get("store") else list(STORES)
        if "lag_seconds" in asked:
            replication.lag_seconds.update(dict.fromkeys(stores, float(asked["lag_seconds"])))
        if asked.get("paused") is True:
            replication.paused.update(stores)
        if asked.get("paused") is False:
            replication.paused.difference_update(stores)
        replication.deliver()
        return replication.status()

    async def _queues(self, asked: Asked) -> Answer:
        queues = self._simulations.queues
        if "fair" in asked:
            queues.set_fair(bool(asked["fair"]))
        if "storm" in asked:
            queues.start_storm(**{name: float(value) for name, value in asked["storm"].items()})
        return {"fair": queues.fair, "storm": vars(queues.storm)}

    async def _refuse(self, asked: Asked) -> Answer:
        refusal = Refusal(asked["action"], asked.get("region", EVERYWHERE), asked.get("times"))
        self._simulations.outages.refusals.append(refusal)
        return self._refused()

    async def _allow(self, _asked: Asked) -> Answer:
        answered = self._refused()
        self._simulations.outages.refusals.clear()
        return answered

    async def _control_planes(self, asked: Asked) -> Answer:
        outages = self._simulations.outages
        region = asked.get("region", EVERYWHERE)
        if asked["refused"]:
            outages.control_planes_refused_in.add(region)
        else:
            outages.control_planes_refused_in.discard(region)
        return self._refused()

    async def _task_role(self, asked: Asked) -> Answer:
        return self._tasks.take_on(asked["role_arn"])

    async def _operator_role(self, asked: Asked) -> Answer:
        return dict(with_second_factor(asked["role_arn"], asked["user"]))

    def _refused(self) -> Answer:
        outages = self._simulations.outages
        return {
            "refusals": [vars(refusal) for refusal in outages.refusals],
            "control_planes_refused_in": sorted(outages.control_planes_refused_in),
            "control_plane_calls_refused": outages.control_plane_calls_refused,
        }

    def _region(self, asked: Asked) -> str:
        region = asked["region"]
        if region not in self._listeners:
            raise ValueError(f"{region} is not one of {', '.join(self._listeners)}")
        return str(region)


def store_of(name: str) -> str:
    """The name of a replicated store. Raises ValueError for any other."""
    if name not in STORES:
        raise ValueError(f"{name} is not one of {', '.join(STORES)}")
    return name


async def body_of(receive: Any) -> bytes:
    """The whole body of a request."""
    parts = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(parts)


async def answer(send: Any, status: int, content: Answer) -> None:
    """Sends JSON."""
    body = json.dumps(content).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
